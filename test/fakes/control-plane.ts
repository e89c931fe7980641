import { createFakeApi, type FakeApi } from '../../openapi/client/fake.ts';
import { pods } from '../../openapi/generated/resources.ts';
import type { Pod } from '../../openapi/generated/types.ts';
import { timeText } from '../../openapi/machinery/clock.ts';
import { silentLogger } from '../../openapi/machinery/log.ts';
import type { Controller } from '../../server/controllers/controller.ts';
import { runControllers, type RunningControllers } from '../../server/controllers/run.ts';
import { FakeClock } from './clock.ts';

export interface ControlPlane {
  readonly api: FakeApi;
  readonly clock: FakeClock;
  readonly running: RunningControllers;
}

/** Controllers over the fake API, with a clock that stands still until it is moved. */
export async function startControlPlane(
  controllers: readonly Controller[],
  prepare?: (api: FakeApi) => Promise<unknown>,
): Promise<ControlPlane> {
  const clock = new FakeClock();
  const api = createFakeApi({ clock });
  await prepare?.(api);
  const running = runControllers({
    controllers,
    clientFor: () => api.client,
    clock,
    random: () => 0.5,
    log: silentLogger,
  });
  await running.synced;
  await clock.advance(0);
  return { api, clock, running };
}

/** Acts as the nodes: what is scheduled nowhere is put on n1; what runs is made ready; what is being deleted goes. */
export async function actAsNodes({ api, clock }: Pick<ControlPlane, 'api' | 'clock'>): Promise<void> {
  for (const pod of api.all(pods)) {
    const key = { namespace: pod.metadata?.namespace, name: pod.metadata?.name ?? '' };
    if (pod.metadata?.deletionTimestamp !== undefined)
      await api.client.delete(pods, key, { gracePeriodSeconds: 0 });
    else if (pod.status?.phase === undefined) await makeReady(api, pod, timeText(clock.now()));
  }
  await clock.advance(100);
}

async function makeReady(api: FakeApi, pod: Pod, now: string): Promise<void> {
  const key = { namespace: pod.metadata?.namespace, name: pod.metadata?.name ?? '' };
  if (pod.spec?.nodeName === undefined)
    await api.client.patch(pods, key, { spec: { nodeName: 'n1' } }, { type: 'merge' });
  const status = {
    phase: 'Running',
    podIP: '10.0.0.1',
    conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: now }],
  };
  await api.client.patch(pods, key, { status }, { type: 'merge', subresource: 'status' });
}

/** Moves time and nodes on until `reached` holds. Throws when it does not after many rounds. */
export async function until(
  plane: ControlPlane,
  reached: () => boolean,
  options: { readonly nodes?: boolean } = {},
): Promise<void> {
  for (let round = 0; round < 60; round++) {
    if (reached()) return;
    if (options.nodes ?? true) await actAsNodes(plane);
    await plane.clock.advance(1000);
  }
  throw new Error(`Not reached after 60 rounds: ${reached.toString()}`);
}
