import { afterEach, describe, expect, it } from '@jest/globals';
import { setMaxListeners } from 'node:events';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from '../../openapi/client/client.ts';
import { startInformer } from '../../openapi/client/create-informer.ts';
import { createFakeApi, type FakeApi } from '../../openapi/client/fake.ts';
import { pods } from '../../openapi/generated/resources.ts';
import type { ContainerStatus, Pod, PodSpec, PodStatus } from '../../openapi/generated/types.ts';
import { silentLogger } from '../../openapi/machinery/log.ts';
import { FakeClock, settle } from '../../test/fakes/clock.ts';
import { createFakeMounts } from '../host/mounts.ts';
import type { PodNetwork } from '../network/pod-network.ts';
import { FakeDriver } from '../runtime/fake.ts';
import type { VolumeSources } from '../volumes/plugin.ts';
import { PodVolumes } from '../volumes/pod-volumes.ts';
import { BackOff } from './back-off.ts';
import { Images } from './images.ts';
import { Kubelet } from './kubelet.ts';
import { PodEvents } from './pod-events.ts';
import { Prober } from './prober.ts';
import { StatusManager } from './status-manager.ts';

/**
 * Lets everything run that can without time. Calls to the disk take turns of the loop: each call of our own comes home after
 * those that were made before it, and no step of the kubelet makes more than this many one after the other.
 */
async function quiet(): Promise<void> {
  for (let call = 0; call < 40; call++) {
    await stat('/');
    await settle(1);
  }
}

class FakeNetwork implements PodNetwork {
  gateway: string | undefined = '10.0.0.1';
  readonly attached = new Map<string, string>();
  configure(): Promise<void> {
    return Promise.resolve();
  }
  attach(podUid: string): ReturnType<PodNetwork['attach']> {
    const ip = this.attached.get(podUid) ?? `10.0.0.${10 + this.attached.size}`;
    this.attached.set(podUid, ip);
    return Promise.resolve({ ip, gateway: '10.0.0.1' });
  }
  detach(podUid: string): Promise<void> {
    this.attached.delete(podUid);
    return Promise.resolve();
  }
  retainOnly(): Promise<void> {
    return Promise.resolve();
  }
}

/** Says which removals are under way: on a busy disk they take longer than everything else together. */
class CountedVolumes extends PodVolumes {
  static removing: Promise<void> = Promise.resolve();
  override tearDown(podUid: string): Promise<void> {
    const done = super.tearDown(podUid);
    CountedVolumes.removing = Promise.all([CountedVolumes.removing, done.catch(() => undefined)]).then(
      () => undefined,
    );
    return done;
  }
}

/** A strategic patch of status, as far as the kubelet sends one: fields by name, conditions by type. */
function withStatusPatches(client: Client): Client {
  return {
    ...client,
    async patch(resource, key, patch, options) {
      if (options.type !== 'strategic') return await client.patch(resource, key, patch, options);
      const current = (await client.get(resource, key)) as Pod;
      const { status: fields } = patch as unknown as { status: PodStatus };
      const conditions = new Map((current.status?.conditions ?? []).map((each) => [each.type, each]));
      for (const each of fields.conditions ?? []) conditions.set(each.type, each);
      const merged: Record<string, unknown> = {
        ...current.status,
        ...fields,
        conditions: [...conditions.values()],
      };
      const status = Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== null));
      return (await client.updateStatus(pods, { ...current, status })) as never;
    },
  };
}

/** A node with everything but a machine: what outlives an agent (API, runtime, folder, clock) and the agent itself. */
class Bench {
  readonly clock = new FakeClock();
  readonly api: FakeApi = createFakeApi({ clock: this.clock });
  readonly driver = new FakeDriver(this.clock);
  readonly network = new FakeNetwork();
  readonly events: string[] = [];
  readonly folder: string;
  kubelet: Kubelet;
  #ended = new AbortController();

  constructor(folder: string) {
    this.folder = folder;
    this.driver.addImage('img:1');
    this.kubelet = this.#start();
  }

