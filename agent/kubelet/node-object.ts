import { timeText } from '../../openapi/machinery/clock.ts';
import type { AgentConfig } from '../../openapi/machinery/agent-contract.ts';
import type { Node, NodeCondition, NodeStatus } from '../../openapi/generated/types.ts';
import type { RuntimeImage, RuntimeVersion } from '../runtime/driver.ts';

const podsMax = 110;
const imagesMax = 50;
const mebibyte = 1024 * 1024;
/** Below this much free memory the node is under pressure; so much is not for pods. */
const memoryReserve = 100 * mebibyte;

export const kubeletVersion = 'v1.36.3+flotilla.1';

/** What does not change while the host is up. */
export interface MachineFacts {
  readonly architecture: string;
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly kernelVersion: string;
  readonly osImage: string;
  readonly bootId: string;
  readonly machineId: string;
  readonly systemUuid: string;
}

/** What the host has left now. */
export interface LoadFacts {
  readonly memoryAvailableBytes: number;
  readonly diskBytes: number;
  readonly diskAvailableBytes: number;
  readonly inodes: number;
  readonly inodesFree: number;
  readonly cpuBusySeconds: number;
}

export interface NodeReading {
  readonly config: AgentConfig;
  readonly machine: MachineFacts;
  readonly load: LoadFacts;
  readonly nodeIP: string;
  /** Undefined while the runtime does not answer. */
  readonly runtime: RuntimeVersion | undefined;
  readonly images: readonly RuntimeImage[];
  readonly networkReady: boolean;
  readonly nowMs: number;
}

/** What the node registers itself as; its status comes with it. */
export function nodeObject(reading: NodeReading): Node {
  const { config, machine } = reading;
  const taints = config.taints.map(({ key, value, effect }) => ({
    key,
    effect,
    ...(value === undefined ? {} : { value }),
  }));
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: config.nodeName, labels: nodeLabels(config, machine) },
    ...(taints.length === 0 ? {} : { spec: { taints } }),
    status: nodeStatus(reading, []),
  };
}

export function nodeLabels(config: AgentConfig, machine: MachineFacts): Record<string, string> {
  return {
    ...config.labels,
    'beta.kubernetes.io/arch': machine.architecture,
    'beta.kubernetes.io/os': 'linux',
    'kubernetes.io/arch': machine.architecture,
    'kubernetes.io/hostname': config.nodeName,
    'kubernetes.io/os': 'linux',
  };
}

export function nodeCapacity(machine: MachineFacts, load: LoadFacts): Record<string, string> {
  return {
    cpu: String(machine.cpus),
    'ephemeral-storage': `${Math.floor(load.diskBytes / 1024)}Ki`,
    'hugepages-1Gi': '0',
    'hugepages-2Mi': '0',
    memory: `${Math.floor(machine.memoryBytes / 1024)}Ki`,
    pods: String(podsMax),
  };
}

export function nodeAllocatable(machine: MachineFacts, load: LoadFacts): Record<string, string> {
  return {
    ...nodeCapacity(machine, load),
    'ephemeral-storage': String(Math.floor(load.diskBytes * 0.9)),
    memory: `${Math.floor((machine.memoryBytes - memoryReserve) / 1024)}Ki`,
  };
}

/** Conditions keep their times from `old` where their status stays. */
export function nodeStatus(reading: NodeReading, old: readonly NodeCondition[]): NodeStatus {
  const { config, machine, load, nodeIP, runtime, images } = reading;
  return {
    addresses: [
      { type: 'InternalIP', address: nodeIP },
      { type: 'Hostname', address: config.nodeName },
    ],
    capacity: nodeCapacity(machine, load),
    allocatable: nodeAllocatable(machine, load),
    conditions: conditions(reading, old),
    daemonEndpoints: { kubeletEndpoint: { Port: 10250 } },
    nodeInfo: {
      machineID: machine.machineId,
      systemUUID: machine.systemUuid,
      bootID: machine.bootId,
      kernelVersion: machine.kernelVersion,
      osImage: machine.osImage,
      containerRuntimeVersion: runtime === undefined ? '' : `${runtime.runtime}://${runtime.runtimeVersion}`,
      kubeletVersion,
      kubeProxyVersion: '',
      operatingSystem: 'linux',
      architecture: machine.architecture,
    },
    images: [...images]
      .sort((a, b) => bySize(a, b))
      .slice(0, imagesMax)
      .map(({ digests, tags, sizeBytes }) => ({ names: [...digests, ...tags].slice(0, 5), sizeBytes })),
  };
}

/** The largest first: those are worth most to a scheduler that wants an image to be there. */
function bySize(a: RuntimeImage, b: RuntimeImage): number {
  if (a.sizeBytes !== b.sizeBytes) return b.sizeBytes - a.sizeBytes;
  return a.id < b.id ? -1 : 1;
}

interface Finding {
  readonly type: string;
  readonly holds: boolean;
  readonly reason: string;
  readonly message: string;
}

function conditions(reading: NodeReading, old: readonly NodeCondition[]): NodeCondition[] {
  const now = timeText(reading.nowMs);
  return findings(reading).map(({ type, holds, reason, message }) => {
    const status = holds ? 'True' : 'False';
    const before = old.find((each) => each.type === type);
    const since = before?.status === status ? (before.lastTransitionTime ?? now) : now;
    return { type, status, lastHeartbeatTime: now, lastTransitionTime: since, reason, message };
  });
}

function findings(reading: NodeReading): Finding[] {
  const { load } = reading;
  const memory = load.memoryAvailableBytes < memoryReserve;
  const disk =
    load.diskAvailableBytes < load.diskBytes * 0.1 ||
    (load.inodes > 0 && load.inodesFree < load.inodes * 0.05);
  return [
    {
      ...{ type: 'MemoryPressure', holds: memory },
      reason: memory ? 'KubeletHasInsufficientMemory' : 'KubeletHasSufficientMemory',
      message: memory
        ? 'kubelet has insufficient memory available'
        : 'kubelet has sufficient memory available',
    },
    {
      ...{ type: 'DiskPressure', holds: disk },
      reason: disk ? 'KubeletHasDiskPressure' : 'KubeletHasNoDiskPressure',
      message: disk ? 'kubelet has disk pressure' : 'kubelet has no disk pressure',
    },
    {
      ...{ type: 'PIDPressure', holds: false, reason: 'KubeletHasSufficientPID' },
      message: 'kubelet has sufficient PID available',
    },
    readiness(reading),
  ];
}

function readiness({ runtime, networkReady }: NodeReading): Finding {
  const faults = [
    ...(runtime === undefined ? ['container runtime is down'] : []),
    ...(networkReady
      ? []
      : [
          'container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:the node has no pod network yet',
        ]),
  ];
  if (faults.length === 0) {
    return { type: 'Ready', holds: true, reason: 'KubeletReady', message: 'kubelet is posting ready status' };
  }
  return {
    type: 'Ready',
    holds: false,
    reason: 'KubeletNotReady',
    message: `[${faults.join(', ')}]`.replace(/^\[([^,]*)\]$/, '$1'),
  };
}
