import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type { Readable } from 'node:stream';
import type { ContainerConfig, PodRef, RuntimeDriver, SandboxConfig } from '../../agent/runtime/driver.ts';

export interface DriverUnderTest {
  readonly driver: RuntimeDriver;
  /** An image that is there, with a shell in it where `runsPrograms`. */
  readonly image: string;
  /** False for a driver that runs nothing: what a program does is not asked of it. */
  readonly runsPrograms: boolean;
}

const signal = AbortSignal.timeout(120_000);

function sandboxConfig(pod: PodRef): SandboxConfig {
  const namespaces = { network: 'pod', pid: 'container', ipc: 'pod' } as const;
  return { pod, attempt: 0, hostname: 'suite', namespaces, sysctls: {} };
}

function containerConfig(pod: PodRef, image: string, more: Partial<ContainerConfig> = {}): ContainerConfig {
  return {
    ...{
      pod,
      name: 'c',
      attempt: 0,
      image,
      command: ['/bin/sh', '-c'],
      args: ['echo one; echo two; sleep 60'],
    },
    ...{ workingDir: '', env: [{ name: 'GREETING', value: 'hello\nworld' }], mounts: [] },
    namespaces: sandboxConfig(pod).namespaces,
    processTarget: '',
    ...{ stdin: false, stdinOnce: false, tty: false, specHash: '1:x', stopSignal: '' },
    security: {
      ...{ user: undefined, group: undefined, supplementalGroups: [], privileged: false },
      ...{ readOnlyRootFilesystem: false, noNewPrivileges: false, addCapabilities: [], dropCapabilities: [] },
      ...{ seccomp: 'default', unmaskedProc: false },
    },
    resources: { cpuShares: 2, cpuQuotaUs: 0, cpuPeriodUs: 100_000, memoryBytes: 0, pids: 0 },
    ...more,
  };
}

async function text(stream: Readable): Promise<string> {
  let all = '';
  for await (const chunk of stream as AsyncIterable<Buffer>) all += chunk.toString();
  return all;
}

