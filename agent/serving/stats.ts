import { timeText } from '../../openapi/machinery/clock.ts';
import { withinTime } from '../../openapi/machinery/link-signals.ts';
import { podRef } from '../kubelet/pod.ts';
import { runningContainers } from '../kubelet/pod-runtime.ts';
import type { PodWorker } from '../kubelet/pod-worker.ts';
import type { ContainerStats } from '../runtime/driver.ts';
import type { ServingContext } from './context.ts';

const statsMsMax = 10_000;

/** The kubelet's Summary: what node, pods and containers use now. */
export async function statsSummary(context: ServingContext): Promise<object> {
  const time = timeText(context.clock.now());
  const load = await context.readLoad();
  const pods = await Promise.all(context.kubelet.workers().map((worker) => podStats(context, worker, time)));
  return {
    node: {
      nodeName: context.nodeName,
      cpu: { time, usageCoreNanoSeconds: Math.round(load.cpuBusySeconds * 1e9) },
      memory: { time, availableBytes: load.memoryAvailableBytes },
      fs: {
        time,
        availableBytes: load.diskAvailableBytes,
        capacityBytes: load.diskBytes,
        usedBytes: load.diskBytes - load.diskAvailableBytes,
        inodesFree: load.inodesFree,
        inodes: load.inodes,
      },
    },
    pods: pods.filter((each) => each !== undefined),
  };
}

async function podStats(
  context: ServingContext,
  worker: PodWorker,
  time: string,
): Promise<object | undefined> {
  const running = runningContainers(worker.runtime);
  if (running.length === 0) return undefined;
  const stats = await withinTime(context.signal, statsMsMax, context.clock, (limit) =>
    Promise.all(running.map(({ id }) => context.driver.containerStats(id, limit))),
  );
  const found = running.flatMap((status, index) => {
    const own = stats[index];
    return own === undefined ? [] : [{ status, own }];
  });
  return {
    podRef: podRef(worker.pod),
    startTime: context.statuses.get(podRef(worker.pod).uid)?.startTime ?? time,
    containers: found.map(({ status, own }) => ({
      name: status.name,
      startTime: timeText(status.startedMs),
      ...usage(own, time),
    })),
    ...usage(
      {
        cpuNanoseconds: sum(found.map(({ own }) => own.cpuNanoseconds)),
        memoryBytes: sum(found.map(({ own }) => own.memoryBytes)),
        memoryWorkingSetBytes: sum(found.map(({ own }) => own.memoryWorkingSetBytes)),
      },
      time,
    ),
  };
}

function usage(stats: ContainerStats, time: string): object {
  return {
    cpu: { time, usageCoreNanoSeconds: stats.cpuNanoseconds },
    memory: { time, usageBytes: stats.memoryBytes, workingSetBytes: stats.memoryWorkingSetBytes },
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
