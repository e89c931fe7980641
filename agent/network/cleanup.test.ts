import { describe, expect, it } from '@jest/globals';
import { createFakeHost, type FakeHost } from '../host/fake-host.ts';
import { cleanupPodNetwork } from './cleanup.ts';
import { settingsPath, SystemSettings } from './system-settings.ts';

const signal = new AbortController().signal;

async function hostWith(links: readonly string[]): Promise<FakeHost> {
  const host = createFakeHost((run) => {
    const line = `${run.command} ${run.args.join(' ')}`;
    if (line === 'ip -j -d addr show') {
      return { stdout: JSON.stringify(links.map((ifname) => ({ ifname, mtu: 1500 }))) };
    }
    if (line.includes('proto 176') && line.includes('-j'))
      return { stdout: '[{"dst":"10.244.2.0/24","dev":"eth0"}]' };
    return line.includes('-j') ? { stdout: '[]' } : undefined;
  });
  for (const name of ['net/ipv4/ip_forward', 'net/ipv4/conf/eth0/route_localnet']) {
    host.files.set(`/proc/sys/${name}`, '0\n');
    await new SystemSettings(host).set(name, '1');
  }
  host.runs.length = 0;
  return host;
}

function changes(host: FakeHost): string[] {
  const all = host.runs.map(
    (run) => `${run.command} ${run.args.join(' ')}${run.input === '' ? '' : ` <${run.input}`}`,
  );
  return all.filter((line) => !line.includes('-j'));
}

describe('cleanupPodNetwork()', () => {
  it('takes away its routes, links, settings and files, and nothing of others', async () => {
    const host = await hostWith([
      'eth0',
      'flotilla0',
      'flotilla.vx',
      'fl0123456789a',
      'flannel.1',
      'floppy',
      'fl0123456789',
    ]);
    await cleanupPodNetwork(host, signal);
    expect(changes(host)).toEqual([
      'ip route del 10.244.2.0/24 proto 176',
      'ip link del dev flotilla0',
      'ip link del dev flotilla.vx',
      'ip link del dev fl0123456789a',
      'tee /proc/sys/net/ipv4/ip_forward <0',
      'tee /proc/sys/net/ipv4/conf/eth0/route_localnet <0',
      'rm -rf /var/lib/flotilla/network',
    ]);
  });

  it('keeps forwarding when Docker needs it too', async () => {
    const host = await hostWith(['eth0', 'docker0']);
    await cleanupPodNetwork(host, signal);
    expect(changes(host)).not.toContain('tee /proc/sys/net/ipv4/ip_forward <0');
  });
});

describe('SystemSettings', () => {
  it('remembers the first value only, and writes only what differs', async () => {
    const host = createFakeHost();
    host.files.set('/proc/sys/net/ipv4/ip_forward', '0\n');
    await new SystemSettings(host).set('net/ipv4/ip_forward', '1');
    await new SystemSettings(host).set('net/ipv4/ip_forward', '1');
    expect(host.files.get(settingsPath)).toBe('{"net/ipv4/ip_forward":"0"}\n');
    host.files.set('/proc/sys/net/ipv4/ip_forward', '1\n');
    const { length } = host.runs;
    await new SystemSettings(host).set('net/ipv4/ip_forward', '1');
    await new SystemSettings(host).set('net/ipv4/not/there', '1');
    expect(host.runs).toHaveLength(length);
  });

  it('puts back nothing that its file should not hold', async () => {
    const host = createFakeHost();
    host.files.set(settingsPath, '{"net/ipv4/../../kernel/panic":"1","kernel/panic":"1","net/ipv4/x":"a b"}');
    await new SystemSettings(host).restore(() => true);
    expect(host.runs).toEqual([]);
  });
});
