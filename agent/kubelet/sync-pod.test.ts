import { describe, expect, it } from '@jest/globals';
import type { Container, Pod } from '../../openapi/generated/types.ts';
import { ContainerState, type ContainerStatus, type SandboxStatus } from '../runtime/driver.ts';
import { specHash } from './spec-hash.ts';
import { planPod, type ProbeKind, type ProbeResult } from './sync-pod.ts';

const ref = { name: 'p', namespace: 'd', uid: 'u' };

function container(name: string, more: Partial<ContainerStatus> = {}): ContainerStatus {
  return {
    ...{
      id: `id-${name}`,
      pod: ref,
      name,
      attempt: 0,
      sandboxId: 's0',
      state: ContainerState.Running,
      image: 'i',
    },
    ...{
      imageId: 'sha256:i',
      createdMs: 1,
      startedMs: 1,
      finishedMs: 0,
      exitCode: 0,
      reason: '',
      message: '',
    },
    ...{ specHash: specHash({ name, image: 'i' }), tty: false },
    ...more,
  };
}
function exited(name: string, exitCode: number): ContainerStatus {
  return container(name, { state: ContainerState.Exited, exitCode, finishedMs: 2 });
}
function sandbox(more: Partial<SandboxStatus> = {}): SandboxStatus {
  return { id: 's0', pod: ref, attempt: 0, running: true, pid: 9, network: 'pod', createdMs: 1, ...more };
}

interface Case {
  readonly name: string;
  readonly app?: readonly Container[];
  readonly init?: readonly Container[];
  readonly policy?: string;
  readonly deleting?: boolean;
  readonly sandboxes?: readonly SandboxStatus[];
  readonly containers?: readonly ContainerStatus[];
  readonly probes?: Readonly<Partial<Record<`${ProbeKind}/${string}`, ProbeResult>>>;
  readonly ephemeral?: readonly Container[];
  readonly want: string;
}

const a: Container = { name: 'a', image: 'i' };
const b: Container = { name: 'b', image: 'i' };
const side: Container = { name: 'side', image: 'i', restartPolicy: 'Always' };
const one = [sandbox()];

