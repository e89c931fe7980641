import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hosts, nodes } from '../../openapi/generated/resources.ts';
import type { Host } from '../../openapi/generated/types.ts';
import { agentBundle } from '../fakes/agent-bundle.ts';
import { labUp, type Lab, type LabHost } from '../lab/lab.ts';
import { startWorld, type World } from './fleet-world.ts';

let lab: Lab;
let world: World;
let directory: string;
let bundlePath: string;

function hostObject(name: string, host: LabHost, ssh: object = {}, spec: object = {}): Host {
  return {
    metadata: { name },
    spec: { ssh: { host: host.address, identityFile: lab.keyFile, hostKey: host.hostKey, ...ssh }, ...spec },
  };
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
  world = startWorld({ directory, bundlePath });
});

afterAll(async () => {
  await world.stop();
  await rm(directory, { recursive: true, force: true });
  if (process.env['LAB'] === undefined) await lab.down();
});

describe('a host', () => {
  it('is joined over SSH, and both ways of the tunnel carry', async () => {
    const before = await snapshot(lab.host(1));
    await world.api.client.create(hosts, hostObject('one', lab.host(1), {}, { labels: { disk: 'big' } }));
    const host = await world.phaseIs('one', 'Ready');
    expect(host.status?.nodeName).toBe('one');
    expect(host.status?.system).toMatchObject({
      arch: 'amd64',
      runtime: expect.stringMatching(/^docker 2/) as unknown,
    });
    expect(host.status?.conditions?.map(({ type, status }) => `${type} ${status}`)).toEqual(
      ['Connected', 'Probed', 'Prepared', 'Installed', 'Started', 'Ready'].map((type) => `${type} True`),
    );
    expect(await lab.host(1).mustExec('stat -c %a /var/lib/flotilla/agent/config.json')).toBe('600\n');
    const config = JSON.parse(await world.ask('one', '/config')) as {
      nodeIP: string;
      labels: object;
      clusterId: string;
    };
    expect(config).toMatchObject({
      nodeIP: lab.host(1).address,
      labels: { disk: 'big' },
      clusterId: 'cluster-a',
    });
    await world.until('the agent to call', () =>
      world.heard.find((text) => text.startsWith('hello from one')),
    );

    await world.api.client.create(nodes, { metadata: { name: 'one' } });
    await world.remove('one');
    await expect(world.api.client.get(nodes, { name: 'one' })).rejects.toMatchObject({ reason: 'NotFound' });
    expect(await snapshot(lab.host(1))).toBe(before);
  });

  it('keeps its agent over a restart of the server, and gets a new one when the bundle changes', async () => {
    await world.api.client.create(hosts, hostObject('one', lab.host(1)));
    await world.phaseIs('one', 'Ready');
    const pid = (JSON.parse(await world.ask('one', '/config')) as { pid: number }).pid;
    await world.stop();
    world = startWorld({ directory, bundlePath, api: world.api });
    await world.until('the tunnel', () => world.ask('one', '/config').catch(() => undefined));
    await world.phaseIs('one', 'Ready');
    expect((JSON.parse(await world.ask('one', '/config')) as { pid: number }).pid).toBe(pid);
    expect(world.issued).toEqual([]);
    await world.until('the agent to call', () =>
      world.heard.find((text) => text.startsWith('hello from one')),
    );

    await world.stop();
    await writeFile(bundlePath, `${agentBundle}\n// newer\n`);
    world = startWorld({ directory, bundlePath, api: world.api });
    await world.until('the new agent', async () => {
      const now = await world.ask('one', '/config').catch(() => undefined);
      return now !== undefined && (JSON.parse(now) as { pid: number }).pid !== pid ? true : undefined;
    });
    expect(world.issued).toEqual([]);
  });

  it('comes back after a power failure', async () => {
    await world.phaseIs('one', 'Ready');
    await lab.host(1).powerOff();
    await world.until('the loss to be seen', async () => {
      const host = await world.api.client.get(hosts, { name: 'one' });
      return host.status?.phase === 'Ready' ? undefined : true;
    });
    await lab.host(1).powerOn();
    await world.phaseIs('one', 'Ready', 90_000);
    expect(await world.ask('one', '/healthz')).toBe('ok');
  });

  it('tells of a change of labels to its agent, and of an agent that does not start', async () => {
    const host = await world.phaseIs('one', 'Ready');
    await world.api.client.update(hosts, { ...host, spec: { ...host.spec, labels: { broken: 'yes' } } });
    const failure = await world.failureOf('one');
    expect(failure).toMatchObject({ type: 'Started', reason: 'AgentNotHealthy' });
    expect(failure.message).toContain('told to be broken');
    await world.api.client.patch(
      hosts,
      { name: 'one' },
      { spec: { labels: { broken: 'no' } } },
      { type: 'merge' },
    );
    await world.phaseIs('one', 'Ready');
  });

  it('gets its agent started again when somebody stopped it', async () => {
    await world.phaseIs('one', 'Ready');
    await lab.host(1).mustExec('systemctl stop flotilla-agent');
    await world.until(
      'the agent to answer',
      () => world.ask('one', '/healthz').catch(() => undefined),
      90_000,
    );
    await world.phaseIs('one', 'Ready');
  });

  it('of another cluster is refused, and taken over when that is asked for', async () => {
    const other = startWorld({ directory, bundlePath, clusterId: 'cluster-b' });
    try {
      await other.api.client.create(hosts, hostObject('one', lab.host(1)));
      expect(await other.failureOf('one')).toMatchObject({ type: 'Probed', reason: 'OwnedByAnotherCluster' });
      await world.stop();
      await other.api.client.patch(
        hosts,
        { name: 'one' },
        { metadata: { annotations: { 'flotilla.dev/take-over': 'true' } } },
        { type: 'merge' },
      );
      await other.phaseIs('one', 'Ready');
      expect(other.issued).toEqual(['one']);
      await other.remove('one');
    } finally {
      await other.stop();
      world = startWorld({ directory, bundlePath });
    }
  });

  it('is joined by a user with sudo, through a jump host', async () => {
    await writeFile(join(directory, 'known_hosts'), await readFile(lab.knownHostsFile));
    const before = await snapshot(lab.host(1));
    const jump = `root@${lab.host(2).address}`;
    await world.api.client.create(
      hosts,
      hostObject('two', lab.host(1), { user: 'admin', sudo: true, jump, hostKey: undefined }),
    );
    const host = await world.phaseIs('two', 'Ready');
    expect(host.status?.hostKey).toBe(lab.host(1).hostKey);
    expect(await world.ask('two', '/healthz')).toBe('ok');
    await world.until('the agent to call', () =>
      world.heard.find((text) => text.startsWith('hello from two')),
    );
    await world.remove('two');
    expect(await snapshot(lab.host(1))).toBe(before);
  });

  afterEach(() => rm(join(directory, 'known_hosts'), { force: true }));
});

