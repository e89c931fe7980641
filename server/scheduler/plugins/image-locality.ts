import { scoreMax, type ScorePlugin } from '../framework.ts';

const mebibyte = 1024 * 1024;
/** Images smaller together than the first do not count; the second, for each container, is as good as it gets. */
const bytesMin = 23 * mebibyte;
const bytesMax = 1000 * mebibyte;

/** Prefers nodes that have the pod's images, the less the fewer nodes have them, lest all pods gather on one. */
export const imageLocality = {
  name: 'ImageLocality',
  weight: 1,
  preScore({ pod }, cluster) {
    const containers = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])];
    const images = containers.map((container) => withTag(container.image ?? ''));
    const shares = images.map((image) => cluster.nodesWithImage(image) / cluster.nodeCount);
    if (shares.every((share) => share === 0)) return undefined;
    const most = bytesMax * containers.length;
    return (node) => {
      let bytes = 0;
      for (let i = 0; i < images.length; i++)
        bytes += (node.images.get(images[i] ?? '') ?? 0) * (shares[i] ?? 0);
      const counted = Math.min(Math.max(bytes, bytesMin), most);
      return Math.floor((scoreMax * (counted - bytesMin)) / (most - bytesMin));
    };
  },
} satisfies ScorePlugin;

/** An image without tag or digest is its latest. */
function withTag(name: string): string {
  const last = name.slice(name.lastIndexOf('/') + 1);
  return last.includes(':') || last.includes('@') ? name : `${name}:latest`;
}
