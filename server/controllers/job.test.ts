import { afterEach, describe, expect, it } from '@jest/globals';
import { startControlPlane, until, type ControlPlane } from '../../test/fakes/control-plane.ts';
import { events, jobs, pods } from '../../openapi/generated/resources.ts';
import type { Job, JobSpec, Pod } from '../../openapi/generated/types.ts';
import { createJobOrphanController } from './job-orphans.ts';
import { createJobController } from './job.ts';
import { without } from './shared/compact.ts';
import { indexesText, parseIndexes } from './shared/job-indexes.ts';

let plane: ControlPlane;
afterEach(() => plane.running.stop());
const key = { namespace: 'default', name: 'j' };

/** A Job as the server stores it: with the selector and labels that it adds. */
async function start(spec: Partial<JobSpec>): Promise<void> {
  const labels = { 'batch.kubernetes.io/job-name': 'j' };
  plane = await startControlPlane([createJobController(), createJobOrphanController()], (api) =>
    api.client.create(jobs, {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: key,
      spec: {
        parallelism: 1,
        completions: 1,
        backoffLimit: 6,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] },
        },
        ...spec,
      },
    }),
  );
  await plane.clock.advance(1000);
}

const job = (): Job => plane.api.all(jobs)[0] ?? {};
const alive = (): readonly Pod[] =>
  plane.api
    .all(pods)
    .filter((pod) => pod.status?.phase === undefined && pod.metadata?.deletionTimestamp === undefined);
const conditions = (): readonly string[] =>
  (job().status?.conditions ?? []).map((each) => `${each.type}=${each.status} ${each.reason ?? ''}`);
const told = (): readonly string[] => plane.api.all(events).map((event) => event.message ?? '');

/** Ends running pods, the first `count` of them. */
async function end(phase: 'Succeeded' | 'Failed', count = Infinity): Promise<void> {
  for (const pod of alive().slice(0, count))
    await plane.api.client.patch(
      pods,
      { ...key, name: pod.metadata?.name ?? '' },
      { status: { phase } },
      { type: 'merge', subresource: 'status' },
    );
  await plane.clock.advance(1000);
}

