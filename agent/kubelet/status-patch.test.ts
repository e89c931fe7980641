import { describe, expect, it } from '@jest/globals';
import type { ContainerStatus, Pod, PodCondition, PodStatus } from '../../openapi/generated/types.ts';
import { podConditions } from './conditions.ts';
import { finalStatus } from './final-status.ts';
import { sameJson, statusPatch } from './status-patch.ts';

describe('sameJson()', () => {
  const cases: [unknown, unknown, boolean][] = [
    [{ a: 1, b: 2 }, { b: 2, a: 1 }, true],
    [{ a: null }, {}, true],
    [{ a: undefined }, { a: null }, true],
    [[1, 2], [2, 1], false],
    [[1], { 0: 1 }, false],
    [{ a: { b: 1 } }, { a: { b: 2 } }, false],
    ['1', 1, false],
    [0, null, false],
  ];
  for (const [a, b, want] of cases) {
    it(`${JSON.stringify(a)} and ${JSON.stringify(b)} are ${want ? 'the same' : 'not the same'}`, () => {
      expect(sameJson(a, b)).toBe(want);
    });
  }
});

describe('statusPatch()', () => {
  const ready: PodCondition = { type: 'Ready', status: 'False', reason: 'X', message: 'y' };
  const cases: { name: string; old: PodStatus; next: PodStatus; want: object | undefined }[] = [
    {
      name: 'is nothing where nothing changed',
      old: { phase: 'Running' },
      next: { phase: 'Running' },
      want: undefined,
    },
    {
      name: 'has the fields that changed',
      old: { phase: 'Pending', qosClass: 'Burstable' },
      next: { phase: 'Running', qosClass: 'Burstable' },
      want: { phase: 'Running' },
    },
    {
      name: 'takes away what is gone',
      old: { reason: 'a', phase: 'Running' },
      next: { phase: 'Running' },
      want: { reason: null },
    },
    {
      name: 'replaces addresses instead of joining them',
      old: { podIPs: [{ ip: '1' }] },
      next: { podIPs: [{ ip: '2' }] },
      want: { podIPs: [{ ip: '2' }, { $patch: 'replace' }] },
    },
    {
      name: 'has the conditions that changed, without what they had before',
      old: { conditions: [ready, { type: 'A', status: 'True' }] },
      next: {
        conditions: [
          { type: 'Ready', status: 'True' },
          { type: 'A', status: 'True' },
        ],
      },
      want: { conditions: [{ type: 'Ready', status: 'True', reason: null, message: null }] },
    },
    {
      name: 'leaves the conditions of others alone',
      old: { conditions: [{ type: 'Theirs', status: 'True' }] },
      next: { conditions: [] },
      want: undefined,
    },
    { name: 'leaves fields of others alone', old: { nominatedNodeName: 'n' }, next: {}, want: undefined },
  ];
  for (const { name, old, next, want } of cases) {
    it(name, () => {
      expect(statusPatch('u', old, next)).toEqual(
        want === undefined ? undefined : { metadata: { uid: 'u' }, status: want },
      );
    });
  }
});

function status(name: string, more: Partial<ContainerStatus> = {}): ContainerStatus {
  return {
    name,
    ready: true,
    started: true,
    restartCount: 0,
    image: '',
    imageID: '',
    state: { running: {} },
    ...more,
  };
}
const pod: Pod = {
  metadata: { name: 'p', generation: 3 },
  spec: { containers: [{ name: 'a' }, { name: 'b' }], initContainers: [{ name: 'i' }] },
};
const initDone = status('i', { state: { terminated: { exitCode: 0 } } });

