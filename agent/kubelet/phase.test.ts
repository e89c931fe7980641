import { describe, expect, it } from '@jest/globals';
import type { ContainerStatus, Pod } from '../../openapi/generated/types.ts';
import { phaseOf, type Phase } from './phase.ts';

type State = 'running' | 'creating' | 'backoff' | 'done' | 'failed' | 'none';

function status(name: string, state: State): ContainerStatus[] {
  const base = { name, ready: false, restartCount: 0, image: 'i', imageID: '', started: true };
  const exited = (exitCode: number): object => ({ terminated: { exitCode } });
  switch (state) {
    case 'none':
      return [];
    case 'running':
      return [{ ...base, state: { running: {} } }];
    case 'creating':
      return [{ ...base, state: { waiting: { reason: 'ContainerCreating' } } }];
    case 'backoff':
      return [{ ...base, state: { waiting: { reason: 'CrashLoopBackOff' } }, lastState: exited(1) }];
    case 'done':
      return [{ ...base, state: exited(0) }];
    case 'failed':
      return [{ ...base, state: exited(1) }];
  }
}

interface Case {
  readonly name: string;
  readonly policy: string;
  readonly init?: State;
  readonly sidecar?: State;
  readonly app: readonly State[];
  readonly terminal?: boolean;
  readonly want: Phase;
}

const cases: readonly Case[] = [
  { name: 'waits for its containers', policy: 'Always', app: ['creating'], want: 'Pending' },
  { name: 'is unknown before a status', policy: 'Always', app: ['none'], want: 'Pending' },
  { name: 'runs when one runs and one is done', policy: 'Never', app: ['running', 'done'], want: 'Running' },
  { name: 'is Running between restarts', policy: 'Always', app: ['backoff'], want: 'Running' },
  {
    name: 'is Running when a failed one will restart',
    policy: 'OnFailure',
    app: ['failed'],
    want: 'Running',
  },
  {
    name: 'is Succeeded when all are done and stay so',
    policy: 'OnFailure',
    app: ['done', 'done'],
    want: 'Succeeded',
  },
  {
    name: 'is Running when done containers restart always',
    policy: 'Always',
    app: ['done'],
    want: 'Running',
  },
  { name: 'is Failed when one failed for good', policy: 'Never', app: ['done', 'failed'], want: 'Failed' },
  { name: 'ends Succeeded when ended', policy: 'Always', app: ['done'], terminal: true, want: 'Succeeded' },
  {
    name: 'ends Failed when ended by a signal',
    policy: 'Always',
    app: ['failed'],
    terminal: true,
    want: 'Failed',
  },
  {
    name: 'is Pending while an init container runs',
    policy: 'Always',
    init: 'running',
    app: ['creating'],
    want: 'Pending',
  },
  {
    name: 'is Failed when init failed for good',
    policy: 'Never',
    init: 'failed',
    app: ['creating'],
    want: 'Failed',
  },
  {
    name: 'is Pending when init is retried',
    policy: 'Always',
    init: 'backoff',
    app: ['creating'],
    want: 'Pending',
  },
  {
    name: 'does not wait for a running sidecar',
    policy: 'Never',
    sidecar: 'running',
    app: ['done'],
    want: 'Running',
  },
  {
    name: 'does not mind a failed sidecar',
    policy: 'Never',
    sidecar: 'failed',
    app: ['done'],
    want: 'Succeeded',
  },
];

describe('phaseOf()', () => {
  for (const { name, policy, init, sidecar, app, terminal = false, want } of cases) {
    it(name, () => {
      const pod: Pod = {
        spec: {
          restartPolicy: policy,
          initContainers: [
            ...(init === undefined ? [] : [{ name: 'init' }]),
            ...(sidecar === undefined ? [] : [{ name: 'side', restartPolicy: 'Always' }]),
          ],
          containers: app.map((_, index) => ({ name: `c${index}` })),
        },
      };
      const statuses = [
        ...status('init', init ?? 'none'),
        ...status('side', sidecar ?? 'none'),
        ...app.flatMap((state, index) => status(`c${index}`, state)),
      ];
      expect(phaseOf({ pod, statuses, terminal, initialized: true })).toBe(want);
    });
  }
});