  #start(): Kubelet {
    const { clock, driver, network } = this;
    const { signal } = this.#ended;
    setMaxListeners(0, signal);
    const client = withStatusPatches(this.api.client);
    const informer = startInformer({
      ...{ client, resource: pods, fieldSelector: 'spec.nodeName=n1', clock, random: () => 0.5 },
      ...{ log: silentLogger, signal },
    });
    const sources: VolumeSources = {
      configMap: () => Promise.resolve(undefined),
      secret: () => Promise.resolve(undefined),
      token: () => Promise.resolve('token'),
    };
    const events = new PodEvents({
      event: (about, type, reason, message) => {
        this.events.push(`${type} ${reason} ${about.fieldPath ?? ''} ${message}`);
      },
    });
    const statuses = new StatusManager({ client, clock, log: silentLogger, signal });
    const volumes = new CountedVolumes({
      folder: this.folder,
      mounts: createFakeMounts(),
      sources,
      allocatable: () => ({}),
    });
    const changed = (uid: string): void => this.kubelet.worker(uid)?.poke();
    const kubelet = new Kubelet({
      pods: informer,
      isLive: () => informer.synced,
      retainObjects: () => Promise.resolve(),
      signal,
      tools: {
        ...{
          driver,
          network,
          volumes,
          sources,
          statuses,
          events,
          clock,
          random: () => 0.5,
          log: silentLogger,
        },
        files: { readFile: () => Promise.resolve('') },
        images: new Images({ driver, sources, events, clock, parallelPulls: 3 }),
        prober: new Prober({
          ...{ driver, events, clock, random: () => 0, changed, statusOf: (uid) => statuses.get(uid) },
        }),
        backOff: new BackOff(),
        node: {
          ...{
            nodeName: 'n1',
            hostIP: '192.168.0.1',
            clusterDNS: '10.96.0.10',
            clusterDomain: 'cluster.local',
          },
          ...{ podsFolder: this.folder, allocatable: () => ({}), services: () => [], node: () => undefined },
        },
      },
    });
    void kubelet.run();
    return kubelet;
  }

  /** The agent is killed, and another one starts. */
  async restart(): Promise<void> {
    this.stop();
    await quiet();
    this.#ended = new AbortController();
    this.kubelet = this.#start();
    await this.pass(0);
  }

  stop(): void {
    this.#ended.abort();
  }

  async pass(ms: number): Promise<void> {
    await this.#quiet();
    // In steps, since what a step starts may call the disk, which takes turns and no time.
    for (let left = ms, step = Math.max(500, ms / 40); left > 0; left -= step) {
      await this.clock.advance(Math.min(step, left));
      await this.#quiet();
    }
  }

  /** Until nothing that can be seen changes any more. */
  async #quiet(): Promise<void> {
    let seen = '';
    for (let still = 0; still < 3;) {
      await quiet();
      await CountedVolumes.removing;
      const now = JSON.stringify([
        await this.driver.listContainers({}),
        await this.driver.listSandboxes({}),
        this.api.all(pods),
        [this.events.length, this.network.attached.size, this.clock.sleeping, this.kubelet.workers().length],
      ]);
      still = now === seen ? still + 1 : 0;
      seen = now;
    }
  }

  async create(name: string, spec: Partial<PodSpec>): Promise<Pod> {
    const containers = spec.containers ?? [{ name: 'c', image: 'img:1' }];
    const pod = await this.api.client.create(pods, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: 'default' },
      spec: { nodeName: 'n1', restartPolicy: 'Always', ...spec, containers },
    });
    await this.pass(0);
    return pod;
  }

  async get(name: string): Promise<Pod | undefined> {
    return await this.api.client.get(pods, { namespace: 'default', name }).catch(() => undefined);
  }

  async status(name: string): Promise<PodStatus> {
    return (await this.get(name))?.status ?? {};
  }

  async container(name: string, container = 'c'): Promise<ContainerStatus | undefined> {
    const { containerStatuses = [], initContainerStatuses = [] } = await this.status(name);
    return [...containerStatuses, ...initContainerStatuses].find((each) => each.name === container);
  }

  async exit(name: string, exitCode: number, container = 'c'): Promise<void> {
    const own = await this.container(name, container);
    this.driver.exit(own?.containerID?.split('://')[1] ?? '', exitCode);
    await this.pass(0);
  }

  async running(): Promise<string[]> {
    const all = await this.driver.listContainers({});
    return all.filter(({ state }) => state === 'running').map(({ name, attempt }) => `${name}/${attempt}`);
  }
}

