import type { FilterPlugin, Refusal } from '../framework.ts';
import { tolerates } from '../../../openapi/client/node-rules.ts';

const taint = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' };
const refusal: Refusal = { reasons: ['node(s) were unschedulable'], resolvable: false };

/** A cordoned node takes no pod but one that tolerates that. */
export const nodeUnschedulable = {
  name: 'NodeUnschedulable',
  wokenBy: ['NodeSchedulable', 'NodeTaints'],
  preFilter({ pod }) {
    if (tolerates(pod.spec?.tolerations ?? [], taint)) return undefined;
    return ({ node }) => (node?.spec?.unschedulable === true ? refusal : undefined);
  },
} satisfies FilterPlugin;
