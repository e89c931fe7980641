import { scoreMax, type FilterPlugin, type ScorePlugin } from '../framework.ts';
import type { NodeInfo } from '../node-info.ts';

/** What a pod requests must be free on the node; of the nodes that fit, the least used is the best. */
export const nodeResourcesFit = {
  name: 'NodeResourcesFit',
  weight: 1,
  wokenBy: ['NodeAllocatable', 'PodRemoved'],
  preFilter({ requests }) {
    const wanted = Object.entries(requests).filter(([, amount]) => amount > 0);
    return (node) => {
      const { allocatable, requested } = node;
      const lacksRoom = node.pods.size + 1 > (allocatable['pods'] ?? 0);
      let lacking: string[] | undefined = lacksRoom ? ['Too many pods'] : undefined;
      let resolvable = true;
      for (const [name, amount] of wanted) {
        const total = allocatable[name] ?? 0;
        if (amount <= total - (requested[name] ?? 0)) continue;
        (lacking ??= []).push(`Insufficient ${name}`);
        if (amount > total) resolvable = false;
      }
      return lacking === undefined ? undefined : { reasons: lacking, resolvable };
    };
  },
  preScore({ nonZero }) {
    return (node) => (freeShare(node, 'cpu', nonZero.cpu) + freeShare(node, 'memory', nonZero.memory)) / 2;
  },
} satisfies FilterPlugin & ScorePlugin;

/** How much of a resource would be left, in hundredths of all. */
function freeShare(node: NodeInfo, name: 'cpu' | 'memory', more: number): number {
  const total = node.allocatable[name] ?? 0;
  const used = (name === 'cpu' ? node.nonZeroCpu : node.nonZeroMemory) + more;
  return total === 0 || used > total ? 0 : Math.floor(((total - used) * scoreMax) / total);
}
