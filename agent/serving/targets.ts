import type { ContainerStatus as ApiStatus } from '../../openapi/generated/types.ts';
import { findContainer, podRef } from '../kubelet/pod.ts';
import { latestContainer } from '../kubelet/pod-runtime.ts';
import type { PodWorker } from '../kubelet/pod-worker.ts';
import { ContainerState, type ContainerStatus } from '../runtime/driver.ts';
import type { ServingContext } from './context.ts';
import { HttpError } from './http-error.ts';

export interface PodPath {
  readonly namespace: string;
  readonly pod: string;
}

export interface ContainerPath extends PodPath {
  readonly container: string;
}

export function findPod(context: ServingContext, { namespace, pod }: PodPath): PodWorker {
  const worker = context.kubelet.find(namespace, pod);
  if (worker === undefined)
    throw new HttpError(404, `pod ${JSON.stringify(`${namespace}/${pod}`)} not found`);
  return worker;
}

/** The container that exec and attach mean; it must run. */
export function findRunning(context: ServingContext, path: ContainerPath): ContainerStatus {
  const worker = findPod(context, path);
  const name = path.container;
  if (findContainer(worker.pod, name) === undefined) {
    throw new HttpError(404, `container not found (${JSON.stringify(name)})`);
  }
  const latest = latestContainer(worker.runtime, name);
  if (latest?.state !== ContainerState.Running) {
    throw new HttpError(500, `container not found (${JSON.stringify(name)})`);
  }
  return latest;
}

/** The id of the container whose log is meant: the present one, or the one before. Refusals are in the kubelet's words. */
export function findLogged(context: ServingContext, path: ContainerPath, previous: boolean): string {
  const worker = findPod(context, path);
  const { uid, name: podName } = podRef(worker.pod);
  const status = context.statuses.get(uid) ?? worker.pod.status ?? {};
  const all = [
    ...(status.containerStatuses ?? []),
    ...(status.initContainerStatuses ?? []),
    ...(status.ephemeralContainerStatuses ?? []),
  ];
  const own = all.find(({ name }) => name === path.container);
  const where = `container ${JSON.stringify(path.container)} in pod ${JSON.stringify(podName)}`;
  if (own === undefined) throw new HttpError(400, `${where} is not available`);
  const id = previous ? own.lastState?.terminated?.containerID : presentId(own);
  if (id !== undefined && id !== '') return id.split('://')[1] ?? '';
  if (previous) throw new HttpError(400, `previous terminated ${where} not found`);
  const reason = own.state?.waiting?.reason;
  if (reason === undefined) throw new HttpError(400, `${where} is not available`);
  const words: Readonly<Record<string, string>> = {
    ErrImagePull: "image can't be pulled",
    ImagePullBackOff: 'trying and failing to pull image',
  };
  throw new HttpError(400, `${where} is waiting to start: ${words[reason] ?? reason}`);
}

function presentId({ state, lastState, containerID }: ApiStatus): string | undefined {
  if (state?.running !== undefined) return containerID;
  return state?.terminated?.containerID ?? lastState?.terminated?.containerID;
}
