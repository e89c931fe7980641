import type { Node } from '../../openapi/generated/types.ts';
import type { ClusterFacts, VolumeFacts } from './framework.ts';
import { NodeInfo, type PodInfo } from './node-info.ts';
import { PodIndex, TermIndex, type CountByNode, type PodQuery } from './pod-index.ts';
import type { NamespaceLabels } from './pod-terms.ts';

/** What a snapshot looks up and does not keep. */
export interface Lookups extends VolumeFacts {
  readonly namespaceLabels: NamespaceLabels;
}

const noLookups: Lookups = {
  namespaceLabels: () => undefined,
  claim: () => undefined,
  volume: () => undefined,
  storageClass: () => undefined,
};

/**
 * What the scheduler believes of the cluster: nodes, and on each the sums of its pods, the assumed ones too (bound by us,
 * but not yet seen bound). Every update costs the same however large the cluster is.
 */
export class Snapshot implements ClusterFacts {
  readonly #infos = new Map<string, NodeInfo>();
  /** Nodes that exist, for going round; their order is that of their arrival. */
  readonly #nodes: NodeInfo[] = [];
  readonly #positions = new Map<string, number>();
  /** Pod uid to node name. */
  readonly #placed = new Map<string, string>();
  readonly #imageNodes = new Map<string, number>();
  readonly #index = new PodIndex();
  readonly #lookups: Lookups;
  readonly terms = new TermIndex();

  constructor(lookups: Lookups = noLookups) {
    this.#lookups = lookups;
  }

  get namespaceLabels(): NamespaceLabels {
    return this.#lookups.namespaceLabels;
  }

  claim(...name: Parameters<Lookups['claim']>): ReturnType<Lookups['claim']> {
    return this.#lookups.claim(...name);
  }

  volume(name: string): ReturnType<Lookups['volume']> {
    return this.#lookups.volume(name);
  }

  storageClass(name: string): ReturnType<Lookups['storageClass']> {
    return this.#lookups.storageClass(name);
  }

  countPods(query: PodQuery): CountByNode {
    return this.#index.count(query, () => this.#allPods());
  }

  *#allPods(): Generator<readonly [PodInfo, string]> {
    for (const info of this.#infos.values()) for (const pod of info.pods.values()) yield [pod, info.name];
  }

  /** Labels of namespaces changed: what was counted by them is not true any more. */
  forgetNamespaces(): void {
    this.#index.forgetNamespaces();
  }

  get nodes(): readonly NodeInfo[] {
    return this.#nodes;
  }

  get nodeCount(): number {
    return this.#nodes.length;
  }

  nodesWithImage(name: string): number {
    return this.#imageNodes.get(name) ?? 0;
  }

  info(name: string): NodeInfo | undefined {
    return this.#infos.get(name);
  }

  setNode(node: Node): void {
    const name = node.metadata?.name ?? '';
    const info = this.#of(name);
    this.#countImages(info, -1);
    info.setNode(node);
    this.#countImages(info, 1);
    if (this.#positions.has(name)) return;
    this.#positions.set(name, this.#nodes.length);
    this.#nodes.push(info);
  }

  removeNode(name: string): void {
    const info = this.#infos.get(name);
    const position = this.#positions.get(name);
    if (info === undefined || position === undefined) return;
    this.#countImages(info, -1);
    info.setNode(undefined);
    this.#positions.delete(name);
    const last = this.#nodes.pop();
    if (last !== undefined && last !== info) {
      this.#nodes[position] = last;
      this.#positions.set(last.name, position);
    }
    this.#forgetEmpty(info);
  }

  nodeOf(uid: string): string | undefined {
    return this.#placed.get(uid);
  }

  podOf(uid: string): PodInfo | undefined {
    return this.#infos.get(this.#placed.get(uid) ?? '')?.pods.get(uid);
  }

  /** Puts a pod on a node, or moves it there; its sums are those of `info`. */
  place(info: PodInfo, nodeName: string): void {
    this.remove(info.uid);
    this.#placed.set(info.uid, nodeName);
    this.#of(nodeName).addPod(info);
    this.#index.add(info, nodeName);
    this.terms.change(info, nodeName, 1);
  }

  /** The pod that was there, if any. */
  remove(uid: string): PodInfo | undefined {
    const nodeName = this.#placed.get(uid);
    if (nodeName === undefined) return undefined;
    this.#placed.delete(uid);
    const info = this.#infos.get(nodeName);
    const removed = info?.removePod(uid);
    if (removed !== undefined) {
      this.#index.remove(removed, nodeName);
      this.terms.change(removed, nodeName, -1);
    }
    if (info !== undefined) this.#forgetEmpty(info);
    return removed;
  }

  #of(name: string): NodeInfo {
    const info = this.#infos.get(name) ?? new NodeInfo(name);
    this.#infos.set(name, info);
    return info;
  }

  #forgetEmpty(info: NodeInfo): void {
    if (info.node === undefined && info.pods.size === 0) this.#infos.delete(info.name);
  }

  #countImages(info: NodeInfo, by: 1 | -1): void {
    for (const name of info.images.keys()) {
      const count = (this.#imageNodes.get(name) ?? 0) + by;
      if (count === 0) this.#imageNodes.delete(name);
      else this.#imageNodes.set(name, count);
    }
  }
}
