import type { VolumeProjection } from '../../openapi/generated/types.ts';
import type { Payload, PayloadFile } from './atomic-writer.ts';
import { downwardPayload } from './downward-api.ts';
import { configMapData, secretData, selectKeys } from './payload.ts';
import type { VolumeContext, VolumePlugin } from './plugin.ts';
import { showPayload } from './show-payload.ts';

/** Several sources in one folder, in memory: what every pod has as its service account. */
export const projected = {
  name: 'kubernetes.io/projected',
  readOnly: true,
  refreshes: true,
  takesGroup: true,
  matches: (volume) => volume.projected !== undefined,
  async setUp(context) {
    const { sources = [], defaultMode = 0o644 } = context.volume.projected ?? {};
    const payload = new Map<string, PayloadFile>();
    for (const source of sources) {
      for (const [path, file] of await payloadOf(context, source, defaultMode)) payload.set(path, file);
    }
    return await showPayload(context, payload, 'memory');
  },
} satisfies VolumePlugin;

async function payloadOf(
  context: VolumeContext,
  source: VolumeProjection,
  defaultMode: number,
): Promise<Payload> {
  if (source.configMap !== undefined) return await configMapPayload(context, source.configMap, defaultMode);
  if (source.secret !== undefined) return await secretPayload(context, source.secret, defaultMode);
  if (source.downwardAPI !== undefined)
    return downwardPayload(context, source.downwardAPI.items ?? [], defaultMode);
  if (source.serviceAccountToken !== undefined) {
    const { audience = '', expirationSeconds = 3600, path } = source.serviceAccountToken;
    const token = await context.sources.token(context.pod, { audience, expirationSeconds });
    // A pod with its own group reads it by the group bits; nobody else needs to.
    const grouped = context.pod.spec?.securityContext?.fsGroup !== undefined;
    return new Map([[path, { content: Buffer.from(token), mode: grouped ? 0o600 : defaultMode }]]);
  }
  throw new Error(`projected source ${Object.keys(source).join(', ')} is not supported`);
}

async function configMapPayload(
  { pod, sources }: VolumeContext,
  projection: NonNullable<VolumeProjection['configMap']>,
  defaultMode: number,
): Promise<Payload> {
  const { name = '', items, optional = false } = projection;
  const found = await sources.configMap(pod.metadata?.namespace ?? '', name);
  if (found !== undefined)
    return selectKeys(configMapData(found), { items, defaultMode, optional }, 'config');
  if (optional) return new Map();
  throw new Error(`configmap ${JSON.stringify(name)} not found`);
}

async function secretPayload(
  { pod, sources }: VolumeContext,
  projection: NonNullable<VolumeProjection['secret']>,
  defaultMode: number,
): Promise<Payload> {
  const { name = '', items, optional = false } = projection;
  const found = await sources.secret(pod.metadata?.namespace ?? '', name);
  if (found !== undefined) return selectKeys(secretData(found), { items, defaultMode, optional }, 'secret');
  if (optional) return new Map();
  throw new Error(`secret ${JSON.stringify(name)} not found`);
}
