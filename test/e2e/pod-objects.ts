import type { Container, Pod, PodSpec } from '../../openapi/generated/types.ts';

/** A container of BusyBox that runs a line of shell, or sleeps. */
export function shell(line: string, more: Partial<Container> = {}): Container {
  return {
    name: 'c',
    image: 'busybox:1',
    imagePullPolicy: 'IfNotPresent',
    command: ['sh', '-c', line],
    ...more,
  };
}

/** Ends at once when it is told to. */
export const idle = 'trap "exit 0" TERM; while :; do sleep 0.2; done';

/** A pod that is gone a second after its deletion. */
export function podOf(name: string, spec: Partial<PodSpec>): Pod {
  const containers = spec.containers ?? [shell(idle)];
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { name } },
    spec: { terminationGracePeriodSeconds: 1, ...spec, containers },
  };
}