describe('a host that cannot be joined says why', () => {
  it('full-disk', async () => {
    await lab
      .host(2)
      .mustExec('mkdir -p /var/lib/flotilla && mount -t tmpfs -o size=8m full /var/lib/flotilla');
    await world.api.client.create(hosts, hostObject('full-disk', lab.host(2)));
    expect(await world.failureOf('full-disk')).toMatchObject({ type: 'Prepared', reason: 'DiskFull' });
    // It is tried again all the time: now and then a file is just being written.
    await world.until('nothing to be left', async () =>
      (await lab.host(2).mustExec('find /var/lib/flotilla -type f')) === '' ? true : undefined,
    );
    await lab.host(2).mustExec('umount --lazy /var/lib/flotilla');
    await world.phaseIs('full-disk', 'Ready');
    await world.remove('full-disk');
    expect(await lab.host(2).mustExec('ls -d /var/lib/flotilla /run/flotilla 2>&1 || true')).toMatch(
      /cannot access[^]*cannot access/,
    );
  });

  it('stopped-docker', async () => {
    await lab.host(2).mustExec('systemctl stop docker.socket docker.service');
    await world.api.client.create(hosts, hostObject('stopped-docker', lab.host(2)));
    const failure = await world.failureOf('stopped-docker');
    expect(failure).toMatchObject({ type: 'Probed', reason: 'RuntimeNotRunning' });
    expect(failure.message).toContain('systemctl start docker');
    await lab.host(2).mustExec('systemctl start docker.socket docker.service');
    await world.phaseIs('stopped-docker', 'Ready');
    await world.remove('stopped-docker');
  });

  it('no-forwarding', async () => {
    await lab
      .host(2)
      .mustExec('echo AllowStreamLocalForwarding no > /etc/ssh/sshd_config.d/x.conf && systemctl reload ssh');
    await world.api.client.create(hosts, hostObject('no-forwarding', lab.host(2)));
    // A reload of sshd may refuse the first connection.
    const failure = await world.until('the refusal', async () => {
      const found = await world.failureOf('no-forwarding');
      return found.type === 'Started' ? found : undefined;
    });
    expect(failure.reason).toBe('ForwardingRefused');
    expect(failure.message).toContain('AllowStreamLocalForwarding yes');
    await lab.host(2).mustExec('rm /etc/ssh/sshd_config.d/x.conf && systemctl reload ssh');
    await world.remove('no-forwarding');
  });

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
        const failure = await world.failureOf(name);
        expect([failure.type, failure.reason]).toEqual([want[0], want[1]]);
        expect(failure.message).toMatch(want[2]);
        await world.api.client.patch(hosts, { name }, { metadata: { finalizers: null } }, { type: 'merge' });
        await world.api.client.delete(hosts, { name });
      },
      60_000,
    );
});