describe('the job controller', () => {
  it('runs a pod to completion, counts it, and lets its finalizer go', async () => {
    await start({});
    expect(alive()[0]?.metadata).toMatchObject({
      generateName: 'j-',
      finalizers: ['batch.kubernetes.io/job-tracking'],
    });
    expect(job().status).toMatchObject({ active: 1, ready: 0, terminating: 0, uncountedTerminatedPods: {} });
    await end('Succeeded');
    expect(job().status).toMatchObject({
      succeeded: 1,
      uncountedTerminatedPods: {},
      completionTime: '2026-01-02T03:04:06Z',
    });
    expect(job().status?.active).toBeUndefined();
    expect(conditions()).toEqual([
      'SuccessCriteriaMet=True CompletionsReached',
      'Complete=True CompletionsReached',
    ]);
    expect(plane.api.all(pods)[0]?.metadata?.finalizers).toBeUndefined();
    expect(told()).toContain('Job completed');
  });

  it('never runs more pods than parallelism, nor more than are needed', async () => {
    await start({ parallelism: 3, completions: 5 });
    expect(alive()).toHaveLength(3);
    await end('Succeeded');
    expect(alive()).toHaveLength(2);
    await end('Succeeded');
    expect(job().status?.succeeded).toBe(5);
    expect(plane.api.all(pods)).toHaveLength(5);
  });

  it('gives each index one pod at a time, until all have succeeded', async () => {
    await start({ completionMode: 'Indexed', parallelism: 2, completions: 3 });
    const indexes = (): readonly (string | undefined)[] =>
      alive().map((pod) => pod.metadata?.annotations?.['batch.kubernetes.io/job-completion-index']);
    expect(indexes()).toEqual(['0', '1']);
    expect(alive()[0]).toMatchObject({
      metadata: { generateName: 'j-0-', labels: { 'batch.kubernetes.io/job-completion-index': '0' } },
      spec: {
        hostname: 'j-0',
        containers: [
          {
            env: [
              {
                name: 'JOB_COMPLETION_INDEX',
                valueFrom: {
                  fieldRef: { fieldPath: "metadata.labels['batch.kubernetes.io/job-completion-index']" },
                },
              },
            ],
          },
        ],
      },
    });
    await end('Failed', 1);
    await plane.clock.advance(15_000);
    expect([...indexes()].sort()).toEqual(['0', '1']);
    await end('Succeeded');
    expect(job().status?.completedIndexes).toBe('0,1');
    await end('Succeeded');
    expect(job().status).toMatchObject({ completedIndexes: '0-2', succeeded: 3, failed: 1 });
    expect(conditions().at(-1)).toBe('Complete=True CompletionsReached');
  });

  it('waits longer after each failure, and gives up beyond the limit', async () => {
    await start({ backoffLimit: 2 });
    await end('Failed');
    expect(alive()).toHaveLength(0);
    await plane.clock.advance(10_000);
    expect(alive()).toHaveLength(1);
    await end('Failed');
    await plane.clock.advance(10_000);
    expect(alive()).toHaveLength(0);
    await plane.clock.advance(10_000);
    await end('Failed');
    expect(job().status?.failed).toBe(3);
    expect(conditions()).toEqual([
      'FailureTarget=True BackoffLimitExceeded',
      'Failed=True BackoffLimitExceeded',
    ]);
    expect(told()).toContain('Job has reached the specified backoff limit');
  });

  it('ends at its deadline, with its pods', async () => {
    await start({ activeDeadlineSeconds: 60, parallelism: 2, completions: 4 });
    await plane.clock.advance(61_000);
    await until(plane, () => conditions().length === 2, { nodes: true });
    expect(conditions()).toEqual(['FailureTarget=True DeadlineExceeded', 'Failed=True DeadlineExceeded']);
    expect(alive()).toHaveLength(0);
    expect(job().status?.failed).toBe(2);
  });

  it('stops its pods while it is suspended, and does not count them', async () => {
    await start({ parallelism: 2, completions: 2 });
    await plane.api.client.patch(jobs, key, { spec: { suspend: true } }, { type: 'merge' });
    await plane.clock.advance(1000);
    expect([alive().length, conditions()]).toEqual([0, ['Suspended=True JobSuspended']]);
    expect(job().status?.startTime).toBeUndefined();
    await plane.api.client.patch(jobs, key, { spec: { suspend: false } }, { type: 'merge' });
    await plane.clock.advance(1000);
    expect([alive().length, conditions()]).toEqual([2, ['Suspended=False JobResumed']]);
    await end('Succeeded');
    expect(job().status).toMatchObject({ succeeded: 2 });
    expect(job().status?.failed).toBeUndefined();
    expect(told()).toEqual(expect.arrayContaining(['Job suspended', 'Job resumed']));
  });

  it('without completions ends when one pod has succeeded and none runs', async () => {
    await start({ parallelism: 2 });
    const spec = without(job().spec ?? { template: {} }, 'completions');
    await plane.api.client.update(jobs, { ...job(), spec });
    await plane.clock.advance(1000);
    await end('Succeeded', 1);
    expect(conditions()).toEqual([]);
    await end('Succeeded');
    expect(conditions().at(-1)).toBe('Complete=True CompletionsReached');
  });

  it('counts a pod once, whatever fails between', async () => {
    await start({ parallelism: 4, completions: 4 });
    plane.api.fail('update', jobs, new Error('the server is away'), 2);
    let refusals = 3;
    plane.api.onWrite = (verb, _, object) => {
      const releases = verb === 'patch' && (object as Pod).status?.phase === 'Succeeded';
      if (releases && refusals-- > 0) throw new Error('the server is away');
    };
    await end('Succeeded');
    await plane.clock.advance(60_000);
    expect(job().status).toMatchObject({ succeeded: 4, uncountedTerminatedPods: {} });
    expect(plane.api.all(pods)).toHaveLength(4);
  });

  const withExit = async (pod: Pod | undefined, exitCode: number): Promise<void> => {
    const terminated = { exitCode, finishedAt: new Date(plane.clock.now()).toISOString() };
    const status = {
      phase: exitCode === 0 ? 'Succeeded' : 'Failed',
      containerStatuses: [{ name: 'c', state: { terminated } }],
    };
    const name = pod?.metadata?.name ?? '';
    await plane.api.client.patch(
      pods,
      { ...key, name },
      { status },
      { type: 'merge', subresource: 'status' },
    );
    await plane.clock.advance(1000);
  };
  const podOfIndex = (index: number): Pod | undefined =>
    alive().find(
      (pod) => pod.metadata?.annotations?.['batch.kubernetes.io/job-completion-index'] === String(index),
    );
  const exitRule = (
    action: string,
    code: number,
  ): NonNullable<JobSpec['podFailurePolicy']>['rules'][number] => ({
    action,
    onExitCodes: { containerName: 'c', operator: 'In', values: [code] },
  });

  it('fails at once when a rule of the failure policy says so', async () => {
    await start({ parallelism: 2, completions: 2, podFailurePolicy: { rules: [exitRule('FailJob', 42)] } });
    const [pod] = alive();
    await withExit(pod, 42);
    await until(plane, () => conditions().length === 2);
    const message = `Container c for pod default/${pod?.metadata?.name ?? ''} failed with exit code 42 matching FailJob rule at index 0`;
    expect(job().status?.conditions).toMatchObject([
      { type: 'FailureTarget', reason: 'PodFailurePolicy', message },
      { type: 'Failed', reason: 'PodFailurePolicy', message },
    ]);
    expect(job().status?.failed).toBe(2);
  });

  it('does not count a failure that the policy ignores', async () => {
    const onPodConditions = [{ type: 'DisruptionTarget', status: 'True' }];
    await start({ backoffLimit: 0, podFailurePolicy: { rules: [{ action: 'Ignore', onPodConditions }] } });
    const status = { phase: 'Failed', conditions: onPodConditions };
    const name = alive()[0]?.metadata?.name ?? '';
    await plane.api.client.patch(
      pods,
      { ...key, name },
      { status },
      { type: 'merge', subresource: 'status' },
    );
    await plane.clock.advance(15_000);
    expect([alive().length, job().status?.failed, conditions()]).toEqual([1, undefined, []]);
    await withExit(alive()[0], 0);
    expect(conditions().at(-1)).toBe('Complete=True CompletionsReached');
  });

  it('counts failures of each index by itself, and fails in the end for those that were given up', async () => {
    await start({
      completionMode: 'Indexed',
      parallelism: 2,
      completions: 2,
      backoffLimit: 2147483647,
      backoffLimitPerIndex: 1,
    });
    expect(job().status?.failedIndexes).toBe('');
    await withExit(podOfIndex(0), 1);
    expect([podOfIndex(0), job().status?.failed]).toEqual([undefined, undefined]);
    await plane.clock.advance(10_000);
    expect(podOfIndex(0)?.metadata?.annotations?.['batch.kubernetes.io/job-index-failure-count']).toBe('1');
    await plane.clock.advance(1000);
    expect(job().status?.failed).toBe(1);
    await withExit(podOfIndex(0), 1);
    expect(job().status).toMatchObject({ failed: 2, failedIndexes: '0' });
    await withExit(podOfIndex(1), 0);
    expect(conditions()).toEqual(['FailureTarget=True FailedIndexes', 'Failed=True FailedIndexes']);
    expect(job().status).toMatchObject({ completedIndexes: '1', failedIndexes: '0', succeeded: 1 });
  });

  it('gives an index up at once when the policy says so, and the Job beyond its limit', async () => {
    await start({
      completionMode: 'Indexed',
      parallelism: 3,
      completions: 3,
      backoffLimitPerIndex: 5,
      maxFailedIndexes: 1,
      podFailurePolicy: { rules: [exitRule('FailIndex', 7)] },
    });
    await withExit(podOfIndex(0), 7);
    await plane.clock.advance(20_000);
    expect([job().status?.failedIndexes, podOfIndex(0), conditions()]).toEqual(['0', undefined, []]);
    await withExit(podOfIndex(2), 7);
    await until(plane, () => conditions().length === 2);
    expect(conditions()[0]).toBe('FailureTarget=True MaxFailedIndexesExceeded');
    expect(job().status?.failedIndexes).toBe('0,2');
  });

  it('is complete when its success policy is met, whatever still runs', async () => {
    await start({
      completionMode: 'Indexed',
      parallelism: 3,
      completions: 3,
      successPolicy: { rules: [{ succeededIndexes: '0', succeededCount: 1 }] },
    });
    await withExit(podOfIndex(1), 0);
    expect(conditions()).toEqual([]);
    await withExit(podOfIndex(0), 0);
    await until(plane, () => conditions().length === 2);
    expect(job().status?.conditions).toMatchObject([
      { type: 'SuccessCriteriaMet', reason: 'SuccessPolicy', message: 'Matched rules at index 0' },
      { type: 'Complete', reason: 'SuccessPolicy' },
    ]);
    expect([job().status?.succeeded, job().status?.failed, alive().length]).toEqual([2, undefined, 0]);
  });

  it('with podReplacementPolicy Failed replaces a pod when it has really ended', async () => {
    await start({ podReplacementPolicy: 'Failed' });
    const name = alive()[0]?.metadata?.name ?? '';
    await plane.api.client.patch(pods, { ...key, name }, { spec: { nodeName: 'n' } }, { type: 'merge' });
    await plane.api.client.delete(pods, { ...key, name });
    await plane.clock.advance(20_000);
    expect([alive().length, job().status?.terminating, job().status?.failed]).toEqual([0, 1, undefined]);
    await plane.api.client.patch(
      pods,
      { ...key, name },
      { status: { phase: 'Failed' } },
      { type: 'merge', subresource: 'status' },
    );
    await plane.clock.advance(20_000);
    expect([alive().length, job().status?.failed]).toEqual([1, 1]);
  });

  it('grows and shrinks with its indexes', async () => {
    await start({ completionMode: 'Indexed', parallelism: 3, completions: 3 });
    await withExit(podOfIndex(2), 0);
    const resize = async (count: number): Promise<void> => {
      const spec = { parallelism: count, completions: count };
      await plane.api.client.patch(jobs, key, { spec }, { type: 'merge' });
      await plane.clock.advance(1000);
    };
    await resize(2);
    expect(job().status?.completedIndexes).toBeUndefined();
    await resize(4);
    expect([2, 3].map((index) => podOfIndex(index) !== undefined)).toEqual([true, true]);
  });

  it('leaves a Job that somebody else manages alone', async () => {
    await start({ managedBy: 'example.com/theirs' });
    expect([plane.api.all(pods).length, job().status]).toEqual([0, undefined]);
  });

  it('adopts a pod of its labels, and lets one go whose labels changed', async () => {
    await start({});
    const [pod] = alive();
    const name = pod?.metadata?.name ?? '';
    const set = async (metadata: object): Promise<Pod['metadata']> => {
      await plane.api.client.patch(pods, { ...key, name }, { metadata } as never, { type: 'merge' });
      await plane.clock.advance(2000);
      return plane.api.all(pods).find((each) => each.metadata?.name === name)?.metadata;
    };
    const adopted = await set({ ownerReferences: null });
    expect([adopted?.ownerReferences?.length, adopted?.finalizers]).toEqual([1, pod?.metadata?.finalizers]);
    const released = await set({ labels: null });
    expect([released?.ownerReferences, released?.finalizers]).toEqual([[], []]);
  });

  it('lets the pods of a Job that is gone go', async () => {
    await start({});
    await plane.api.client.delete(jobs, key);
    await plane.clock.advance(1000);
    expect(plane.api.all(pods)[0]?.metadata?.finalizers).toBeUndefined();
  });
});

describe('indexes', () => {
  const cases = [
    ['', []],
    ['0', [0]],
    ['0,1', [0, 1]],
    ['0-2', [0, 1, 2]],
    ['1,3-5,7,8', [1, 3, 4, 5, 7, 8]],
  ] as const;
  for (const [text, numbers] of cases)
    it(`"${text}" is ${JSON.stringify(numbers)}`, () => {
      expect([...parseIndexes(text, 10)]).toEqual(numbers);
      expect(indexesText(new Set(numbers))).toBe(text);
    });
  it('leaves out what is beyond the completions', () => {
    expect([...parseIndexes('1-9', 3)]).toEqual([1, 2]);
  });
});