const benches: Bench[] = [];
async function newBench(): Promise<Bench> {
  const bench = new Bench(await mkdtemp(join(tmpdir(), 'flotilla-kubelet-')));
  benches.push(bench);
  return bench;
}
afterEach(async () => {
  for (const bench of benches.splice(0)) {
    bench.stop();
    await quiet();
    await rm(bench.folder, { recursive: true, force: true });
  }
});

describe('Kubelet', () => {
  it('runs a pod and tells its status, address and conditions', async () => {
    const bench = await newBench();
    await bench.create('web', {});
    const status = await bench.status('web');
    expect(status).toMatchObject({
      phase: 'Running',
      podIP: '10.0.0.10',
      hostIP: '192.168.0.1',
      qosClass: 'BestEffort',
    });
    expect(status.conditions?.map(({ type, status: is }) => `${type}=${is}`)).toEqual([
      'PodReadyToStartContainers=True',
      'Initialized=True',
      'Ready=True',
      'ContainersReady=True',
      'PodScheduled=True',
    ]);
    expect(await bench.container('web')).toMatchObject({
      ready: true,
      started: true,
      restartCount: 0,
      image: 'img:1',
    });
    expect(bench.events).toEqual([
      'Normal Pulled spec.containers{c} Container image "img:1" already present on machine and can be accessed by the pod',
      'Normal Created spec.containers{c} Container created',
      'Normal Started spec.containers{c} Container started',
    ]);
  });

  it('lists statuses by name, as clients expect', async () => {
    const bench = await newBench();
    await bench.create('web', { containers: ['b', 'c', 'a'].map((name) => ({ name, image: 'img:1' })) });
    const { containerStatuses = [] } = await bench.status('web');
    expect(containerStatuses.map(({ name }) => name)).toEqual(['a', 'b', 'c']);
  });

  it('runs init containers one after the other, then the pod', async () => {
    const bench = await newBench();
    const init = [
      { name: 'i1', image: 'img:1' },
      { name: 'i2', image: 'img:1' },
    ];
    await bench.create('web', { initContainers: init });
    expect(await bench.running()).toEqual(['i1/0']);
    expect((await bench.status('web')).phase).toBe('Pending');
    await bench.exit('web', 0, 'i1');
    expect(await bench.running()).toEqual(['i2/0']);
    await bench.exit('web', 0, 'i2');
    expect(await bench.running()).toEqual(['c/0']);
    expect((await bench.status('web')).conditions?.find(({ type }) => type === 'Initialized')?.status).toBe(
      'True',
    );
  });

  it('restarts at once, then after 10 s, 20 s, and says so', async () => {
    const bench = await newBench();
    await bench.create('web', {});
    await bench.exit('web', 1);
    expect(await bench.container('web')).toMatchObject({ restartCount: 1, state: { running: {} } });
    await bench.exit('web', 1);
    const waiting = (await bench.container('web'))?.state?.waiting;
    expect(waiting?.reason).toBe('CrashLoopBackOff');
    expect(waiting?.message).toMatch(/^back-off 10s restarting failed container=c pod=web_default\(.+\)$/);
    expect((await bench.status('web')).phase).toBe('Running');
    await bench.pass(9_000);
    expect(await bench.running()).toEqual([]);
    await bench.pass(2_000);
    expect(await bench.running()).toEqual(['c/2']);
    await bench.exit('web', 1);
    await bench.pass(15_000);
    expect(await bench.running()).toEqual([]);
    await bench.pass(6_000);
    expect(await bench.running()).toEqual(['c/3']);
    expect((await bench.driver.listContainers({})).map(({ attempt }) => attempt)).toEqual([3, 2]);
  });

  it('ends Succeeded or Failed when nothing is to run again, and keeps the remains for their logs', async () => {
    const bench = await newBench();
    await bench.create('done', { restartPolicy: 'OnFailure' });
    await bench.create('failed', { restartPolicy: 'Never' });
    await bench.exit('done', 0);
    await bench.exit('failed', 3);
    await bench.pass(1_000);
    expect((await bench.status('done')).phase).toBe('Succeeded');
    expect((await bench.status('failed')).phase).toBe('Failed');
    expect(await bench.container('failed')).toMatchObject({
      state: { terminated: { exitCode: 3, reason: 'Error' } },
    });
    expect((await bench.driver.listContainers({})).length).toBe(2);
    expect((await bench.driver.listSandboxes({})).filter(({ running }) => running)).toEqual([]);
    expect(bench.network.attached.size).toBe(0);
  });

  it('tells why an image is not to be had, backs off, and runs once it is there', async () => {
    const bench = await newBench();
    await bench.create('web', { containers: [{ name: 'c', image: 'other:1' }] });
    expect((await bench.container('web'))?.state?.waiting?.reason).toMatch(
      /^(ErrImagePull|ImagePullBackOff)$/,
    );
    bench.driver.registry.add('other:1');
    await bench.pass(11_000);
    expect(await bench.container('web')).toMatchObject({ state: { running: {} }, restartCount: 0 });
    expect(bench.events).toContainEqual(expect.stringContaining('Failed to pull image "other:1"'));
    expect(bench.events).toContainEqual(expect.stringContaining('Successfully pulled image "other:1" in '));
  });

  const notStarting = [
    { name: 'an image that may not be pulled', image: 'no:1', policy: 'Never', want: 'ErrImageNeverPull' },
    { name: 'an image name that is none', image: 'A//b', policy: 'IfNotPresent', want: 'InvalidImageName' },
  ];
  for (const { name, image, policy, want } of notStarting) {
    it(`says ${want} for ${name}`, async () => {
      const bench = await newBench();
      await bench.create('web', { containers: [{ name: 'c', image, imagePullPolicy: policy }] });
      expect((await bench.container('web'))?.state?.waiting?.reason).toBe(want);
      expect((await bench.status('web')).phase).toBe('Pending');
    });
  }

  it('says what is missing in a configuration, and tries again', async () => {
    const bench = await newBench();
    const env = [{ name: 'A', valueFrom: { secretKeyRef: { name: 'no', key: 'k' } } }];
    await bench.create('web', { containers: [{ name: 'c', image: 'img:1', env }] });
    expect((await bench.container('web'))?.state?.waiting).toEqual({
      reason: 'CreateContainerConfigError',
      message: 'secret "no" not found',
    });
  });

  it('says why a container could not be started', async () => {
    const bench = await newBench();
    bench.driver.startFailures.set('c', 'exec: "/nope": no such file or directory');
    await bench.create('web', {});
    expect(bench.events).toContain(
      'Warning Failed spec.containers{c} Error: exec: "/nope": no such file or directory',
    );
    const own = await bench.container('web');
    expect(['RunContainerError', 'CrashLoopBackOff']).toContain(own?.state?.waiting?.reason);
    expect(own?.lastState?.terminated?.reason).toBe('StartError');
  });

  it('tells of a volume that is not to be had, and starts nothing', async () => {
    const bench = await newBench();
    await bench.create('web', { volumes: [{ name: 'v', configMap: { name: 'no' } }] });
    expect(bench.events).toContain(
      'Warning FailedMount  MountVolume.SetUp failed for volume "v" : configmap "no" not found',
    );
    expect(await bench.driver.listSandboxes({})).toEqual([]);
  });

  it('stops a deleted pod, tells how it ended, and deletes it for good', async () => {
    const bench = await newBench();
    await bench.create('web', {});
    const told: (string | undefined)[] = [];
    bench.api.onWrite = (verb, _resource, object) =>
      told.push(`${verb} ${(object as Pod).status?.phase ?? ''}`);
    await bench.api.client.delete(pods, { namespace: 'default', name: 'web' }, { gracePeriodSeconds: 5 });
    await bench.pass(3_000);
    expect(await bench.get('web')).toBeUndefined();
    expect(bench.events).toContain('Normal Killing spec.containers{c} Stopping container c');
    expect(told.at(-2)).toMatch(/Failed$/);
    expect(told.at(-1)).toMatch(/^delete/);
    await bench.pass(1_000);
    expect(await bench.driver.listContainers({})).toEqual([]);
    expect(await bench.driver.listSandboxes({})).toEqual([]);
    expect(await readdir(bench.folder)).toEqual([]);
    expect(bench.network.attached.size).toBe(0);
  });

  it('clears up after a pod that the API lost', async () => {
    const bench = await newBench();
    await bench.create('web', {});
    await bench.api.client.delete(pods, { namespace: 'default', name: 'web' }, { gracePeriodSeconds: 0 });
    await bench.pass(35_000);
    expect(await bench.driver.listContainers({})).toEqual([]);
    expect(bench.kubelet.workers()).toEqual([]);
  });

  it('replaces a pod by another of the same name', async () => {
    const bench = await newBench();
    const first = await bench.create('web', {});
    await bench.api.client.delete(pods, { namespace: 'default', name: 'web' }, { gracePeriodSeconds: 0 });
    const second = await bench.create('web', {});
    await bench.pass(35_000);
    const uids = (await bench.driver.listContainers({})).map(({ pod }) => pod.uid);
    expect(uids).toEqual([second.metadata?.uid]);
    expect(uids).not.toContain(first.metadata?.uid);
  });

  it('restarts nothing, and tells nothing new, when the agent restarts', async () => {
    const bench = await newBench();
    await bench.create('web', {});
    await bench.create('once', { restartPolicy: 'Never' });
    await bench.exit('once', 0);
    await bench.pass(1_000);
    const before = await bench.driver.listContainers({});
    const writes: string[] = [];
    bench.api.onWrite = (verb) => writes.push(verb);
    await bench.restart();
    await bench.pass(5_000);
    expect(await bench.driver.listContainers({})).toEqual(before);
    expect(writes).toEqual([]);
    expect((await bench.status('web')).podIP).toBe('10.0.0.10');
  });

  it('starts pods again after the host has booted, once each', async () => {
    const bench = await newBench();
    await bench.create('web', {});
    bench.stop();
    for (const each of await bench.driver.listContainers({})) bench.driver.exit(each.id, 255);
    for (const each of await bench.driver.listSandboxes({})) await bench.driver.stopSandbox(each.id);
    await bench.restart();
    await bench.pass(1_000);
    expect(await bench.running()).toEqual(['c/1']);
    expect(await bench.container('web')).toMatchObject({
      restartCount: 1,
      lastState: { terminated: { exitCode: 255 } },
    });
    expect((await bench.driver.listSandboxes({})).length).toBe(1);
  });

  it('removes what belongs to no pod, but not before the API has spoken', async () => {
    const bench = await newBench();
    await bench.create('web', {});
    const stray = { name: 'gone', namespace: 'default', uid: 'stray' };
    const namespaces = { network: 'pod', pid: 'container', ipc: 'pod' } as const;
    await bench.driver.runSandbox({ pod: stray, attempt: 0, hostname: '', namespaces, sysctls: {} });
    await bench.pass(100_000);
    expect((await bench.driver.listSandboxes({})).map(({ pod }) => pod.name)).toEqual(['web']);
  });

  it('waits for the pod network before it makes a sandbox', async () => {
    const bench = await newBench();
    bench.network.gateway = undefined;
    await bench.create('web', {});
    await bench.pass(6_000);
    expect(await bench.driver.listSandboxes({})).toEqual([]);
    expect(bench.events).toEqual([
      'Warning NetworkNotReady  network is not ready: the node has no pod network yet',
    ]);
    bench.network.gateway = '10.0.0.1';
    await bench.pass(1_000);
    expect(await bench.running()).toEqual(['c/0']);
  });

  it('refuses a second pod on the same host port', async () => {
    const bench = await newBench();
    const containers = [{ name: 'c', image: 'img:1', ports: [{ containerPort: 80, hostPort: 8080 }] }];
    await bench.create('one', { containers });
    await bench.create('two', { containers });
    expect(await bench.status('two')).toMatchObject({
      phase: 'Failed',
      reason: 'NodePorts',
      message: expect.stringMatching(/^Pod was rejected: Predicate NodePorts failed/) as unknown as string,
    });
    expect(await bench.running()).toEqual(['c/0']);
  });

  it('ends a pod that is over its time', async () => {
    const bench = await newBench();
    await bench.create('web', { activeDeadlineSeconds: 30 });
    await bench.pass(31_000);
    expect(await bench.status('web')).toMatchObject({ phase: 'Failed', reason: 'DeadlineExceeded' });
    expect(await bench.running()).toEqual([]);
  });

  it('is ready when its readiness probe says so, and restarts when its liveness probe fails', async () => {
    const bench = await newBench();
    let healthy = false;
    let alive = true;
    bench.driver.onExec = (_name, [command]) => ({
      exitCode: (command === 'ready' ? healthy : alive) ? 0 : 1,
    });
    const readinessProbe = { exec: { command: ['ready'] }, periodSeconds: 5 };
    const livenessProbe = { exec: { command: ['alive'] }, periodSeconds: 5, failureThreshold: 2 };
    await bench.create('web', { containers: [{ name: 'c', image: 'img:1', readinessProbe, livenessProbe }] });
    await bench.pass(6_000);
    expect((await bench.container('web'))?.ready).toBe(false);
    healthy = true;
    await bench.pass(6_000);
    expect((await bench.container('web'))?.ready).toBe(true);
    alive = false;
    await bench.pass(11_000);
    expect(bench.events).toContain(
      'Normal Killing spec.containers{c} Container c failed liveness probe, will be restarted',
    );
    alive = true;
    await bench.pass(10_000);
    expect(await bench.container('web')).toMatchObject({ restartCount: 1, ready: true });
  });

  it('keeps a ready pod ready over a restart of the agent', async () => {
    const bench = await newBench();
    const readinessProbe = { exec: { command: ['ready'] }, periodSeconds: 5 };
    await bench.create('web', { containers: [{ name: 'c', image: 'img:1', readinessProbe }] });
    await bench.pass(10_000);
    expect((await bench.container('web'))?.ready).toBe(true);
    const writes: string[] = [];
    bench.api.onWrite = (verb) => writes.push(verb);
    await bench.restart();
    await bench.pass(20_000);
    expect(writes).toEqual([]);
  });

  it('kills a container whose postStart hook fails', async () => {
    const bench = await newBench();
    bench.driver.onExec = () => ({ exitCode: 1 });
    const lifecycle = { postStart: { exec: { command: ['x'] } } };
    await bench.create('web', { containers: [{ name: 'c', image: 'img:1', lifecycle }] });
    await bench.pass(1_000);
    expect(bench.events).toContain('Warning FailedPostStartHook spec.containers{c} PostStartHook failed');
    expect(await bench.running()).toEqual([]);
  });

  it('runs an ephemeral container once', async () => {
    const bench = await newBench();
    const pod = await bench.create('web', {});
    const current = (await bench.get('web')) ?? pod;
    const spec = {
      ...current.spec,
      containers: current.spec?.containers ?? [],
      ephemeralContainers: [{ name: 'e', image: 'img:1' }],
    };
    await bench.api.client.update(pods, { ...current, spec });
    await bench.pass(1_000);
    expect((await bench.running()).sort()).toEqual(['c/0', 'e/0']);
    const [e] = (await bench.status('web')).ephemeralContainerStatuses ?? [];
    bench.driver.exit(e?.containerID?.split('://')[1] ?? '', 0);
    await bench.pass(60_000);
    expect(await bench.running()).toEqual(['c/0']);
  });
});