/** A plan in words: "kill-pod sandbox(1) kill:a init:x start:a,b". */
const cases: readonly Case[] = [
  { name: 'starts a new pod', sandboxes: [], want: 'kill-pod sandbox(0) start:a' },
  {
    name: 'begins with the first init container',
    init: [b],
    sandboxes: [],
    want: 'kill-pod sandbox(0) init:b',
  },
  { name: 'starts what is not there', want: 'start:a' },
  { name: 'leaves alone what runs', containers: [container('a')], want: '' },
  {
    name: 'starts what was made and never started',
    containers: [container('a', { state: 'created' })],
    want: 'start:a',
  },
  { name: 'restarts what has ended', containers: [exited('a', 0)], want: 'start:a' },
  { name: 'restarts what failed', policy: 'OnFailure', containers: [exited('a', 1)], want: 'start:a' },
  { name: 'lets what is done be done', policy: 'OnFailure', containers: [exited('a', 0)], want: 'kill-pod' },
  {
    name: 'lets what failed be, when told so',
    policy: 'Never',
    containers: [exited('a', 1)],
    want: 'kill-pod',
  },
  {
    name: 'keeps a pod while one of it runs',
    policy: 'Never',
    app: [a, b],
    containers: [exited('a', 1), container('b')],
    want: '',
  },
  {
    name: 'restarts nothing of a pod that is deleted',
    deleting: true,
    containers: [exited('a', 1)],
    want: 'kill-pod',
  },
  {
    name: 'makes a new sandbox when the old one died',
    sandboxes: [sandbox({ running: false, attempt: 2 })],
    containers: [exited('a', 255)],
    want: 'kill-pod sandbox(3) start:a',
  },
  {
    name: 'makes no new sandbox for a pod that may not restart',
    policy: 'Never',
    sandboxes: [sandbox({ running: false })],
    containers: [exited('a', 255)],
    want: 'kill-pod',
  },
  {
    name: 'makes no new sandbox when all is done',
    policy: 'OnFailure',
    sandboxes: [sandbox({ running: false })],
    containers: [exited('a', 0)],
    want: 'kill-pod',
  },
  {
    name: 'runs what is not done in the new sandbox',
    policy: 'OnFailure',
    app: [a, b],
    sandboxes: [sandbox({ running: false })],
    containers: [exited('a', 0), exited('b', 255)],
    want: 'kill-pod sandbox(1) start:b',
  },
  {
    name: 'makes a new sandbox on the right network',
    sandboxes: [sandbox({ network: 'host' })],
    containers: [container('a')],
    want: 'kill-pod sandbox(1) start:a',
  },
  {
    name: 'settles two sandboxes by a new one',
    sandboxes: [sandbox(), sandbox({ id: 's1' })],
    want: 'kill-pod sandbox(1) start:a',
  },
  { name: 'waits for a running init container', init: [b], containers: [container('b')], want: '' },
  {
    name: 'starts the next init container',
    init: [b, { name: 'c', image: 'i' }],
    containers: [exited('b', 0)],
    want: 'init:c',
  },
  { name: 'starts the pod when init is done', init: [b], containers: [exited('b', 0)], want: 'start:a' },
  { name: 'tries a failed init container again', init: [b], containers: [exited('b', 1)], want: 'init:b' },
  {
    name: 'gives up when init may not restart',
    policy: 'Never',
    init: [b],
    containers: [exited('b', 1)],
    want: 'kill-pod',
  },
  { name: 'needs no init history once the pod runs', init: [b], containers: [container('a')], want: '' },
  { name: 'goes on past a running sidecar', init: [side], containers: [container('side')], want: 'start:a' },
  {
    name: 'waits for a sidecar that has not started up',
    init: [{ ...side, startupProbe: {} }],
    containers: [container('side')],
    want: '',
  },
  {
    name: 'goes on once it has',
    init: [{ ...side, startupProbe: {} }],
    containers: [container('side')],
    probes: { 'startup/id-side': 'success' },
    want: 'start:a',
  },
  {
    name: 'restarts a sidecar that failed to start up',
    init: [{ ...side, startupProbe: {} }],
    containers: [container('side')],
    probes: { 'startup/id-side': 'failure' },
    want: 'kill:side init:side',
  },
  {
    name: 'restarts a sidecar that ended',
    init: [side],
    containers: [container('a'), exited('side', 0)],
    want: 'init:side',
  },
  { name: 'starts a sidecar that is gone', init: [side], containers: [container('a')], want: 'init:side' },
  {
    name: 'ends a sidecar with the pod',
    policy: 'Never',
    init: [side],
    containers: [container('side'), exited('a', 0)],
    want: 'kill-pod',
  },
  {
    name: 'restarts what fails its liveness probe',
    containers: [container('a')],
    probes: { 'liveness/id-a': 'failure' },
    want: 'kill:a start:a',
  },
  {
    name: 'restarts what fails its startup probe',
    containers: [container('a')],
    probes: { 'startup/id-a': 'failure' },
    want: 'kill:a start:a',
  },
  {
    name: 'kills for good what may not restart',
    policy: 'Never',
    app: [a, b],
    containers: [container('a'), container('b')],
    probes: { 'liveness/id-a': 'failure' },
    want: 'kill:a',
  },
  {
    name: 'does not restart for readiness',
    containers: [container('a')],
    probes: { 'readiness/id-a': 'failure' },
    want: '',
  },
  {
    name: 'restarts with a new image',
    app: [{ name: 'a', image: 'other' }],
    containers: [container('a')],
    want: 'kill:a start:a',
  },
  {
    name: 'adopts what an agent with another algorithm started',
    app: [{ name: 'a', image: 'other' }],
    containers: [container('a', { specHash: '0:abc' })],
    want: '',
  },
  {
    name: 'does not restart for fields that users cannot change',
    app: [{ ...a, env: [{ name: 'X', value: '1' }] }],
    containers: [container('a')],
    want: '',
  },
  {
    name: 'starts an ephemeral container once',
    ephemeral: [b],
    containers: [container('a')],
    want: 'ephemeral:b',
  },
  { name: 'and never again', ephemeral: [b], containers: [container('a'), exited('b', 1)], want: '' },
];

describe('planPod()', () => {
  for (const each of cases) {
    it(each.name, () => {
      const pod: Pod = {
        metadata: {
          ...ref,
          ...(each.deleting === true ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}),
        },
        spec: {
          containers: each.app ?? [a],
          initContainers: each.init ?? [],
          ephemeralContainers: each.ephemeral ?? [],
          restartPolicy: each.policy ?? 'Always',
        },
      };
      const plan = planPod({
        pod,
        runtime: { sandboxes: each.sandboxes ?? one, containers: each.containers ?? [] },
        probe: (kind, id) => each.probes?.[`${kind}/${id}`],
      });
      const names = (all: readonly Container[]): string => all.map(({ name }) => name).join(',');
      const words = [
        plan.killPod ? 'kill-pod' : '',
        plan.createSandbox ? `sandbox(${plan.attempt})` : '',
        plan.kill.length > 0 ? `kill:${plan.kill.map(({ status }) => status.name).join(',')}` : '',
        plan.startEphemeral.length > 0 ? `ephemeral:${names(plan.startEphemeral)}` : '',
        plan.startInit.length > 0 ? `init:${names(plan.startInit)}` : '',
        plan.start.length > 0 ? `start:${names(plan.start)}` : '',
      ];
      expect(words.filter((word) => word !== '').join(' ')).toBe(each.want);
    });
  }
});
