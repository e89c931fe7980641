import { keyOfObject } from '../../openapi/client/object-cache.ts';
import { nodes } from '../../openapi/generated/resources.ts';
import type { Node } from '../../openapi/generated/types.ts';
import type { Controller, ControllerContext } from './controller.ts';
import { blockAt, blockCount, blocksTaken, parseIpv4Block } from './shared/cidr.ts';
import { watchOf } from './shared/watches.ts';

export interface NodeIpamOptions {
  /** "10.244.0.0/16": pods of all nodes. */
  readonly clusterCIDR: string;
  /** Size of a node's part. Default 24. */
  readonly nodeMaskBits?: number;
}

/** Gives each node a part of the cluster's pod addresses; a part is free again when its node is gone. */
export function createNodeIpamController(options: NodeIpamOptions): Controller {
  const block = parseIpv4Block(options.clusterCIDR);
  const bits = options.nodeMaskBits ?? 24;
  const count = blockCount(block, bits);
  if (count === 0) throw new RangeError(`Cannot split ${options.clusterCIDR} into parts of /${bits}`);
  /** What was given and the informer may not show yet. */
  const given = new Map<string, string>();

  function isTaken(all: readonly Node[]): Uint8Array {
    const taken = new Uint8Array(count);
    const known = new Set(all.map((node) => node.metadata?.name ?? ''));
    for (const name of given.keys()) if (!known.has(name)) given.delete(name);
    const ranges = [
      ...all.flatMap((node) => node.spec?.podCIDRs ?? node.spec?.podCIDR ?? []),
      ...given.values(),
    ];
    for (const range of ranges.filter((each) => !each.includes(':'))) {
      const part = blocksTaken(block, bits, range);
      if (part !== undefined) taken.fill(1, part[0], part[1] + 1);
    }
    return taken;
  }

  async function assign(node: Node, context: ControllerContext): Promise<void> {
    const { name = '', uid = '' } = node.metadata ?? {};
    const index = isTaken(context.informer(nodes).list()).indexOf(0);
    const podCIDR = given.get(name) ?? (index === -1 ? undefined : blockAt(block, bits, index));
    if (podCIDR === undefined) {
      context.events.event(
        node,
        'Normal',
        'CIDRNotAvailable',
        `Node ${name} status is now: CIDRNotAvailable`,
      );
      throw new Error(
        `Cannot give node ${name} a pod range: all ${count} of ${options.clusterCIDR} are taken`,
      );
    }
    given.set(name, podCIDR);
    try {
      await context.client.patch(
        nodes,
        keyOfObject(node),
        { metadata: { uid }, spec: { podCIDR, podCIDRs: [podCIDR] } },
        { type: 'merge' },
      );
    } catch (error) {
      given.delete(name);
      throw error;
    }
  }

  return {
    name: 'nodeipam',
    watches: [watchOf(nodes)],
    workers: 1,
    async reconcile(key, context) {
      const node = context.informer(nodes).get(key);
      if (
        node === undefined ||
        (node.spec?.podCIDR ?? '') !== '' ||
        node.metadata?.deletionTimestamp !== undefined
      )
        return undefined;
      await assign(node, context);
      return undefined;
    },
  };
}
