import { createHash } from 'node:crypto';
import { chmod, chown, mkdir } from 'node:fs/promises';
import { writePayload, type Payload } from './atomic-writer.ts';
import type { VolumeContext } from './plugin.ts';

/** Writes the files of a volume whose contents the agent makes. What is secret never touches a disk. */
export async function showPayload(
  context: VolumeContext,
  payload: Payload,
  medium: 'disk' | 'memory',
): Promise<string> {
  const { path, mounts, pod } = context;
  if (medium === 'memory') await mounts.tmpfs(path, 0, 0o755);
  else await mkdir(path, { recursive: true });
  const group = pod.spec?.securityContext?.fsGroup;
  if (group === undefined) await chmod(path, 0o755);
  else {
    await chown(path, 0, group);
    await chmod(path, 0o2775);
  }
  await writePayload(path, payload, { group }, stampOf(payload));
  return path;
}

/** Named by the contents, so that a write which was cut off half-way is done over by the next one. */
function stampOf(payload: Payload): string {
  const hash = createHash('sha256');
  for (const [path, { content, mode }] of [...payload].sort(([a], [b]) => (a < b ? -1 : 1))) {
    hash.update(JSON.stringify([path, mode, content.length])).update(content);
  }
  return hash.digest('hex').slice(0, 32);
}
