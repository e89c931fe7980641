import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { createFakeApi, type FakeApi } from '../../openapi/client/fake.ts';
import { createInformers } from '../../openapi/client/informers.ts';
import { hosts, nodes } from '../../openapi/generated/resources.ts';
import type { Host } from '../../openapi/generated/types.ts';
import { systemClock } from '../../openapi/machinery/clock.ts';
import { lineLogger } from '../../openapi/machinery/log.ts';
import { isNotFound } from '../../openapi/machinery/status.ts';
import { startFleet, type Fleet } from '../../server/fleet/start.ts';
import { agentBundle } from '../fakes/agent-bundle.ts';
import { labUp, type Lab, type LabHost } from '../lab/lab.ts';

/** A server as far as the fleet sees it: an API, certificates that are only text, and who called through the tunnel. */
interface World {
  readonly api: FakeApi;
  readonly fleet: Fleet;
  readonly heard: string[];
  readonly log: string[];
  readonly issued: string[];
  stop(): Promise<void>;
}

let lab: Lab;
let world: World;
let directory: string;
let bundlePath: string;

function startWorld(api: FakeApi, clusterId = 'cluster-a'): World {
  const end = new AbortController();
  const heard: string[] = [];
  const log: string[] = [];
  const issued: string[] = [];
  const logger = lineLogger((line) => log.push(line), Date.now, 'debug');
  const shared = { client: api.client, clock: systemClock, random: Math.random, log: logger };
  const informers = createInformers({ ...shared, signal: end.signal });
  const fleet = startFleet({
    ...shared,
    informers,
    events: { event: () => undefined },
    clusterId,
    network: {
      clusterCIDR: '10.244.0.0/16',
      serviceCIDR: '10.96.0.0/16',
      clusterDNS: '10.96.0.10',
      clusterDomain: 'cluster.local',
    },
    ca: 'CA',
    apiServerName: 'kubernetes',
    issueNodeCertificate: (nodeName) => {
      issued.push(nodeName);
      return Promise.resolve({ ca: 'CA', certificate: 'C', key: 'K', notAfterMs: Date.now() + 86_400_000 });
    },
    onApiConnection: (stream: Duplex) => {
      stream.on('data', (data: Buffer) => heard.push(data.toString()));
      stream.on('end', () => stream.end());
    },
    agentBundlePath: bundlePath,
    nodeRuntime: { ownPath: process.execPath, ownArch: process.arch, fetch: undefined },
    ssh: {
      homeDirectory: directory,
      knownHostsFiles: [join(directory, 'known_hosts')],
      agentSocket: undefined,
    },
  });
  return {
    api,
    fleet,
    heard,
    log,
    issued,
    async stop() {
      await fleet.stop();
      end.abort(new Error('the test is over'));
    },
  };
}

function hostObject(name: string, host: LabHost, ssh: object = {}, spec: object = {}): Host {
  return {
    metadata: { name },
    spec: { ssh: { host: host.address, identityFile: lab.keyFile, hostKey: host.hostKey, ...ssh }, ...spec },
  };
}

