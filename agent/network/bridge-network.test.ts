import { describe, expect, it } from '@jest/globals';
import { silentLogger } from '../../openapi/machinery/log.ts';
import { createFakeHost, type FakeHost } from '../host/fake-host.ts';
import type { FirewallPart } from '../host/firewall-plan.ts';
import { linkNameOf } from './addresses.ts';
import { BridgeNetwork, recordsPath } from './bridge-network.ts';
import type { PodNetworkConfig } from './pod-network.ts';

const signal = new AbortController().signal;
const config: PodNetworkConfig = {
  podCIDR: '10.244.1.0/24',
  clusterCIDR: '10.244.0.0/16',
  serviceCIDR: '10.96.0.0/16',
  peers: [],
};
const eth0 = {
  ifname: 'eth0',
  mtu: 1500,
  flags: ['UP'],
  addr_info: [{ family: 'inet', local: '192.168.1.10', prefixlen: 24 }],
};

function setUp(
  options: { readonly links?: readonly object[]; readonly fails?: (input: string) => boolean } = {},
): {
  host: FakeHost;
  parts: FirewallPart[];
  network: BridgeNetwork;
} {
  const host = createFakeHost((run) => {
    const line = `${run.command} ${run.args.join(' ')}`;
    if (line === 'ip -j -d addr show') return { stdout: JSON.stringify([eth0, ...(options.links ?? [])]) };
    if (line === 'ip -j -4 route show default') return { stdout: '[{"dst":"default","dev":"eth0"}]' };
    if (line.includes('-j')) return { stdout: line.includes('nsenter') ? '' : '[]' };
    if (options.fails?.(run.input) === true) return { code: 1, stderr: 'RTNETLINK answers: no' };
    return undefined;
  });
  for (const name of ['ip_forward', 'conf/flotilla0/route_localnet', 'conf/eth0/route_localnet']) {
    host.files.set(`/proc/sys/net/ipv4/${name}`, '0\n');
  }
  const parts: FirewallPart[] = [];
  const firewall = {
    set(_: string, part: FirewallPart): Promise<void> {
      parts.push(part);
      return Promise.resolve();
    },
  };
  return { host, parts, network: new BridgeNetwork({ host, firewall, nodeIP: '', log: silentLogger }) };
}

describe('BridgeNetwork', () => {
  it('has no gateway and connects no pod before it is configured', async () => {
    const { network } = setUp();
    expect(network.gateway).toBeUndefined();
    await expect(network.attach('u', 1, [], signal)).rejects.toThrow('no pod range yet');
  });

  it('brings up guard, forwarding and bridge in this order', async () => {
    const { network, host, parts } = setUp();
    await network.configure(config, signal);
    expect(network.gateway).toBe('10.244.1.1');
    expect(parts).toHaveLength(1);
    const written = host.runs.filter((run) => run.command === 'tee').map((run) => run.args[0]);
    expect(written).toEqual([
      '/proc/sys/net/ipv4/ip_forward',
      '/proc/sys/net/ipv4/conf/flotilla0/route_localnet',
      '/proc/sys/net/ipv4/conf/eth0/route_localnet',
    ]);
  });

  it('connects a pod once its address is on disk', async () => {
    const { network, host } = setUp();
    await network.configure(config, signal);
    const { ip, gateway } = await network.attach('uid-1', 4711, [], signal);
    expect(host.files.get(recordsPath)).toContain(`"uid-1":{"ip":"${ip}"`);
    expect(gateway).toBe('10.244.1.1');
    const [outside, inside] = host.runs.filter((run) => run.args.includes('-batch')).slice(-2);
    expect(outside?.input).toContain(
      `link add ${linkNameOf('uid-1')} mtu 1500 type veth peer name eth0 address 0a:58:`,
    );
    expect(outside?.input).toContain('netns 4711');
    expect(inside?.args).toEqual(['-t', '4711', '-n', 'ip', '-batch', '-']);
    expect(inside?.input).toContain(`addr add ${ip}/32 dev eth0\n`);
    expect(inside?.input).toContain(`route add default via 10.244.1.1 dev eth0 src ${ip}\n`);
  });

  it('leaves no half of a link behind when connecting fails', async () => {
    const { network, host } = setUp({
      fails: (input) => input.includes('addr add 10.244.1') && input.includes('/32'),
    });
    await network.configure(config, signal);
    await expect(network.attach('uid-1', 4711, [], signal)).rejects.toThrow('RTNETLINK');
    expect(host.runs.at(-1)?.args).toEqual(['link', 'del', 'dev', linkNameOf('uid-1')]);
  });

  it('opens host ports with the pod, and closes them with it', async () => {
    const { network, parts } = setUp();
    await network.configure(config, signal);
    const hostPorts = [{ hostPort: 80, containerPort: 8080, protocol: 'TCP' as const, hostIP: '' }];
    await network.attach('uid-1', 4711, hostPorts, signal);
    expect(parts.at(-1)?.nat.get('FLOTILLA-HOSTPORTS')).toContain('--dport 80');
    await network.detach('uid-1', signal);
    expect(parts.at(-1)?.nat.get('FLOTILLA-HOSTPORTS')).toBe('');
  });

  it('releases after a reboot what belongs to no pod any more', async () => {
    const stray = { ifname: 'fl0123456789a', mtu: 1500, linkinfo: { info_kind: 'veth' } };
    const kept = { ifname: linkNameOf('uid-1'), mtu: 1500, linkinfo: { info_kind: 'veth' } };
    const { network, host } = setUp({ links: [stray, kept] });
    await network.configure(config, signal);
    await network.attach('uid-1', 1, [], signal);
    await network.attach('uid-2', 2, [], signal);
    await network.retainOnly(new Set(['uid-1']), signal);
    const state = host.files.get(recordsPath) ?? '';
    expect([state.includes('uid-1'), state.includes('uid-2')]).toEqual([true, false]);
    const deleted = host.runs
      .filter((run) => run.args.join(' ').startsWith('link del'))
      .map((run) => run.args[3]);
    expect(deleted).toContain('fl0123456789a');
    expect(deleted.filter((name) => name === linkNameOf('uid-1'))).toHaveLength(1); // Before it was made.
  });

  it('takes addresses over from an agent before it', async () => {
    const first = setUp();
    await first.network.configure(config, signal);
    const { ip } = await first.network.attach('uid-1', 1, [], signal);
    const second = setUp();
    second.host.files.set(recordsPath, first.host.files.get(recordsPath) ?? '');
    await second.network.configure(config, signal);
    expect((await second.network.attach('uid-1', 1, [], signal)).ip).toBe(ip);
  });
});
