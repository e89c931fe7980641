import type { Node, Pod } from '../../openapi/generated/types.ts';
import { allContainers, appContainers, initContainers, isSidecar } from './pod.ts';
import { matchesNode } from './node-affinity.ts';
import { milliOf, valueOf } from './resources.ts';

/** Why this node does not take a pod; the reason and message of its status. */
export interface Rejection {
  readonly reason: string;
  readonly message: string;
}

/** For pods that were bound without the scheduler, or past it. `others` are the pods that this node has taken. */
export function admit(pod: Pod, node: Node | undefined, others: readonly Pod[]): Rejection | undefined {
  return (
    nodeRejection(pod, node) ??
    portRejection(pod, others) ??
    resourceRejection(pod, node, others) ??
    systemRejection(pod)
  );
}

const osLabel = 'kubernetes.io/os';

/** Every host of ours is Linux. */
function systemRejection(pod: Pod): Rejection | undefined {
  if ((pod.metadata?.labels?.[osLabel] ?? 'linux') !== 'linux') {
    const message = `Failed to admit pod as the \`${osLabel}\` label doesn't match node label`;
    return { reason: 'PodOSSelectorNodeLabelDoesNotMatch', message };
  }
  if ((pod.spec?.os?.name ?? 'linux') === 'linux') return undefined;
  return {
    reason: 'PodOSNotSupported',
    message: "Failed to admit pod as the OS field doesn't match node OS",
  };
}

function predicate(name: string, message: string): Rejection {
  return { reason: name, message: `Predicate ${name} failed: ${message}` };
}

function nodeRejection(pod: Pod, node: Node | undefined): Rejection | undefined {
  if (node === undefined) return undefined;
  if (!matchesNode(pod, node)) {
    return predicate('NodeAffinity', "node(s) didn't match Pod's node affinity/selector");
  }
  const untolerated = (node.spec?.taints ?? []).filter(
    (taint) =>
      taint.effect === 'NoExecute' && !(pod.spec?.tolerations ?? []).some((each) => tolerates(each, taint)),
  );
  if (untolerated.length === 0) return undefined;
  return predicate('TaintToleration', `node(s) had taints that the pod didn't tolerate`);
}

type Toleration = NonNullable<NonNullable<Pod['spec']>['tolerations']>[number];
type Taint = NonNullable<NonNullable<Node['spec']>['taints']>[number];

function tolerates(toleration: Toleration, taint: Taint): boolean {
  const { effect = '', key = '', operator = 'Equal', value = '' } = toleration;
  if (effect !== '' && effect !== taint.effect) return false;
  if (key !== '' && key !== taint.key) return false;
  if (operator === 'Exists') return true;
  return key !== '' && value === (taint.value ?? '');
}

interface Port {
  readonly hostIP: string;
  readonly protocol: string;
  readonly hostPort: number;
}

function hostPortsOf(pod: Pod): Port[] {
  return allContainers(pod).flatMap(({ spec }) =>
    (spec.ports ?? []).flatMap(({ hostPort = 0, hostIP = '', protocol = 'TCP' }) =>
      hostPort === 0 ? [] : [{ hostPort, protocol, hostIP: hostIP === '' ? '0.0.0.0' : hostIP }],
    ),
  );
}

function portRejection(pod: Pod, others: readonly Pod[]): Rejection | undefined {
  const wanted = hostPortsOf(pod);
  if (wanted.length === 0) return undefined;
  const taken = others.flatMap(hostPortsOf);
  const clash = wanted.some((port) => taken.some((other) => overlaps(port, other)));
  return clash
    ? predicate('NodePorts', "node(s) didn't have free ports for the requested pod ports")
    : undefined;
}

function overlaps(a: Port, b: Port): boolean {
  if (a.hostPort !== b.hostPort || a.protocol !== b.protocol) return false;
  return a.hostIP === b.hostIP || a.hostIP === '0.0.0.0' || b.hostIP === '0.0.0.0';
}

interface Counted {
  readonly name: string;
  readonly amount: (text: string | undefined) => number;
}

const counted: readonly Counted[] = [
  { name: 'cpu', amount: milliOf },
  { name: 'memory', amount: valueOf },
  { name: 'ephemeral-storage', amount: valueOf },
];

function resourceRejection(pod: Pod, node: Node | undefined, others: readonly Pod[]): Rejection | undefined {
  const allocatable = node?.status?.allocatable;
  if (allocatable === undefined) return undefined;
  const pods = valueOf(allocatable['pods']);
  if (pods > 0 && others.length >= pods) return outOf('pods', 1, others.length, pods);
  for (const { name, amount } of counted) {
    if (allocatable[name] === undefined) continue;
    const requested = podRequest(pod, name, amount);
    const used = others.reduce((sum, other) => sum + podRequest(other, name, amount), 0);
    const capacity = amount(allocatable[name]);
    if (requested > 0 && used + requested > capacity) return outOf(name, requested, used, capacity);
  }
  return undefined;
}

function outOf(name: string, requested: number, used: number, capacity: number): Rejection {
  return {
    reason: `OutOf${name}`,
    message: `Node didn't have enough resource: ${name}, requested: ${requested}, used: ${used}, capacity: ${capacity}`,
  };
}

/** All containers together, or the largest moment of the init containers, whichever is more; sidecars count beside both. */
function podRequest(pod: Pod, name: string, amount: Counted['amount']): number {
  let sidecars = 0;
  let peak = 0;
  for (const container of initContainers(pod)) {
    const request = amount(container.resources?.requests?.[name]);
    if (isSidecar(container)) sidecars += request;
    peak = Math.max(peak, isSidecar(container) ? sidecars : sidecars + request);
  }
  const app = appContainers(pod).reduce((sum, each) => sum + amount(each.resources?.requests?.[name]), 0);
  return Math.max(peak, sidecars + app) + amount(pod.spec?.overhead?.[name]);
}
