import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type {
  ControllerRevision,
  PersistentVolumeClaim,
  Pod,
  StatefulSet,
  StatefulSetSpec,
} from '../../../openapi/generated/types.ts';
import { planSet, setStatus, type SetState } from './stateful-plan.ts';

const nowMs = Date.UTC(2026, 0, 2, 3, 4, 5);
const rolling = { type: 'RollingUpdate', rollingUpdate: { partition: 0 } };
const claimTemplate: PersistentVolumeClaim = { metadata: { name: 'data' }, spec: {} };

function revision(name: string): ControllerRevision {
  return { metadata: { name }, revision: 1, data: { spec: { template: { spec: { containers: [] } } } } };
}
function setOf(spec: Partial<StatefulSetSpec>): StatefulSet {
  return {
    metadata: { name: 'web', namespace: 'd', uid: 's', generation: 3 },
    spec: {
      replicas: 3,
      selector: { matchLabels: { app: 'web' } },
      serviceName: 'web',
      template: {},
      updateStrategy: rolling,
      ...spec,
    },
  };
}
type Kind = 'ready' | 'pending' | 'failed' | 'going' | 'young';
/** "1:ready" of the old revision, "1:ready:new" of the new one. */
function podOf(text: string): Pod {
  const [ordinal, kind = 'ready', made] = text.split(':') as [string, Kind | undefined, string | undefined];
  const name = `web-${ordinal}`;
  const since = new Date(nowMs - (kind === 'young' ? 1000 : 60_000)).toISOString();
  const phases: Readonly<Record<Kind, string>> = {
    ready: 'Running',
    young: 'Running',
    going: 'Running',
    pending: 'Pending',
    failed: 'Failed',
  };
  return {
    metadata: {
      name,
      namespace: 'd',
      uid: `u${ordinal}`,
      labels: {
        'controller-revision-hash': made === 'new' ? 'web-new' : 'web-old',
        'statefulset.kubernetes.io/pod-name': name,
      },
      ...(kind === 'going' ? { deletionTimestamp: since } : {}),
    },
    spec: {
      containers: [],
      volumes: [{ name: 'data', persistentVolumeClaim: { claimName: `data-${name}` } }],
    },
    status: {
      phase: phases[kind],
      conditions: [
        {
          type: 'Ready',
          status: ['ready', 'young', 'going'].includes(kind) ? 'True' : 'False',
          lastTransitionTime: since,
        },
      ],
    },
  };
}
function stateOf(
  pods: readonly string[],
  spec: Partial<StatefulSetSpec> = {},
  more: Partial<SetState> = {},
): SetState {
  return {
    set: setOf(spec),
    pods: pods.map(podOf),
    claimOf: () => undefined,
    current: revision('web-old'),
    update: revision('web-old'),
    collisionCount: 0,
    nowMs,
    ...more,
  };
}
const updating = { update: revision('web-new') };
const told = (state: SetState): readonly string[] =>
  planSet(state).map(({ action, pod }) => `${action} ${pod.metadata?.name ?? ''}`);