/** What every RuntimeDriver must do; each driver's own test calls it. */
export function describeRuntimeDriver(name: string, create: () => Promise<DriverUnderTest>): void {
  describe(`RuntimeDriver ${name}`, () => {
    const pod: PodRef = { name: 'suite', namespace: 'default', uid: randomUUID() };
    let under: DriverUnderTest;
    let sandbox = '';
    let container = '';

    beforeAll(async () => {
      under = await create();
      sandbox = await under.driver.runSandbox(sandboxConfig(pod), signal);
      container = await under.driver.createContainer(sandbox, containerConfig(pod, under.image), signal);
    });
    afterAll(async () => {
      for (const each of await under.driver.listContainers({ podUid: pod.uid }, signal)) {
        await under.driver.removeContainer(each.id, signal);
      }
      await under.driver.removeSandbox(sandbox, signal);
    });

    it('runSandbox() twice yields one sandbox, which runs', async () => {
      expect(await under.driver.runSandbox(sandboxConfig(pod), signal)).toBe(sandbox);
      const [status, ...others] = await under.driver.listSandboxes({ podUid: pod.uid }, signal);
      expect(others).toEqual([]);
      expect(status).toMatchObject({ id: sandbox, pod, attempt: 0, running: true, network: 'pod' });
      expect(status?.pid).toBeGreaterThan(0);
    });
    it('createContainer() twice yields one container, which does not run yet', async () => {
      const again = await under.driver.createContainer(sandbox, containerConfig(pod, under.image), signal);
      expect(again).toBe(container);
      const [status] = await under.driver.listContainers({ podUid: pod.uid }, signal);
      expect(status).toMatchObject({
        id: container,
        name: 'c',
        state: 'created',
        sandboxId: sandbox,
        specHash: '1:x',
      });
    });
    it('createContainer() refuses an image that is not here', async () => {
      const config = containerConfig(pod, 'no.such/image:1', { name: 'noimage' });
      await expect(under.driver.createContainer(sandbox, config, signal)).rejects.toMatchObject({
        code: 'no-image',
      });
    });
    it('startContainer() twice runs it once, and an event tells its pod', async () => {
      const events = new AbortController();
      const told = (async () => {
        for await (const event of under.driver.events(events.signal)) {
          if (event.podUid === pod.uid && event.containerId === container) return true;
        }
        return false;
      })();
      await under.driver.version(signal); // The subscription goes out before the start.
      await new Promise((resolve) => setTimeout(resolve, under.runsPrograms ? 300 : 0));
      await under.driver.startContainer(container, signal);
      await under.driver.startContainer(container, signal);
      expect(await told).toBe(true);
      events.abort();
      const [status] = await under.driver.listContainers({ podUid: pod.uid }, signal);
      expect(status).toMatchObject({ id: container, state: 'running', exitCode: 0, reason: '' });
      expect(status?.startedMs).toBeGreaterThan(0);
    });
    it('imageStatus() is undefined for what is not here, and lists what is', async () => {
      expect(await under.driver.imageStatus('no.such/image:1', signal)).toBeUndefined();
      const image = await under.driver.imageStatus(under.image, signal);
      expect((await under.driver.listImages(signal)).map(({ id }) => id)).toContain(image?.id);
    });
    it('exec() gives output and exit code apart', async () => {
      if (!under.runsPrograms) return;
      const command = ['/bin/sh', '-c', 'printf "%s" "$GREETING"; echo err >&2; exit 7'];
      const options = { command, stdin: false, stdout: true, stderr: true, tty: false };
      const session = await under.driver.exec(container, options, signal);
      const [stdout, stderr, code] = await Promise.all([
        text(session.stdout),
        text(session.stderr),
        session.ended,
      ]);
      expect({ stdout, stderr, code }).toEqual({ stdout: 'hello\nworld', stderr: 'err\n', code: 7 });
    });
    it('exec() carries a megabyte there and back, and hears the end of the input', async () => {
      if (!under.runsPrograms) return;
      const options = { command: ['cat'], stdin: true, stdout: true, stderr: true, tty: false };
      const session = await under.driver.exec(container, options, signal);
      session.stderr.resume();
      session.stdin?.end(Buffer.alloc(1024 * 1024, 'x'));
      expect((await text(session.stdout)).length).toBe(1024 * 1024);
      expect(await session.ended).toBe(0);
    });
    it('exec() with a terminal follows its size', async () => {
      if (!under.runsPrograms) return;
      const command = ['/bin/sh', '-c', 'read x; stty size'];
      const session = await under.driver.exec(
        container,
        { command, stdin: true, stdout: true, stderr: false, tty: true },
        signal,
      );
      await session.resize({ width: 97, height: 31 });
      session.stdin?.write('\n');
      expect(await text(session.stdout)).toContain('31 97');
    });
    it('readLogs() reads all lines, the last ones, and their times', async () => {
      if (!under.runsPrograms) return;
      const all = await under.driver.readLogs(container, { follow: false, timestamps: false }, signal);
      expect(await text(all)).toBe('one\ntwo\n');
      const last = await under.driver.readLogs(
        container,
        { follow: false, timestamps: true, tailLines: 1 },
        signal,
      );
      expect(await text(last)).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z two\n$/);
    });
    it('containerStats() counts what a running container uses', async () => {
      expect((await under.driver.containerStats(container, signal))?.cpuNanoseconds).toBeGreaterThan(0);
    });
    it('stopContainer() kills what does not end by itself, and resolves again when it is repeated', async () => {
      await under.driver.stopContainer(container, 0, signal);
      await under.driver.stopContainer(container, 0, signal);
      const [status] = await under.driver.listContainers({ podUid: pod.uid }, signal);
      expect(status).toMatchObject({ state: 'exited', exitCode: 137, reason: 'Error' });
      expect(status?.finishedMs).toBeGreaterThan(0);
    });
    it('a container that cannot be started tells why', async () => {
      if (!under.runsPrograms) return;
      const config = containerConfig(pod, under.image, {
        name: 'broken',
        command: ['/no/such/program'],
        args: [],
      });
      const id = await under.driver.createContainer(sandbox, config, signal);
      await expect(under.driver.startContainer(id, signal)).rejects.toMatchObject({ name: 'RuntimeError' });
      const status = (await under.driver.listContainers({ podUid: pod.uid }, signal)).find(
        (each) => each.id === id,
      );
      expect(status).toMatchObject({ state: 'exited', exitCode: 128, reason: 'StartError' });
      await under.driver.removeContainer(id, signal);
    });
    it('what never was is stopped and removed already', async () => {
      await under.driver.stopContainer('no-such-container', 0, signal);
      await under.driver.removeContainer('no-such-container', signal);
      await under.driver.removeImage('no.such/image:1', signal);
      await under.driver.stopSandbox('no-such-sandbox', signal);
      await under.driver.removeSandbox('no-such-sandbox', signal);
    });
    it('removeContainer() and removeSandbox() leave nothing', async () => {
      await under.driver.removeContainer(container, signal);
      await under.driver.removeContainer(container, signal);
      await under.driver.stopSandbox(sandbox, signal);
      await under.driver.removeSandbox(sandbox, signal);
      expect(await under.driver.listContainers({ podUid: pod.uid }, signal)).toEqual([]);
      expect(await under.driver.listSandboxes({ podUid: pod.uid }, signal)).toEqual([]);
    });
  });
}
