import type { PodInfo } from './node-info.ts';

const none: readonly PodInfo[] = [];

/** Pods that wait for room that is being made for them on a node. */
export class Nominations {
  readonly #nodes = new Map<string, { readonly info: PodInfo; readonly node: string }>();
  readonly #byNode = new Map<string, Map<string, PodInfo>>();

  get size(): number {
    return this.#nodes.size;
  }

  nodeOf(uid: string): string | undefined {
    return this.#nodes.get(uid)?.node;
  }

  on(node: string): readonly PodInfo[] {
    const pods = this.#byNode.get(node);
    return pods === undefined ? none : [...pods.values()];
  }

  set(info: PodInfo, node: string): void {
    this.delete(info.uid);
    this.#nodes.set(info.uid, { info, node });
    const pods = this.#byNode.get(node) ?? new Map<string, PodInfo>();
    pods.set(info.uid, info);
    this.#byNode.set(node, pods);
  }

  delete(uid: string): void {
    const known = this.#nodes.get(uid);
    if (known === undefined) return;
    this.#nodes.delete(uid);
    const pods = this.#byNode.get(known.node);
    pods?.delete(uid);
    if (pods?.size === 0) this.#byNode.delete(known.node);
  }
}