describe('planSet()', () => {
  const cases: readonly {
    name: string;
    pods: readonly string[];
    spec?: Partial<StatefulSetSpec>;
    more?: Partial<SetState>;
    want: readonly string[];
  }[] = [
    { name: 'makes the first pod first', pods: [], want: ['create web-0'] },
    { name: 'makes the next when the one before is ready', pods: ['0'], want: ['create web-1'] },
    { name: 'waits for a pod that is not ready', pods: ['0:pending'], want: [] },
    {
      name: 'waits for a pod that is not ready for long enough',
      pods: ['0:young'],
      spec: { minReadySeconds: 10 },
      want: [],
    },
    { name: 'waits for a pod that is on its way out', pods: ['0:going', '1', '2'], want: [] },
    {
      name: 'makes all at once when parallel',
      pods: ['1:pending'],
      spec: { podManagementPolicy: 'Parallel' },
      want: ['create web-0', 'create web-2'],
    },
    { name: 'fills a gap before anything above it', pods: ['0', '2'], want: ['create web-1'] },
    {
      name: 'deletes a pod that failed, to make it anew',
      pods: ['0', '1:failed', '2'],
      want: ['delete web-1'],
    },
    {
      name: 'starts at its first ordinal, and takes down what is below it',
      pods: ['5', '6', '0', '1'],
      spec: { replicas: 2, ordinals: { start: 5 } },
      want: ['delete web-1'],
    },
    {
      name: 'scales down from the top',
      pods: ['0', '1', '2'],
      spec: { replicas: 1 },
      want: ['delete web-2'],
    },
    {
      name: 'scales down no further while a pod below is not ready',
      pods: ['0', '1:pending', '2'],
      spec: { replicas: 1 },
      want: ['delete web-2'],
    },
    {
      name: 'does not scale down while the highest is on its way out',
      pods: ['0', '1', '2:going'],
      spec: { replicas: 1 },
      want: [],
    },
    {
      name: 'leaves a second sick pod until the first is gone',
      pods: ['0', '1:pending', '2:pending'],
      spec: { replicas: 1 },
      want: [],
    },
    {
      name: 'scales down all at once when parallel',
      pods: ['0', '1:pending', '2'],
      spec: { replicas: 0, podManagementPolicy: 'Parallel' },
      want: ['delete web-2', 'delete web-1', 'delete web-0'],
    },
    { name: 'updates from the top', pods: ['0', '1', '2'], more: updating, want: ['delete web-2'] },
    {
      name: 'updates the next when the one above is ready',
      pods: ['0', '1', '2:ready:new'],
      more: updating,
      want: ['delete web-1'],
    },
    {
      name: 'waits with the update for the one above',
      pods: ['0', '1', '2:pending:new'],
      spec: { podManagementPolicy: 'Parallel' },
      more: updating,
      want: [],
    },
    {
      name: 'keeps what is below the partition',
      pods: ['0', '1', '2:ready:new'],
      spec: { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 2 } } },
      more: updating,
      want: [],
    },
    {
      name: 'with OnDelete leaves the update to others',
      pods: ['0', '1', '2'],
      spec: { updateStrategy: { type: 'OnDelete' } },
      more: updating,
      want: [],
    },
    {
      name: 'makes the claims that a waiting pod lacks',
      pods: ['0:pending'],
      spec: { volumeClaimTemplates: [claimTemplate] },
      want: ['claims web-0'],
    },
    {
      name: 'gives claims to whom the retention policy says',
      pods: ['0', '1'],
      spec: {
        replicas: 1,
        volumeClaimTemplates: [claimTemplate],
        persistentVolumeClaimRetentionPolicy: { whenScaled: 'Delete' },
      },
      more: { claimOf: (name) => ({ metadata: { name, namespace: 'd', uid: name } }) },
      want: ['claims web-1', 'delete web-1'],
    },
    {
      name: 'waits for a claim that goes with the last pod of its name',
      pods: [],
      spec: {
        volumeClaimTemplates: [claimTemplate],
        persistentVolumeClaimRetentionPolicy: { whenScaled: 'Delete' },
      },
      more: {
        claimOf: (name) => ({
          metadata: {
            name,
            ownerReferences: [
              { apiVersion: 'v1', kind: 'Pod', name: 'web-0', uid: 'earlier', controller: true },
            ],
          },
        }),
      },
      want: [],
    },
  ];
  for (const { name, pods, spec, more, want } of cases)
    it(name, () => {
      expect(told(stateOf(pods, spec, more))).toEqual(want);
    });

  it('makes pods below the partition of the old revision, others of the new one', () => {
    const spec = {
      podManagementPolicy: 'Parallel',
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 1 } },
    };
    const made = planSet(stateOf([], spec, updating)).map(
      ({ pod }) => pod.metadata?.labels?.['controller-revision-hash'],
    );
    expect(made).toEqual(['web-old', 'web-new', 'web-new']);
  });

  it('gives a pod its name, host name, labels and volumes', () => {
    const [step] = planSet(stateOf([], { volumeClaimTemplates: [claimTemplate] }));
    expect(step?.pod).toMatchObject({
      metadata: {
        name: 'web-0',
        labels: {
          'apps.kubernetes.io/pod-index': '0',
          'statefulset.kubernetes.io/pod-name': 'web-0',
          'controller-revision-hash': 'web-old',
        },
        ownerReferences: [{ kind: 'StatefulSet', name: 'web', uid: 's', controller: true }],
      },
      spec: {
        hostname: 'web-0',
        subdomain: 'web',
        volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data-web-0' } }],
      },
    });
  });
});

describe('planSet() of an ordered set', () => {
  const kinds = ['ready', 'pending', 'failed', 'going', 'young', 'none'] as const;
  const pod = fc.record({ kind: fc.constantFrom(...kinds), isNew: fc.boolean() });
  it('does one thing at a time, never above a pod that is not well', () => {
    fc.assert(
      fc.property(
        fc.array(pod, { maxLength: 6 }),
        fc.nat(6),
        fc.nat(6),
        fc.nat(2),
        (all, replicas, partition, minReadySeconds) => {
          const texts = all.flatMap(({ kind, isNew }, i) =>
            kind === 'none' ? [] : [`${i}:${kind}${isNew ? ':new' : ''}`],
          );
          const updateStrategy = { type: 'RollingUpdate', rollingUpdate: { partition } };
          const state = stateOf(texts, { replicas, minReadySeconds, updateStrategy }, updating);
          const steps = planSet(state);
          expect(steps.length).toBeLessThanOrEqual(1);
          const [step] = steps;
          if (step === undefined) return;
          const ordinal = Number(step.pod.metadata?.name?.slice('web-'.length));
          const isWell = (i: number): boolean =>
            all[i]?.kind === 'ready' || (all[i]?.kind === 'young' && minReadySeconds <= 1);
          const below = Array.from({ length: Math.min(ordinal, replicas) }, (_, i) => i);
          if (step.action === 'create') {
            expect(all[ordinal]?.kind ?? 'none').toBe('none');
            expect(ordinal).toBeLessThan(replicas);
          }
          if (step.isUpdate === true) {
            expect([all[ordinal]?.isNew, ordinal >= partition]).toEqual([false, true]);
            for (let i = ordinal + 1; i < replicas; i++) expect(isWell(i)).toBe(true);
          }
          expect(below.every(isWell)).toBe(true);
          expect(all[ordinal]?.kind).not.toBe('going');
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('setStatus()', () => {
  it('counts pods by what they are made of, and an update at once', () => {
    const state = stateOf(['0', '1:young', '2:ready:new'], { minReadySeconds: 5 }, updating);
    expect(setStatus(state, planSet(state))).toEqual({
      observedGeneration: 3,
      replicas: 3,
      readyReplicas: 3,
      currentReplicas: 2,
      updatedReplicas: 1,
      availableReplicas: 2,
      currentRevision: 'web-old',
      updateRevision: 'web-new',
      collisionCount: 0,
    });
  });

  it('makes the new revision the current one when all pods are of it', () => {
    const state = stateOf(['0:ready:new', '1:ready:new', '2:ready:new'], {}, updating);
    expect(setStatus(state, [])).toMatchObject({ currentRevision: 'web-new', currentReplicas: 3 });
  });
});
