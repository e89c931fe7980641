import type { FilterPlugin, Refusal } from '../framework.ts';

const refusal: Refusal = { reasons: ["node(s) didn't match the requested node name"], resolvable: false };

/** A pod that names its node runs on no other. */
export const nodeName = {
  name: 'NodeName',
  wokenBy: [],
  preFilter({ pod }) {
    const wanted = pod.spec?.nodeName ?? '';
    if (wanted === '') return undefined;
    return (node) => (node.name === wanted ? undefined : refusal);
  },
} satisfies FilterPlugin;
