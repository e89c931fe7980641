import type { Container, EphemeralContainer, Pod } from '../../openapi/generated/types.ts';
import type { PodRef } from '../runtime/driver.ts';

/** The parts of a pod that every file here asks for. Names and uid are always there once the API has stored a pod. */
export function podRef(pod: Pod): PodRef {
  const { name = '', namespace = '', uid = '' } = pod.metadata ?? {};
  return { name, namespace, uid };
}

/** "web_default(1f2e…)": how texts of the kubelet name a pod. */
export function podText(pod: Pod): string {
  const { name, namespace, uid } = podRef(pod);
  return `${name}_${namespace}(${uid})`;
}

export function isDeleting(pod: Pod): boolean {
  return pod.metadata?.deletionTimestamp !== undefined;
}

export function hasTerminalPhase(pod: Pod): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
}

export function initContainers(pod: Pod): readonly Container[] {
  return pod.spec?.initContainers ?? [];
}

export function appContainers(pod: Pod): readonly Container[] {
  return pod.spec?.containers ?? [];
}

export function ephemeralContainers(pod: Pod): readonly EphemeralContainer[] {
  return pod.spec?.ephemeralContainers ?? [];
}

export type ContainerKind = 'init' | 'app' | 'ephemeral';

export interface PodContainer {
  readonly kind: ContainerKind;
  readonly spec: Container;
}

/** Every container of the pod, in the order of its spec. */
export function allContainers(pod: Pod): readonly PodContainer[] {
  return [
    ...initContainers(pod).map((spec) => ({ kind: 'init' as const, spec })),
    ...appContainers(pod).map((spec) => ({ kind: 'app' as const, spec })),
    ...ephemeralContainers(pod).map((spec) => ({ kind: 'ephemeral' as const, spec })),
  ];
}

export function findContainer(pod: Pod, name: string): PodContainer | undefined {
  return allContainers(pod).find(({ spec }) => spec.name === name);
}

/** "spec.containers{web}": what an event about a container points at. */
export function fieldPath(pod: Pod, name: string): string {
  const field = { init: 'initContainers', app: 'containers', ephemeral: 'ephemeralContainers' };
  const found = findContainer(pod, name);
  return `spec.${field[found?.kind ?? 'app']}{${name}}`;
}

/** An init container that keeps running beside the others. */
export function isSidecar(container: Container): boolean {
  return container.restartPolicy === 'Always';
}

export function isHostNetwork(pod: Pod): boolean {
  return pod.spec?.hostNetwork === true;
}

/** Whether a container that ended with `exitCode` is to run again: its own rules, its own policy, then the pod's. */
export function shouldRestartOnExit(container: Container, pod: Pod, exitCode: number): boolean {
  for (const rule of container.restartPolicyRules ?? []) {
    const values = rule.exitCodes?.values ?? [];
    const listed = values.includes(exitCode);
    const matches = rule.exitCodes?.operator === 'NotIn' ? !listed : listed;
    if (matches && rule.action === 'Restart') return true;
  }
  switch (container.restartPolicy ?? pod.spec?.restartPolicy ?? 'Always') {
    case 'Never':
      return false;
    case 'OnFailure':
      return exitCode !== 0;
    default:
      return true;
  }
}

/** Seconds that the pod has to end by itself. */
export function graceSeconds(pod: Pod): number {
  return pod.metadata?.deletionGracePeriodSeconds ?? pod.spec?.terminationGracePeriodSeconds ?? 30;
}
