import { posix } from 'node:path';
import type { Container, Pod, VolumeMount } from '../../openapi/generated/types.ts';
import {
  ContainerState,
  type ContainerConfig,
  type MountConfig,
  type PodNamespaces,
  type SandboxConfig,
} from '../runtime/driver.ts';
import type { MountedVolumes } from '../volumes/pod-volumes.ts';
import { VolumeError } from '../volumes/pod-volumes.ts';
import { ConfigError, environment } from './environment.ts';
import { expand } from './expand.ts';
import { ephemeralContainers, isHostNetwork, podRef } from './pod.ts';
import { makeTerminationLog, podFiles, terminationLogPath } from './pod-files.ts';
import { kernelHostname } from './pod-names.ts';
import { latestContainer, type PodRuntime } from './pod-runtime.ts';
import type { PodTools } from './pod-tools.ts';
import { containerResources } from './resources.ts';
import { containerSecurity } from './security.ts';
import { specHash } from './spec-hash.ts';

export function namespacesOf(pod: Pod): PodNamespaces {
  const { hostPID, hostIPC, shareProcessNamespace } = pod.spec ?? {};
  return {
    network: isHostNetwork(pod) ? 'host' : 'pod',
    pid: hostPID === true ? 'host' : shareProcessNamespace === true ? 'pod' : 'container',
    ipc: hostIPC === true ? 'host' : 'pod',
  };
}

export function sandboxConfig(pod: Pod, attempt: number, clusterDomain: string): SandboxConfig {
  const sysctls = (pod.spec?.securityContext?.sysctls ?? []).map(({ name, value }) => [name, value] as const);
  return {
    pod: podRef(pod),
    attempt,
    hostname: isHostNetwork(pod) ? '' : kernelHostname(pod, clusterDomain),
    namespaces: namespacesOf(pod),
    sysctls: Object.fromEntries(sysctls),
  };
}

export interface ConfigInput {
  readonly runtime: PodRuntime;
  /** With the addresses filled into its status. */
  readonly pod: Pod;
  readonly container: Container;
  readonly attempt: number;
  /** With its tag: what the status shows. */
  readonly image: string;
  readonly mounted: MountedVolumes;
}

/** Everything that the runtime must know of a container. Rejects with ConfigError for what the user must mend. */
export async function containerConfig(input: ConfigInput, tools: PodTools): Promise<ContainerConfig> {
  const { pod, container, attempt } = input;
  const { sources, node } = tools;
  const env = await environment({
    ...{ pod, container, sources, services: node.services(), allocatable: node.allocatable() },
  });
  const lookup = (name: string): string | undefined => env.get(name);
  return {
    pod: podRef(pod),
    name: container.name,
    attempt,
    image: input.image,
    command: (container.command ?? []).map((each) => expand(each, lookup)),
    args: (container.args ?? []).map((each) => expand(each, lookup)),
    workingDir: container.workingDir ?? '',
    env: [...env].map(([name, value]) => ({ name, value })),
    mounts: await mountsOf(input, tools, lookup),
    namespaces: namespacesOf(pod),
    processTarget: processTargetOf(input),
    stdin: container.stdin === true,
    stdinOnce: container.stdinOnce === true,
    tty: container.tty === true,
    security: containerSecurity(pod, container),
    resources: containerResources(container),
    specHash: specHash(container),
    stopSignal: container.lifecycle?.stopSignal ?? '',
  };
}

/** An ephemeral container may look at the processes of one of the others. */
function processTargetOf({ pod, container, runtime }: ConfigInput): string {
  const target =
    ephemeralContainers(pod).find(({ name }) => name === container.name)?.targetContainerName ?? '';
  if (target === '') return '';
  const status = latestContainer(runtime, target);
  if (status?.state === ContainerState.Running) return status.id;
  throw new ConfigError(`unable to find target container ${target}`);
}

async function mountsOf(
  input: ConfigInput,
  tools: PodTools,
  lookup: (name: string) => string | undefined,
): Promise<MountConfig[]> {
  const { pod, container, attempt } = input;
  const mounts: MountConfig[] = [];
  for (const mount of container.volumeMounts ?? [])
    mounts.push(await volumeMount(input, tools, mount, lookup));
  const own = new Set(mounts.map(({ containerPath }) => containerPath));
  const { podsFolder } = tools.node;
  const files = podFiles(podsFolder, podRef(pod).uid);
  const log = terminationLogPath(podsFolder, podRef(pod).uid, container.name, attempt);
  await makeTerminationLog(log);
  const extra: readonly (readonly [string, string])[] = [
    [files.hosts, '/etc/hosts'],
    [files.resolvConf, '/etc/resolv.conf'],
    [log, container.terminationMessagePath ?? '/dev/termination-log'],
  ];
  for (const [hostPath, containerPath] of extra) {
    if (!own.has(containerPath))
      mounts.push({ hostPath, containerPath, readOnly: false, propagation: 'private' });
  }
  return mounts;
}

const propagations = { None: 'private', HostToContainer: 'rslave', Bidirectional: 'rshared' } as const;

async function volumeMount(
  input: ConfigInput,
  tools: PodTools,
  mount: VolumeMount,
  lookup: (name: string) => string | undefined,
): Promise<MountConfig> {
  const { pod, container, mounted } = input;
  const subPath = subPathOf(mount, lookup);
  try {
    const volume = await tools.volumes.mountPath(pod, container, mount, { mounted, subPath });
    const mode = mount.mountPropagation ?? 'None';
    const containerPath = posix.isAbsolute(mount.mountPath)
      ? mount.mountPath
      : posix.join('/', mount.mountPath);
    return {
      hostPath: volume.path,
      containerPath,
      readOnly: mount.readOnly === true || volume.readOnly,
      propagation: Object.hasOwn(propagations, mode)
        ? propagations[mode as keyof typeof propagations]
        : 'private',
    };
  } catch (error) {
    if (error instanceof VolumeError) throw new ConfigError(error.message, { cause: error });
    throw error;
  }
}

function subPathOf(mount: VolumeMount, lookup: (name: string) => string | undefined): string {
  if (mount.subPathExpr === undefined || mount.subPathExpr === '') return mount.subPath ?? '';
  const missing: string[] = [];
  const path = expand(mount.subPathExpr, (name) => {
    const value = lookup(name);
    if (value === undefined) missing.push(name);
    return value;
  });
  if (missing.length > 0) {
    throw new ConfigError(
      `failed to expand subPath expression ${JSON.stringify(mount.subPathExpr)}: missing value for ${missing.map((name) => JSON.stringify(name)).join(', ')}`,
    );
  }
  return path;
}
