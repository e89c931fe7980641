import { chmod, mkdir } from 'node:fs/promises';
import { parseQuantity, quantityValue } from '../../openapi/machinery/quantity.ts';
import type { VolumePlugin } from './plugin.ts';

/** A folder that lives as long as the pod, on the node's disk or in its memory. */
export const emptyDir = {
  name: 'kubernetes.io/empty-dir',
  readOnly: false,
  refreshes: false,
  takesGroup: true,
  matches: (volume) => volume.emptyDir !== undefined,
  async setUp({ volume, path, mounts }) {
    const { medium = '', sizeLimit } = volume.emptyDir ?? {};
    if (medium === 'Memory') {
      const bytes = sizeLimit === undefined ? 0 : Number(quantityValue(parseQuantity(sizeLimit)));
      await mounts.tmpfs(path, bytes, 0o777);
    } else if (medium === '') {
      await mkdir(path, { recursive: true });
    } else {
      throw new Error(`unknown storage medium ${JSON.stringify(medium)}`);
    }
    await chmod(path, 0o777);
    return path;
  },
} satisfies VolumePlugin;
