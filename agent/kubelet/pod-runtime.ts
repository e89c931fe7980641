import type { Pod } from '../../openapi/generated/types.ts';
import {
  ContainerState,
  type ContainerStatus,
  type RuntimeDriver,
  type SandboxStatus,
} from '../runtime/driver.ts';
import { isHostNetwork } from './pod.ts';

/** What the runtime has of one pod; both newest first. */
export interface PodRuntime {
  readonly sandboxes: readonly SandboxStatus[];
  readonly containers: readonly ContainerStatus[];
}

export const emptyRuntime: PodRuntime = { sandboxes: [], containers: [] };

export async function readPodRuntime(
  driver: RuntimeDriver,
  podUid: string,
  signal: AbortSignal,
): Promise<PodRuntime> {
  const [sandboxes, containers] = await Promise.all([
    driver.listSandboxes({ podUid }, signal),
    driver.listContainers({ podUid }, signal),
  ]);
  return { sandboxes, containers };
}

/** The latest container of this name. */
export function latestContainer(runtime: PodRuntime, name: string): ContainerStatus | undefined {
  return runtime.containers.find((each) => each.name === name);
}

export function runningContainers(runtime: PodRuntime): readonly ContainerStatus[] {
  return runtime.containers.filter((each) => each.state === ContainerState.Running);
}

export interface SandboxNeed {
  readonly create: boolean;
  readonly attempt: number;
  /** The sandbox to use; undefined where one must be made. */
  readonly current: SandboxStatus | undefined;
}

/** Whether the pod needs a (new) sandbox: there is none that runs, or it is not the latest, or on the wrong network. */
export function sandboxNeed(pod: Pod, runtime: PodRuntime): SandboxNeed {
  const latest = runtime.sandboxes[0];
  if (latest === undefined) return { create: true, attempt: 0, current: undefined };
  const ready = runtime.sandboxes.filter((each) => each.running).length;
  const network = isHostNetwork(pod) ? 'host' : 'pod';
  const fits = ready === 1 && latest.running && latest.network === network;
  if (fits) return { create: false, attempt: latest.attempt, current: latest };
  return { create: true, attempt: latest.attempt + 1, current: undefined };
}
