import { configMapData, selectKeys } from './payload.ts';
import type { VolumePlugin } from './plugin.ts';
import { showPayload } from './show-payload.ts';

/** The keys of a ConfigMap as files. */
export const configMap = {
  name: 'kubernetes.io/configmap',
  readOnly: true,
  refreshes: true,
  takesGroup: true,
  matches: (volume) => volume.configMap !== undefined,
  async setUp(context) {
    const { name = '', items, defaultMode = 0o644, optional = false } = context.volume.configMap ?? {};
    const found = await context.sources.configMap(context.pod.metadata?.namespace ?? '', name);
    if (found === undefined && !optional) throw new Error(`configmap ${JSON.stringify(name)} not found`);
    const data = found === undefined ? new Map<string, Buffer>() : configMapData(found);
    const selection = { items: found === undefined ? undefined : items, defaultMode, optional };
    return await showPayload(context, selectKeys(data, selection, 'config'), 'disk');
  },
} satisfies VolumePlugin;
