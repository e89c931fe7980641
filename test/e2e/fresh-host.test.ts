import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hosts } from '../../openapi/generated/resources.ts';
import { agentBundle } from '../fakes/agent-bundle.ts';
import { labUp, type Lab } from '../lab/lab.ts';
import { startWorld, type World } from './fleet-world.ts';

let lab: Lab;
let world: World;
let directory: string;

beforeAll(async () => {
  lab = await labUp({ name: 'fresh', hosts: 1, runtime: 'none' });
  directory = await mkdtemp(join(tmpdir(), 'fresh-'));
  const bundlePath = join(directory, 'agent.cjs');
  await writeFile(bundlePath, agentBundle);
  world = startWorld({ directory, bundlePath });
});

afterAll(async () => {
  await world.stop();
  await rm(directory, { recursive: true, force: true });
  await lab.down();
});

describe('a host as it comes from the installer', () => {
  it('says that it lacks a runtime, and gets one when that is asked for', async () => {
    const host = lab.host(1);
    const ssh = { host: host.address, identityFile: lab.keyFile, hostKey: host.hostKey };
    await world.api.client.create(hosts, { metadata: { name: 'fresh' }, spec: { ssh } });
    const failure = await world.failureOf('fresh');
    expect(failure).toMatchObject({ type: 'Probed', reason: 'RuntimeMissing' });
    expect(failure.message).toContain('--install-runtime docker');
    expect(await host.mustExec('ls -A /var/lib/flotilla 2>/dev/null || true')).toBe('');

    await world.api.client.patch(
      hosts,
      { name: 'fresh' },
      { spec: { runtime: { install: 'docker' } } },
      { type: 'merge' },
    );
    const joined = await world.phaseIs('fresh', 'Ready', 480_000);
    expect(joined.status?.system?.runtime).toMatch(/^docker /);
    expect(joined.status?.system?.iptables).toMatch(/^iptables /);
    expect(await world.ask('fresh', '/healthz')).toBe('ok');

    await world.remove('fresh');
    expect(
      await host.mustExec('docker version >/dev/null && ls -d /var/lib/flotilla /run/flotilla 2>&1 || true'),
    ).toMatch(/cannot access[^]*cannot access/);
  });
});
