/** Labels on every container of ours. The io.kubernetes ones are what other tools of the field look for. */
export const label = {
  podName: 'io.kubernetes.pod.name',
  podNamespace: 'io.kubernetes.pod.namespace',
  podUid: 'io.kubernetes.pod.uid',
  containerName: 'io.kubernetes.container.name',
  /** "podsandbox" or "container". */
  type: 'io.kubernetes.docker.type',
  /** Counts from 0 for each container of a pod; the restart count. */
  attempt: 'flotilla.dev/attempt',
  cluster: 'flotilla.dev/cluster',
  sandboxId: 'flotilla.dev/sandbox-id',
  /** "<version of the algorithm>:<hash>". */
  specHash: 'flotilla.dev/spec-hash',
  network: 'flotilla.dev/network',
  tty: 'flotilla.dev/tty',
} as const;
