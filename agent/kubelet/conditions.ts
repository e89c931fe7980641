import type { ContainerStatus, Pod, PodCondition } from '../../openapi/generated/types.ts';
import { appContainers, initContainers, isSidecar } from './pod.ts';
import type { Phase } from './phase.ts';

/** Conditions that the kubelet owns; all others of a pod are left as they are. */
export const ownConditions: ReadonlySet<string> = new Set([
  'PodReadyToStartContainers',
  'Initialized',
  'Ready',
  'ContainersReady',
  'PodScheduled',
]);

export interface ConditionInput {
  readonly pod: Pod;
  readonly phase: Phase;
  /** Of init and app containers. */
  readonly statuses: readonly ContainerStatus[];
  /** The sandbox is there, with its network. */
  readonly sandboxReady: boolean;
  /** As they were reported last: times stay where the status does. */
  readonly old: readonly PodCondition[];
  readonly now: string;
}

type Finding = Pick<PodCondition, 'status'> & { readonly reason?: string; readonly message?: string };

/** In the order in which the kubelet writes them. */
export function podConditions(input: ConditionInput): PodCondition[] {
  const containersReady = findContainersReady(input);
  return [
    settle(input, 'PodReadyToStartContainers', { status: input.sandboxReady ? 'True' : 'False' }),
    settle(input, 'Initialized', findInitialized(input)),
    settle(input, 'Ready', findReady(input, containersReady)),
    settle(input, 'ContainersReady', containersReady),
    settle(input, 'PodScheduled', { status: 'True' }),
  ];
}

function settle(input: ConditionInput, type: string, finding: Finding): PodCondition {
  const old = input.old.find((each) => each.type === type);
  const changed = old?.status !== finding.status || old.lastTransitionTime === undefined;
  const generation = input.pod.metadata?.generation;
  return {
    type,
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    status: finding.status,
    lastProbeTime: null as unknown as string,
    lastTransitionTime: changed ? input.now : (old.lastTransitionTime ?? input.now),
    ...(finding.reason === undefined ? {} : { reason: finding.reason }),
    ...(finding.message === undefined ? {} : { message: finding.message }),
  };
}

/** Go's print of a list of names: [a b]. */
function namesText(names: readonly string[]): string {
  return `[${names.join(' ')}]`;
}

function unreadyMessage(unknown: readonly string[], unready: readonly string[], word: string): string {
  return [
    ...(unknown.length === 0 ? [] : [`containers with unknown status: ${namesText(unknown)}`]),
    ...(unready.length === 0 ? [] : [`containers with ${word} status: ${namesText(unready)}`]),
  ].join(', ');
}

function findContainersReady({ pod, phase, statuses }: ConditionInput): Finding {
  const names = [...initContainers(pod).filter(isSidecar), ...appContainers(pod)].map(({ name }) => name);
  const unknown = names.filter((name) => !statuses.some((each) => each.name === name));
  const unready = names.filter((name) => statuses.some((each) => each.name === name && !each.ready));
  if (phase === 'Succeeded' && unknown.length === 0) return { status: 'False', reason: 'PodCompleted' };
  if (phase === 'Failed') return { status: 'False', reason: 'PodFailed' };
  const message = unreadyMessage(unknown, unready, 'unready');
  return message === '' ? { status: 'True' } : { status: 'False', reason: 'ContainersNotReady', message };
}

function findReady({ pod }: ConditionInput, containersReady: Finding): Finding {
  if (containersReady.status !== 'True') return containersReady;
  const conditions = pod.status?.conditions ?? [];
  const messages = (pod.spec?.readinessGates ?? []).flatMap(({ conditionType }) => {
    const gate = `pod readiness gate ${JSON.stringify(conditionType)}`;
    const condition = conditions.find(({ type }) => type === conditionType);
    if (condition === undefined) return [`corresponding condition of ${gate} does not exist.`];
    return condition.status === 'True'
      ? []
      : [`the status of ${gate} is not "True", but ${condition.status}`];
  });
  if (messages.length === 0) return { status: 'True' };
  return { status: 'False', reason: 'ReadinessGatesNotReady', message: messages.join(', ') };
}

function findInitialized({ pod, phase, statuses }: ConditionInput): Finding {
  const all = initContainers(pod);
  const byName = new Map(statuses.map((each) => [each.name, each]));
  const unknown = all.filter(({ name }) => !byName.has(name)).map(({ name }) => name);
  const incomplete = all
    .filter((container) => {
      const status = byName.get(container.name);
      if (status === undefined) return false;
      return isSidecar(container) ? status.started !== true : !status.ready;
    })
    .map(({ name }) => name);
  if (phase === 'Succeeded' && unknown.length === 0) return { status: 'True', reason: 'PodCompleted' };
  const anyStarted = appContainers(pod).some(({ name }) => hasStarted(byName.get(name)));
  const message = unreadyMessage(unknown, incomplete, 'incomplete');
  if (anyStarted || message === '') return { status: 'True' };
  return { status: 'False', reason: 'ContainersNotInitialized', message };
}

function hasStarted(status: ContainerStatus | undefined): boolean {
  if (status === undefined) return false;
  const { running, terminated } = status.state ?? {};
  return running !== undefined || terminated !== undefined || status.lastState?.terminated !== undefined;
}
