import type { DownwardAPIVolumeFile } from '../../openapi/generated/types.ts';
import type { Payload } from './atomic-writer.ts';
import { fieldValue, resourceValue } from './fields.ts';
import type { VolumeContext, VolumePlugin } from './plugin.ts';
import { showPayload } from './show-payload.ts';

/** Fields of the pod itself as files. */
export const downwardApi = {
  name: 'kubernetes.io/downward-api',
  readOnly: true,
  refreshes: true,
  takesGroup: true,
  matches: (volume) => volume.downwardAPI !== undefined,
  async setUp(context) {
    const { items = [], defaultMode = 0o644 } = context.volume.downwardAPI ?? {};
    return await showPayload(context, downwardPayload(context, items, defaultMode), 'memory');
  },
} satisfies VolumePlugin;

export function downwardPayload(
  { pod, allocatable }: Pick<VolumeContext, 'pod' | 'allocatable'>,
  items: readonly DownwardAPIVolumeFile[],
  defaultMode: number,
): Payload {
  return new Map(
    items.map(({ path, fieldRef, resourceFieldRef, mode = defaultMode }) => {
      if (fieldRef !== undefined) return [path, { content: Buffer.from(fieldValue(pod, fieldRef)), mode }];
      const name = resourceFieldRef?.containerName;
      const containers = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])];
      const container = containers.find((each) => each.name === name);
      if (resourceFieldRef === undefined || container === undefined) {
        throw new Error(`container ${name ?? ''} not found`);
      }
      return [path, { content: Buffer.from(resourceValue(container, resourceFieldRef, allocatable)), mode }];
    }),
  );
}
