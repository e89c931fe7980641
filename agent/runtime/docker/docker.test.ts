import { describe, expect, it } from '@jest/globals';
import { PassThrough } from 'node:stream';
import { systemClock } from '../../../openapi/machinery/clock.ts';
import { describeRuntimeDriver } from '../../../test/suites/runtime-driver.ts';
import type { ContainerConfig } from '../driver.ts';
import { newestKnown } from './api.ts';
import { containerBody, containerName } from './create.ts';
import { demux, unframed } from './demux.ts';
import { DockerDriver } from './driver.ts';
import { containerStatusOf, parseState } from './status.ts';
import type { InspectedContainer } from './wire.ts';

/** The engine's own suite runs where FLOTILLA_TEST_DOCKER names a socket (its image busybox:latest is there): the e2e tests. */
const socketPath = process.env['FLOTILLA_TEST_DOCKER'];
if (socketPath !== undefined) {
  describeRuntimeDriver('docker', () => {
    const driver = new DockerDriver({ socketPath, clusterId: 'suite', clock: systemClock });
    return Promise.resolve({ driver, image: 'busybox:latest', runsPrograms: true });
  });
}

function frame(stream: number, text: string): Buffer {
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(Buffer.byteLength(text), 4);
  return Buffer.concat([header, Buffer.from(text)]);
}

async function text(stream: AsyncIterable<Buffer>): Promise<string> {
  let all = '';
  for await (const chunk of stream) all += chunk.toString();
  return all;
}

describe('newestKnown()', () => {
  const cases = [
    { offered: '1.41', want: '1.41' },
    { offered: '1.44', want: '1.44' },
    { offered: '1.51', want: '1.44' },
    { offered: '2.0', want: '1.44' },
    { offered: '', want: '1.41' },
    { offered: 'x', want: '1.41' },
  ];
  for (const { offered, want } of cases) {
    it(`speaks ${want} with an engine that offers "${offered}"`, () => {
      expect(newestKnown(offered)).toBe(want);
    });
  }
});

describe('frames', () => {
  const bytes = Buffer.concat([frame(1, 'out1'), frame(2, 'err1'), frame(1, ''), frame(1, 'out2')]);
  for (const size of [1, 3, 7, 8, 9, 100]) {
    it(`demux() parts the streams, read ${size} bytes at a time`, async () => {
      const source = new PassThrough();
      const { stdout, stderr } = demux(source);
      for (let at = 0; at < bytes.length; at += size) source.write(bytes.subarray(at, at + size));
      source.end();
      expect(await Promise.all([text(stdout), text(stderr)])).toEqual(['out1out2', 'err1']);
    });
    it(`unframed() keeps the order, read ${size} bytes at a time`, async () => {
      const stream = unframed();
      for (let at = 0; at < bytes.length; at += size) stream.write(bytes.subarray(at, at + size));
      stream.end();
      expect(await text(stream)).toBe('out1err1out2');
    });
  }
});

const config: ContainerConfig = {
  pod: { name: 'web', namespace: 'default', uid: 'u1' },
  ...{ name: 'c', attempt: 2, image: '--privileged', command: ['-v'], args: ['a\nb'], workingDir: '/w' },
  env: [{ name: 'A', value: 'x=y\n' }],
  mounts: [{ hostPath: '/a:ro', containerPath: '/b', readOnly: true, propagation: 'rslave' }],
  namespaces: { network: 'pod', pid: 'pod', ipc: 'pod' },
  processTarget: '',
  ...{ stdin: false, stdinOnce: false, tty: false, specHash: '1:a', stopSignal: '' },
  security: {
    ...{ user: 1000, group: 2000, supplementalGroups: [5], privileged: false, readOnlyRootFilesystem: true },
    ...{ noNewPrivileges: true, addCapabilities: ['NET_ADMIN'], dropCapabilities: ['ALL'] },
    ...{ seccomp: 'unconfined', unmaskedProc: false },
  },
  resources: { cpuShares: 102, cpuQuotaUs: 50_000, cpuPeriodUs: 100_000, memoryBytes: 64e6, pids: 0 },
};

describe('containerBody()', () => {
  it('carries every field as JSON, so that no text of a user can become another field', () => {
    expect(containerBody('s1', config, { clusterId: 'k' })).toMatchObject({
      Image: '--privileged',
      Entrypoint: ['-v'],
      Cmd: ['a\nb'],
      WorkingDir: '/w',
      Env: ['A=x=y\n'],
      User: '1000:2000',
      HostConfig: {
        ...{
          NetworkMode: 'container:s1',
          IpcMode: 'container:s1',
          PidMode: 'container:s1',
          Privileged: false,
        },
        Mounts: [
          {
            Type: 'bind',
            Source: '/a:ro',
            Target: '/b',
            ReadOnly: true,
            BindOptions: { Propagation: 'rslave' },
          },
        ],
        ...{ CapAdd: ['NET_ADMIN'], CapDrop: ['ALL'], GroupAdd: ['5'], ReadonlyRootfs: true },
        SecurityOpt: ['no-new-privileges', 'seccomp=unconfined'],
        ...{ CpuShares: 102, CpuQuota: 50_000, CpuPeriod: 100_000, Memory: 64e6, MemorySwap: 64e6 },
      },
    });
  });
  it('names the container as dockershim did', () => {
    expect(containerName(config)).toBe('k8s_c_web_default_u1_2');
  });
});

function inspected(state: Partial<InspectedContainer['State']>): InspectedContainer {
  const zero = '0001-01-01T00:00:00Z';
  return {
    ...{ Id: 'id', Created: '2026-01-02T03:04:05.6Z', Image: 'sha256:x' },
    State: { Status: 'exited', Pid: 0, ExitCode: 0, StartedAt: zero, FinishedAt: zero, ...state },
    Config: { Image: 'busybox', Labels: { 'flotilla.dev/attempt': '3' } },
  };
}

describe('containerStatusOf()', () => {
  const cases = [
    { name: 'running', state: { Status: 'running' }, want: { state: 'running', reason: '' } },
    { name: 'paused', state: { Status: 'paused' }, want: { state: 'running' } },
    { name: 'done', state: {}, want: { state: 'exited', reason: 'Completed', exitCode: 0 } },
    { name: 'failed', state: { ExitCode: 3 }, want: { state: 'exited', reason: 'Error', exitCode: 3 } },
    {
      name: 'out of memory',
      state: { ExitCode: 137, OOMKilled: true },
      want: { state: 'exited', reason: 'OOMKilled', exitCode: 137 },
    },
    { name: 'made', state: { Status: 'created' }, want: { state: 'created', startedMs: 0, finishedMs: 0 } },
    {
      name: 'made, and refused at its start',
      state: { Status: 'created', ExitCode: 127, Error: 'no such file' },
      want: { state: 'exited', reason: 'StartError', exitCode: 128, message: 'no such file' },
    },
  ];
  for (const { name, state, want } of cases) {
    it(`reads a container that is ${name}`, () => {
      expect(containerStatusOf(inspected(state), 'sha256:x')).toMatchObject({ attempt: 3, ...want });
    });
  }
  it('refuses a state that it does not know', () => {
    expect(() => parseState('constructor')).toThrow('Cannot read container status "constructor"');
  });
});
