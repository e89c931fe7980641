import type {
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  StorageClass,
} from '../../openapi/generated/types.ts';
import type { NodeInfo, PodInfo } from './node-info.ts';
import type { CountByNode, PlacedTerm, PodQuery } from './pod-index.ts';
import type { NamespaceLabels } from './pod-terms.ts';

/** Why a node cannot take a pod. `resolvable`: it could, if other pods went. */
export interface Refusal {
  /** As FailedScheduling tells them: "Insufficient cpu". */
  readonly reasons: readonly string[];
  readonly resolvable: boolean;
}

/** Says whether one pod may run on a node; undefined: it may. Pure. */
export type NodeFilter = (node: NodeInfo) => Refusal | undefined;

/** Why no node at all can take a pod, whatever goes elsewhere: 'persistentvolumeclaim "data" not found'. */
export interface PodRefusal {
  readonly podReason: string;
}

/** How good a node is for one pod, in the plugin's own measure. Pure. */
export type NodeScore = (node: NodeInfo) => number;

/** What happened in the cluster that may let a pod fit that did not. */
export type ClusterEvent =
  | 'NodeAdded'
  | 'NodeAllocatable'
  | 'NodeLabels'
  | 'NodeTaints'
  | 'NodeSchedulable'
  | 'PodRemoved'
  | 'PodAdded'
  | 'PodLabels'
  | 'NamespaceLabels'
  | 'VolumeChanged';

export interface FilterPlugin {
  readonly name: string;
  /** Changes after which a pod that this plugin refused is worth another try. A new node always is. */
  readonly wokenBy: readonly ClusterEvent[];
  /**
   * Reads the pod once, and gives what checks nodes for it; undefined when the plugin has nothing to say about it. What it gives
   * holds while no pod comes or goes.
   */
  preFilter(pod: PodInfo, cluster: ClusterFacts): NodeFilter | PodRefusal | undefined;
}

export interface ScorePlugin {
  readonly name: string;
  readonly weight: number;
  /** Reads the pod once; undefined when all nodes are the same to it. `nodes`: those that fit. */
  preScore(pod: PodInfo, cluster: ClusterFacts, nodes: readonly NodeInfo[]): NodeScore | undefined;
  /** Brings scores of all nodes, in place, to 0 … 100; NaN marks a node that has none. Absent: they are there already. */
  normalize?(scores: Float64Array): void;
}

/** What plugins may know beyond one node. */
export interface ClusterFacts extends VolumeFacts {
  readonly nodeCount: number;
  readonly nodes: readonly NodeInfo[];
  info(nodeName: string): NodeInfo | undefined;
  /** On how many nodes an image is. */
  nodesWithImage(name: string): number;
  /** How many pods that the query holds for are on each node that has one. */
  countPods(query: PodQuery): CountByNode;
  /** What placed pods say of others. */
  readonly terms: {
    readonly antiAffinity: Iterable<PlacedTerm>;
    readonly weighted: Iterable<PlacedTerm>;
  };
  readonly namespaceLabels: NamespaceLabels;
}

/** The storage that a pod may ask for. */
export interface VolumeFacts {
  claim(namespace: string, name: string): PersistentVolumeClaim | undefined;
  volume(name: string): PersistentVolume | undefined;
  storageClass(name: string): StorageClass | undefined;
}

/** Decides whether a pod may enter the queue at all. */
export interface EnqueuePlugin {
  readonly name: string;
  preEnqueue(pod: Pod): boolean;
}

export const scoreMax = 100;

/** Scales to 0 … 100 by the largest; with `reverse` the smallest becomes the best. */
export function normalizeByMax(scores: Float64Array, reverse: boolean): void {
  let max = 0;
  for (const score of scores) max = Math.max(max, score);
  for (let i = 0; i < scores.length; i++) {
    const scaled = max === 0 ? 0 : Math.floor((scoreMax * (scores[i] ?? 0)) / max);
    scores[i] = reverse ? scoreMax - scaled : scaled;
  }
}
