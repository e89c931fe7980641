import type { Node, Pod } from '../../openapi/generated/types.ts';
import { termsOf, type PodTerms } from './pod-terms.ts';
import { amountsOf, nonZeroRequestsOf, requestsOf, type Amounts } from './pod-resources.ts';

export interface HostPort {
  readonly ip: string;
  readonly protocol: string;
  readonly port: number;
}

/** A pod, with what scheduling needs of it computed once. */
export interface PodInfo {
  readonly pod: Pod;
  /** "namespace/name" */
  readonly key: string;
  readonly uid: string;
  readonly requests: Amounts;
  readonly nonZero: { readonly cpu: number; readonly memory: number };
  readonly hostPorts: readonly HostPort[];
  readonly priority: number;
  /** What it says of other pods; undefined when it says nothing. */
  readonly terms: PodTerms | undefined;
  /** The uid of what controls it: pods of one owner are each other's replicas. "" when nothing does. */
  readonly ownerUid: string;
}

const noPorts: readonly HostPort[] = [];

export function podInfoOf(pod: Pod): PodInfo {
  const { namespace = '', name = '', uid = '' } = pod.metadata ?? {};
  return {
    pod,
    key: `${namespace}/${name}`,
    uid,
    requests: requestsOf(pod),
    nonZero: nonZeroRequestsOf(pod),
    hostPorts: hostPortsOf(pod),
    priority: pod.spec?.priority ?? 0,
    terms: termsOf(pod),
    ownerUid: pod.metadata?.ownerReferences?.find((owner) => owner.controller === true)?.uid ?? '',
  };
}

function hostPortsOf(pod: Pod): readonly HostPort[] {
  const sidecars = (pod.spec?.initContainers ?? []).filter(
    (container) => container.restartPolicy === 'Always',
  );
  const ports = [...(pod.spec?.containers ?? []), ...sidecars].flatMap((container) =>
    (container.ports ?? [])
      .filter((port) => (port.hostPort ?? 0) > 0)
      .map((port) => ({
        ip: port.hostIP === undefined || port.hostIP === '' ? '0.0.0.0' : port.hostIP,
        protocol: port.protocol ?? 'TCP',
        port: port.hostPort ?? 0,
      })),
  );
  return ports.length === 0 ? noPorts : ports;
}

const everyAddress = new Set(['0.0.0.0', '::']);

/** Two ports of one node are in each other's way on the same address, or when one of them is on all addresses. */
export function portsCollide(a: HostPort, b: HostPort): boolean {
  if (a.port !== b.port || a.protocol !== b.protocol) return false;
  return a.ip === b.ip || everyAddress.has(a.ip) || everyAddress.has(b.ip);
}

function raise<K>(counts: Map<K, number>, key: K, by: 1 | -1): void {
  const count = (counts.get(key) ?? 0) + by;
  if (count === 0) counts.delete(key);
  else counts.set(key, count);
}

/** A node and the sums of the pods on it. Adding and removing a pod costs the same however many there are. */
export class NodeInfo {
  readonly name: string;
  /** Undefined while only pods on it are known. */
  node: Node | undefined;
  allocatable: Amounts = {};
  readonly requested: Record<string, number> = {};
  nonZeroCpu = 0;
  nonZeroMemory = 0;
  readonly pods = new Map<string, PodInfo>();
  readonly hostPorts: HostPort[] = [];
  images: ReadonlyMap<string, number> = new Map();
  /** How many pods of an owner are here, by its uid. */
  readonly replicas = new Map<string, number>();
  /** How many pods of a priority are here. */
  readonly priorities = new Map<number, number>();

  constructor(name: string) {
    this.name = name;
  }

  setNode(node: Node | undefined): void {
    this.node = node;
    this.allocatable = amountsOf(node?.status?.allocatable);
    this.images = new Map(
      (node?.status?.images ?? []).flatMap((image) =>
        (image.names ?? []).map((name) => [name, image.sizeBytes ?? 0]),
      ),
    );
  }

  addPod(info: PodInfo): void {
    this.removePod(info.uid);
    this.pods.set(info.uid, info);
    this.#count(info, 1);
    this.hostPorts.push(...info.hostPorts);
  }

  removePod(uid: string): PodInfo | undefined {
    const info = this.pods.get(uid);
    if (info === undefined) return undefined;
    this.pods.delete(uid);
    this.#count(info, -1);
    for (const port of info.hostPorts) this.hostPorts.splice(this.hostPorts.indexOf(port), 1);
    return info;
  }

  /** True when a pod of this priority could displace another one here. */
  hasLowerThan(priority: number): boolean {
    for (const present of this.priorities.keys()) if (present < priority) return true;
    return false;
  }

  #count({ requests, nonZero, ownerUid, priority }: PodInfo, sign: 1 | -1): void {
    raise(this.replicas, ownerUid, sign);
    raise(this.priorities, priority, sign);
    for (const [name, amount] of Object.entries(requests))
      this.requested[name] = (this.requested[name] ?? 0) + sign * amount;
    this.nonZeroCpu += sign * nonZero.cpu;
    this.nonZeroMemory += sign * nonZero.memory;
  }
}
