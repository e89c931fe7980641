import { describe, expect, it } from '@jest/globals';
import { FakeClock, settle } from '../../test/fakes/clock.ts';
import { silentLogger } from '../machinery/log.ts';
import type { Resource } from '../machinery/resource.ts';
import { createEventRecorder, type EventObject } from './create-event-recorder.ts';
import type { EventRecorder } from './event-recorder.ts';
import { createFakeApi, type FakeApi } from './fake.ts';

const events: Resource<EventObject> = {
  group: '',
  version: 'v1',
  kind: 'Event',
  plural: 'events',
  namespaced: true,
};
const pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web', namespace: 'shop', uid: 'u1', resourceVersion: '7' },
};

function setup(): { api: FakeApi; clock: FakeClock; recorder: EventRecorder } {
  const clock = new FakeClock();
  const api = createFakeApi({ clock });
  const signal = new AbortController().signal;
  const recorder = createEventRecorder({
    client: api.client,
    clock,
    random: () => 0.5,
    log: silentLogger,
    signal,
    component: 'kubelet',
    host: 'n1',
  });
  return { api, clock, recorder };
}

describe('createEventRecorder()', () => {
  it('writes an Event as client-go does', async () => {
    const { api, recorder } = setup();
    recorder.event({ ...pod, fieldPath: 'spec.containers{c}' }, 'Normal', 'Pulled', 'Image is there');
    await settle();
    expect(api.all(events)).toMatchObject([
      {
        metadata: { namespace: 'shop' },
        involvedObject: {
          apiVersion: 'v1',
          kind: 'Pod',
          name: 'web',
          namespace: 'shop',
          uid: 'u1',
          resourceVersion: '7',
          fieldPath: 'spec.containers{c}',
        },
        type: 'Normal',
        reason: 'Pulled',
        message: 'Image is there',
        count: 1,
        firstTimestamp: '2026-01-02T03:04:05Z',
        source: { component: 'kubelet', host: 'n1' },
        reportingComponent: 'kubelet',
        reportingInstance: 'n1',
      },
    ]);
    expect(api.all(events)[0]?.metadata?.name).toMatch(/^web\.[0-9a-f]{16}$/);
  });

  it('counts a repeat in the first event', async () => {
    const { api, clock, recorder } = setup();
    recorder.event(pod, 'Warning', 'BackOff', 'Again');
    await clock.advance(10_000);
    recorder.event(
      { ...pod, metadata: { ...pod.metadata, resourceVersion: '9' } },
      'Warning',
      'BackOff',
      'Again',
    );
    await settle();
    expect(api.all(events)).toMatchObject([
      { count: 2, firstTimestamp: '2026-01-02T03:04:05Z', lastTimestamp: '2026-01-02T03:04:15Z' },
    ]);
  });

  it('begins anew when the first event is gone', async () => {
    const { api, recorder } = setup();
    recorder.event(pod, 'Warning', 'BackOff', 'Again');
    await settle();
    await api.client.delete(events, { namespace: 'shop', name: api.all(events)[0]?.metadata?.name ?? '' });
    recorder.event(pod, 'Warning', 'BackOff', 'Again');
    await settle();
    expect(api.all(events)).toMatchObject([{ count: 1 }]);
  });

  it('tells many similar events as one', async () => {
    const { api, recorder } = setup();
    for (let i = 0; i < 15; i++) recorder.event(pod, 'Warning', 'Unhealthy', `Probe ${i} failed`);
    await settle(200);
    const told = api.all(events);
    expect(told).toHaveLength(10);
    expect(told.find((event) => event.message.startsWith('(combined from similar events): '))?.count).toBe(6);
  });

  it('gives an object 25 events at once, then one in 5 minutes', async () => {
    const { api, clock, recorder } = setup();
    for (let i = 0; i < 40; i++) recorder.event(pod, 'Normal', 'Same', 'text');
    await settle(200);
    expect(api.all(events)[0]?.count).toBe(25);
    await clock.advance(300_000);
    recorder.event(pod, 'Normal', 'Same', 'text');
    await settle();
    expect(api.all(events)[0]?.count).toBe(26);
  });

  it('tries again when the server cannot be reached', async () => {
    const { api, clock, recorder } = setup();
    api.fail('create', events, new Error('connection refused'), 2);
    recorder.event(pod, 'Normal', 'Started', 'x');
    await clock.advance(60_000);
    expect(api.all(events)).toHaveLength(1);
  });
});
