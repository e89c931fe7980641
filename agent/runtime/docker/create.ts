import type { ContainerConfig, MountConfig, SandboxConfig } from '../driver.ts';
import { label } from '../labels.ts';

/** dockershim's names, which tools of the field take apart. */
export function containerName(config: Pick<ContainerConfig, 'pod' | 'name' | 'attempt'>): string {
  const { pod, name, attempt } = config;
  return ['k8s', name, pod.name, pod.namespace, pod.uid, String(attempt)].join('_');
}

export function sandboxName(config: Pick<SandboxConfig, 'pod' | 'attempt'>): string {
  return containerName({ ...config, name: 'POD' });
}

interface Own {
  readonly clusterId: string;
  readonly pauseImage: string;
}

/** The body of POST /containers/create for the container that holds a pod's namespaces. */
export function sandboxBody(config: SandboxConfig, own: Own): object {
  const { pod, namespaces } = config;
  const hostNetwork = namespaces.network === 'host';
  return {
    Image: own.pauseImage,
    Labels: {
      [label.podName]: pod.name,
      [label.podNamespace]: pod.namespace,
      [label.podUid]: pod.uid,
      [label.containerName]: 'POD',
      [label.type]: 'podsandbox',
      [label.attempt]: String(config.attempt),
      [label.cluster]: own.clusterId,
      [label.network]: namespaces.network,
    },
    ...(hostNetwork || config.hostname === '' ? {} : { Hostname: config.hostname }),
    HostConfig: {
      NetworkMode: hostNetwork ? 'host' : 'none',
      IpcMode: namespaces.ipc === 'host' ? 'host' : 'shareable',
      PidMode: namespaces.pid === 'host' ? 'host' : '',
      UTSMode: hostNetwork ? 'host' : '',
      Sysctls: config.sysctls,
      CpuShares: 2,
      ReadonlyRootfs: true,
      LogConfig: { Type: 'json-file', Config: { 'max-size': '1m', 'max-file': '1' } },
      RestartPolicy: { Name: 'no' },
    },
  };
}

/** The body of POST /containers/create for a container of a pod. */
export function containerBody(
  sandboxId: string,
  config: ContainerConfig,
  own: Pick<Own, 'clusterId'>,
): object {
  const { pod, security } = config;
  return {
    Image: config.image,
    ...(config.command.length === 0 ? {} : { Entrypoint: config.command }),
    ...(config.args.length === 0 ? {} : { Cmd: config.args }),
    ...(config.workingDir === '' ? {} : { WorkingDir: config.workingDir }),
    Env: config.env.map(({ name, value }) => `${name}=${value}`),
    User: userText(security.user, security.group),
    OpenStdin: config.stdin,
    StdinOnce: config.stdinOnce,
    Tty: config.tty,
    // The kubelet's probes take the place of the image's own check.
    Healthcheck: { Test: ['NONE'] },
    ...(config.stopSignal === '' ? {} : { StopSignal: config.stopSignal }),
    Labels: {
      [label.podName]: pod.name,
      [label.podNamespace]: pod.namespace,
      [label.podUid]: pod.uid,
      [label.containerName]: config.name,
      [label.type]: 'container',
      [label.attempt]: String(config.attempt),
      [label.cluster]: own.clusterId,
      [label.sandboxId]: sandboxId,
      [label.specHash]: config.specHash,
    },
    HostConfig: { ...namespacesOf(sandboxId, config), ...securityOf(config), ...limitsOf(config) },
  };
}

function namespacesOf(sandboxId: string, { namespaces, mounts, processTarget }: ContainerConfig): object {
  const shared = `container:${sandboxId}`;
  const pid = { pod: shared, host: 'host', container: '' }[namespaces.pid];
  return {
    NetworkMode: shared,
    IpcMode: shared,
    PidMode: processTarget === '' ? pid : `container:${processTarget}`,
    UTSMode: namespaces.network === 'host' ? 'host' : '',
    Mounts: mounts.map(mountBody),
  };
}

/** As `Mounts`, never as `Binds`: there a colon in a path would change its meaning. */
function mountBody(mount: MountConfig): object {
  return {
    Type: 'bind',
    Source: mount.hostPath,
    Target: mount.containerPath,
    ReadOnly: mount.readOnly,
    ...(mount.propagation === 'private' ? {} : { BindOptions: { Propagation: mount.propagation } }),
  };
}

function securityOf({ security }: ContainerConfig): object {
  const options = [
    ...(security.noNewPrivileges ? ['no-new-privileges'] : []),
    ...(security.seccomp === 'unconfined' && !security.privileged ? ['seccomp=unconfined'] : []),
  ];
  return {
    Privileged: security.privileged,
    ReadonlyRootfs: security.readOnlyRootFilesystem,
    CapAdd: security.addCapabilities,
    CapDrop: security.dropCapabilities,
    GroupAdd: security.supplementalGroups.map(String),
    SecurityOpt: options,
    ...(security.unmaskedProc ? { MaskedPaths: [], ReadonlyPaths: [] } : {}),
  };
}

function limitsOf({ resources }: ContainerConfig): object {
  return {
    CpuShares: resources.cpuShares,
    ...(resources.cpuQuotaUs === 0
      ? {}
      : { CpuQuota: resources.cpuQuotaUs, CpuPeriod: resources.cpuPeriodUs }),
    // Without swap of its own, as Kubernetes has it.
    ...(resources.memoryBytes === 0
      ? {}
      : { Memory: resources.memoryBytes, MemorySwap: resources.memoryBytes }),
    ...(resources.pids === 0 ? {} : { PidsLimit: resources.pids }),
    LogConfig: { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '5' } },
    RestartPolicy: { Name: 'no' },
  };
}

function userText(user: number | undefined, group: number | undefined): string {
  if (user === undefined) return '';
  return group === undefined ? String(user) : `${user}:${group}`;
}