async function until<T>(
  what: string,
  look: () => Promise<T | undefined> | T | undefined,
  ms = 60_000,
): Promise<T> {
  const end = Date.now() + ms;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > end) throw new Error(`Waited in vain for ${what}:\n${world.log.slice(-15).join('')}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function phaseIs(name: string, phase: string, ms?: number): Promise<Host> {
  return until(
    `${name} to be ${phase}`,
    async () => {
      const host = await world.api.client.get(hosts, { name });
      return host.status?.phase === phase ? host : undefined;
    },
    ms,
  );
}

/** Resolves to the one condition that failed. */
async function failureOf(name: string): Promise<{ type: string; reason: string; message: string }> {
  const host = await phaseIs(name, 'Failed');
  const failed = host.status?.conditions?.find((each) => each.status === 'False');
  if (failed === undefined) throw new Error('no condition tells what failed');
  return { type: failed.type, reason: failed.reason, message: failed.message };
}

async function remove(name: string): Promise<void> {
  await world.api.client.delete(hosts, { name });
  await until(`${name} to be gone`, async () => {
    try {
      await world.api.client.get(hosts, { name });
      return undefined;
    } catch (error) {
      if (isNotFound(error)) return true;
      throw error;
    }
  });
}

async function ask(nodeName: string, path: string): Promise<string> {
  const stream = await world.fleet.dialer.dial(nodeName, AbortSignal.timeout(5000));
  return new Promise((resolve, reject) => {
    const asked = request({ path, createConnection: () => stream }, (response) => {
      let text = '';
      response.on('data', (data: Buffer) => (text += data.toString()));
      response.on('end', () => {
        resolve(text);
      });
    });
    asked.on('error', reject).end();
  });
}

/** Everything that a host could keep of us. */
function snapshot(host: LabHost): Promise<string> {
  return host.mustExec(
    [
      'find / -xdev -path /proc -prune -o -path /sys -prune -o -path /tmp -prune -o -path /var/log -prune -o -type f -print -o -type d -print -o -type l -print | grep -v -e "^/run/" -e "^/root/\\." -e systemd/timers -e sudo_as_admin -e /var/lib/systemd -e /var/lib/docker -e /var/lib/containerd | sort',
      'ls /run | grep -v -e "^sshd" -e utmp -e user',
      'systemctl list-unit-files --no-legend | sort; systemctl list-units --all --no-legend --plain --type=service | cut -d " " -f 1 | grep flotilla',
      'iptables-save | grep -v "^[#:]" | sort; iptables-save | grep "^:KUBE"; ip -br link | cut -d " " -f 1; ip route; docker ps -aq; ls /etc/cni 2>/dev/null; true',
    ].join('; '),
  );
}

beforeAll(async () => {
  lab = await labUp({ name: process.env['LAB'] ?? 'fleet', hosts: 2 });
  directory = await mkdtemp(join(tmpdir(), 'fleet-'));
  bundlePath = join(directory, 'agent.cjs');
  await writeFile(bundlePath, agentBundle);
  for (const host of lab.hosts)
    await host.mustExec('rm -rf /var/lib/flotilla/[!s]*; systemctl reset-failed docker; true');
  world = startWorld(createFakeApi({ clock: systemClock }));
}, 300_000);

afterAll(async () => {
  await world.stop();
  await rm(directory, { recursive: true, force: true });
  if (process.env['LAB'] === undefined) await lab.down();
}, 60_000);

describe('a host', () => {
  it('is joined over SSH, and both ways of the tunnel carry', async () => {
    const before = await snapshot(lab.host(1));
    await world.api.client.create(hosts, hostObject('one', lab.host(1), {}, { labels: { disk: 'big' } }));
    const host = await phaseIs('one', 'Ready');
    expect(host.status?.nodeName).toBe('one');
    expect(host.status?.system).toMatchObject({
      arch: 'amd64',
      runtime: expect.stringMatching(/^docker 2/) as unknown,
    });
    expect(host.status?.conditions?.map(({ type, status }) => `${type} ${status}`)).toEqual(
      ['Connected', 'Probed', 'Prepared', 'Installed', 'Started', 'Ready'].map((type) => `${type} True`),
    );
    expect(await lab.host(1).mustExec('stat -c %a /var/lib/flotilla/agent/config.json')).toBe('600\n');
    const config = JSON.parse(await ask('one', '/config')) as {
      nodeIP: string;
      labels: object;
      clusterId: string;
    };
    expect(config).toMatchObject({
      nodeIP: lab.host(1).address,
      labels: { disk: 'big' },
      clusterId: 'cluster-a',
    });
    await until('the agent to call', () => world.heard.find((text) => text.startsWith('hello from one')));

    await world.api.client.create(nodes, { metadata: { name: 'one' } });
    await remove('one');
    await expect(world.api.client.get(nodes, { name: 'one' })).rejects.toMatchObject({ reason: 'NotFound' });
    expect(await snapshot(lab.host(1))).toBe(before);
  }, 120_000);

  it('keeps its agent over a restart of the server, and gets a new one when the bundle changes', async () => {
    await world.api.client.create(hosts, hostObject('one', lab.host(1)));
    await phaseIs('one', 'Ready');
    const pid = (JSON.parse(await ask('one', '/config')) as { pid: number }).pid;
    await world.stop();
    world = startWorld(world.api);
    await until('the tunnel', () => ask('one', '/config').catch(() => undefined));
    await phaseIs('one', 'Ready');
    expect((JSON.parse(await ask('one', '/config')) as { pid: number }).pid).toBe(pid);
    expect(world.issued).toEqual([]);
    await until('the agent to call', () => world.heard.find((text) => text.startsWith('hello from one')));

    await world.stop();
    await writeFile(bundlePath, `${agentBundle}\n// newer\n`);
    world = startWorld(world.api);
    await until('the new agent', async () => {
      const now = await ask('one', '/config').catch(() => undefined);
      return now !== undefined && (JSON.parse(now) as { pid: number }).pid !== pid ? true : undefined;
    });
    expect(world.issued).toEqual([]);
  }, 120_000);

  it('comes back after a power failure', async () => {
    await phaseIs('one', 'Ready');
    await lab.host(1).powerOff();
    await until('the loss to be seen', async () => {
      const host = await world.api.client.get(hosts, { name: 'one' });
      return host.status?.phase === 'Ready' ? undefined : true;
    });
    await lab.host(1).powerOn();
    await phaseIs('one', 'Ready', 90_000);
    expect(await ask('one', '/healthz')).toBe('ok');
  }, 180_000);

  it('tells of a change of labels to its agent, and of an agent that does not start', async () => {
    const host = await phaseIs('one', 'Ready');
    await world.api.client.update(hosts, { ...host, spec: { ...host.spec, labels: { broken: 'yes' } } });
    const failure = await failureOf('one');
    expect(failure).toMatchObject({ type: 'Started', reason: 'AgentNotHealthy' });
    expect(failure.message).toContain('told to be broken');
    await world.api.client.patch(
      hosts,
      { name: 'one' },
      { spec: { labels: { broken: 'no' } } },
      { type: 'merge' },
    );
    await phaseIs('one', 'Ready');
  }, 120_000);

  it('of another cluster is refused, and taken over when that is asked for', async () => {
    const other = startWorld(createFakeApi({ clock: systemClock }), 'cluster-b');
    const mine = world;
    world = other;
    try {
      await other.api.client.create(hosts, hostObject('one', lab.host(1)));
      expect(await failureOf('one')).toMatchObject({ type: 'Probed', reason: 'OwnedByAnotherCluster' });
    } finally {
      await other.stop();
      world = mine;
    }
    await remove('one');
  }, 60_000);

  it('is joined by a user with sudo, through a jump host', async () => {
    await writeFile(join(directory, 'known_hosts'), await readFile(lab.knownHostsFile));
    const before = await snapshot(lab.host(1));
    const jump = `root@${lab.host(2).address}`;
    await world.api.client.create(
      hosts,
      hostObject('two', lab.host(1), { user: 'admin', sudo: true, jump, hostKey: undefined }),
    );
    const host = await phaseIs('two', 'Ready');
    expect(host.status?.hostKey).toBe(lab.host(1).hostKey);
    expect(await ask('two', '/healthz')).toBe('ok');
    await until('the agent to call', () => world.heard.find((text) => text.startsWith('hello from two')));
    await remove('two');
    expect(await snapshot(lab.host(1))).toBe(before);
  }, 120_000);

  afterEach(() => rm(join(directory, 'known_hosts'), { force: true }));
});

