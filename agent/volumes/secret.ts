import { secretData, selectKeys } from './payload.ts';
import type { VolumePlugin } from './plugin.ts';
import { showPayload } from './show-payload.ts';

/** The keys of a Secret as files, in memory only. */
export const secret = {
  name: 'kubernetes.io/secret',
  readOnly: true,
  refreshes: true,
  takesGroup: true,
  matches: (volume) => volume.secret !== undefined,
  async setUp(context) {
    const { secretName = '', items, defaultMode = 0o644, optional = false } = context.volume.secret ?? {};
    const found = await context.sources.secret(context.pod.metadata?.namespace ?? '', secretName);
    if (found === undefined && !optional) throw new Error(`secret ${JSON.stringify(secretName)} not found`);
    const data = found === undefined ? new Map<string, Buffer>() : secretData(found);
    const selection = { items: found === undefined ? undefined : items, defaultMode, optional };
    return await showPayload(context, selectKeys(data, selection, 'secret'), 'memory');
  },
} satisfies VolumePlugin;
