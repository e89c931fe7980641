import type { FilterPlugin, Refusal } from '../framework.ts';
import { portsCollide } from '../node-info.ts';

const refusal: Refusal = {
  reasons: ["node(s) didn't have free ports for the requested pod ports"],
  resolvable: true,
};

/** A host port is had by one pod of a node. */
export const nodePorts = {
  name: 'NodePorts',
  wokenBy: ['PodRemoved'],
  preFilter({ hostPorts }) {
    if (hostPorts.length === 0) return undefined;
    return (node) =>
      hostPorts.some((wanted) => node.hostPorts.some((taken) => portsCollide(wanted, taken)))
        ? refusal
        : undefined;
  },
} satisfies FilterPlugin;