describe('podConditions()', () => {
  const base = { pod, phase: 'Running', sandboxReady: true, old: [], now: 'now' } as const;
  const words = (conditions: readonly PodCondition[]): string[] =>
    conditions.map(({ type, status: is, reason, message }) =>
      [type, is, reason, message].filter((each) => each !== undefined).join(' '),
    );
  it('are all true for a pod that is', () => {
    expect(words(podConditions({ ...base, statuses: [initDone, status('a'), status('b')] }))).toEqual([
      'PodReadyToStartContainers True',
      'Initialized True',
      'Ready True',
      'ContainersReady True',
      'PodScheduled True',
    ]);
  });
  it('name what is not ready, and what is not known', () => {
    const found = words(podConditions({ ...base, statuses: [initDone, status('a', { ready: false })] }));
    expect(found[2]).toBe(
      'Ready False ContainersNotReady containers with unknown status: [b], containers with unready status: [a]',
    );
  });
  it('name the init containers that are not done', () => {
    const waiting = { state: { waiting: {} }, ready: false };
    const statuses = [status('i', { ready: false }), status('a', waiting), status('b', waiting)];
    const found = words(podConditions({ ...base, phase: 'Pending', statuses }));
    expect(found[1]).toBe(
      'Initialized False ContainersNotInitialized containers with incomplete status: [i]',
    );
  });
  it('say of a pod that is over how it ended', () => {
    const over = { state: { terminated: { exitCode: 0 } }, ready: false };
    const statuses = [initDone, status('a', over), status('b', over)];
    expect(words(podConditions({ ...base, phase: 'Succeeded', statuses })).slice(1, 4)).toEqual([
      'Initialized True PodCompleted',
      'Ready False PodCompleted',
      'ContainersReady False PodCompleted',
    ]);
    expect(words(podConditions({ ...base, phase: 'Failed', statuses }))[2]).toBe('Ready False PodFailed');
  });
  it('wait for the readiness gates of others', () => {
    const gates = ['x/a', 'x/b'].map((conditionType) => ({ conditionType }));
    const gated = {
      ...pod,
      spec: { containers: [], readinessGates: gates },
      status: { conditions: [{ type: 'x/b', status: 'False' }] },
    };
    const ready = podConditions({ ...base, pod: gated, statuses: [] })[2];
    expect(ready).toMatchObject({
      reason: 'ReadinessGatesNotReady',
      message:
        'corresponding condition of pod readiness gate "x/a" does not exist., the status of pod readiness gate "x/b" is not "True", but False',
    });
  });
  it('keep their time until they change', () => {
    const old = [{ type: 'Ready', status: 'True', lastTransitionTime: 'then' }];
    const statuses = [initDone, status('a'), status('b')];
    expect(podConditions({ ...base, old, statuses })[2]?.lastTransitionTime).toBe('then');
    expect(podConditions({ ...base, old, statuses: [] })[2]?.lastTransitionTime).toBe('now');
  });
});

describe('finalStatus()', () => {
  const waiting = status('a', { state: { waiting: { reason: 'ContainerCreating' } }, ready: false });
  it('fails what left no trace', () => {
    const final = finalStatus(
      { spec: { containers: [{ name: 'a' }] } },
      { phase: 'Pending', containerStatuses: [waiting] },
    );
    expect(final.phase).toBe('Failed');
    expect(final.containerStatuses?.[0]?.state?.terminated).toMatchObject({
      exitCode: 137,
      reason: 'ContainerStatusUnknown',
    });
  });
  it('leaves containers alone that init never let begin', () => {
    const init = status('i', { state: { waiting: {} } });
    const final = finalStatus(pod, {
      phase: 'Pending',
      containerStatuses: [waiting],
      initContainerStatuses: [init],
    });
    expect(final.containerStatuses).toEqual([waiting]);
    expect(final.initContainerStatuses?.[0]?.state?.terminated?.exitCode).toBe(137);
  });
  it('leaves a pod that succeeded as it is', () => {
    const done = status('a', { state: { terminated: { exitCode: 0 } } });
    const before = { phase: 'Succeeded', containerStatuses: [done] };
    expect(finalStatus({ spec: { containers: [{ name: 'a' }] } }, before)).toEqual(before);
  });
});