describe('a host that cannot be joined says why', () => {
  it('full-disk', async () => {
    await lab
      .host(2)
      .mustExec('mkdir -p /var/lib/flotilla && mount -t tmpfs -o size=8m full /var/lib/flotilla');
    await world.api.client.create(hosts, hostObject('full-disk', lab.host(2)));
    expect(await failureOf('full-disk')).toMatchObject({ type: 'Prepared', reason: 'DiskFull' });
    expect(await lab.host(2).mustExec('find /var/lib/flotilla -type f')).toBe('');
    await lab.host(2).mustExec('umount /var/lib/flotilla');
    await phaseIs('full-disk', 'Ready');
    await remove('full-disk');
    expect(await lab.host(2).mustExec('ls -d /var/lib/flotilla /run/flotilla 2>&1 || true')).toMatch(
      /cannot access[^]*cannot access/,
    );
  }, 120_000);

  it('stopped-docker', async () => {
    await lab.host(2).mustExec('systemctl stop docker.socket docker.service');
    await world.api.client.create(hosts, hostObject('stopped-docker', lab.host(2)));
    const failure = await failureOf('stopped-docker');
    expect(failure).toMatchObject({ type: 'Probed', reason: 'RuntimeNotRunning' });
    expect(failure.message).toContain('systemctl start docker');
    await lab.host(2).mustExec('systemctl start docker.socket docker.service');
    await phaseIs('stopped-docker', 'Ready');
    await remove('stopped-docker');
  }, 120_000);

  it('no-forwarding', async () => {
    await lab
      .host(2)
      .mustExec('echo AllowStreamLocalForwarding no > /etc/ssh/sshd_config.d/x.conf && systemctl reload ssh');
    await world.api.client.create(hosts, hostObject('no-forwarding', lab.host(2)));
    const failure = await failureOf('no-forwarding');
    expect(failure).toMatchObject({ type: 'Started', reason: 'ForwardingRefused' });
    expect(failure.message).toContain('AllowStreamLocalForwarding yes');
    await lab.host(2).mustExec('rm /etc/ssh/sshd_config.d/x.conf && systemctl reload ssh');
    await remove('no-forwarding');
  }, 120_000);

  const wrongKey = `SHA256:${'A'.repeat(43)}`;
  const cases = [
    {
      name: 'unknown-key',
      ssh: { hostKey: undefined },
      want: ['Connected', 'UnknownHostKey', /flotilla host add root@.* --host-key SHA256:/],
    },
    {
      name: 'changed-key',
      ssh: { hostKey: wrongKey },
      want: ['Connected', 'HostKeyChanged', /ITS HOST KEY HAS CHANGED/],
    },
    {
      name: 'no-such-key',
      ssh: { identityFile: '/nowhere/id' },
      want: ['Connected', 'KeyUnreadable', /no such file/],
    },
    {
      name: 'nobody',
      ssh: { user: 'nosuchuser' },
      want: ['Connected', 'AuthenticationFailed', /authorized_keys/],
    },
    { name: 'shut', ssh: { port: 2 }, want: ['Connected', 'Unreachable', /refused/] },
    {
      name: 'injected',
      ssh: { host: '-oProxyCommand=x' },
      want: ['Connected', 'InvalidAddress', /spec\.ssh\.host/],
    },
    { name: 'no-root', ssh: { user: 'admin' }, want: ['Probed', 'NotRoot', /--sudo/] },
    {
      name: 'no-sudo',
      ssh: { user: 'guest', sudo: true },
      want: ['Probed', 'SudoRefused', /guest ALL=\(root\) NOPASSWD/],
    },
    { name: 'bad-jump', ssh: { jump: 'a b' }, want: ['Connected', 'InvalidAddress', /jump|host/] },
    {
      name: 'shut-jump',
      ssh: { jump: 'root@127.0.0.1:2' },
      want: ['Connected', 'Unreachable', /127\.0\.0\.1:2/],
    },
  ] as const;
  for (const { name, ssh, want } of cases)
    it(
      name,
      async () => {
        await world.api.client.create(hosts, hostObject(name, lab.host(2), ssh));
        const failure = await failureOf(name);
        expect([failure.type, failure.reason]).toEqual([want[0], want[1]]);
        expect(failure.message).toMatch(want[2]);
        await world.api.client.patch(hosts, { name }, { metadata: { finalizers: null } }, { type: 'merge' });
        await world.api.client.delete(hosts, { name });
      },
      60_000,
    );
});
