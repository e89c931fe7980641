import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { hostPlace } from '../lab/host.ts';
import { labUp, type Lab } from '../lab/lab.ts';
import { run, tryRun } from '../lab/programs.ts';
import { eventually } from './kubectl.ts';

const options = { name: 'labtest', hosts: 2 };
const traces = 'labtest';
let lab: Lab;

/** What of a lab of this name the machine shows. */
async function traceText(): Promise<string> {
  const parts = [
    await run('ip', ['-br', 'link']),
    await run('ip', ['netns', 'list']),
    await run('iptables-save', []),
    await readFile('/proc/self/mounts', 'utf8'),
    (await tryRun('find', ['/sys/fs/cgroup', '-maxdepth', '2', '-type', 'd'])).stdout,
    (await tryRun('ls', ['/var/lib/flotilla-lab', '/run/flotilla-lab'])).stdout,
  ];
  return parts
    .join('\n')
    .split('\n')
    .filter((line) => line.includes(traces) && !line.includes('.lock'))
    .join('\n');
}

beforeAll(async () => {
  expect(await traceText()).toBe('');
  lab = await labUp(options);
});

afterAll(() => lab.down(), 60_000);

describe('a lab', () => {
  it('has hosts with systemd, their own Docker and their own root file system', async () => {
    for (const host of lab.hosts) {
      expect(await host.mustExec('hostname')).toBe(`${host.name}\n`);
      expect(await host.mustExec('docker info --format {{.ServerVersion}}')).toMatch(/^\d+\./);
      expect(await host.mustExec('iptables -S FORWARD | head -n 1')).toBe('-P FORWARD DROP\n');
    }
    await lab.host(1).mustExec('touch /root/mine');
    expect((await lab.host(2).exec('test -e /root/mine')).code).toBe(1);
  });

  it('lets its hosts reach each other', async () => {
    await lab.host(1).mustExec(`ping -c 1 -W 2 ${lab.host(2).address}`);
    await lab.host(2).disconnect();
    expect((await lab.host(1).exec(`ping -c 1 -W 1 ${lab.host(2).address}`)).code).not.toBe(0);
    await lab.host(2).reconnect();
    await lab.host(1).mustExec(`ping -c 3 -W 2 ${lab.host(2).address}`);
  });

  it('keeps disks over a power failure, and nothing else', async () => {
    await lab.host(1).mustExec('echo kept > /root/kept; sync; touch /run/boot-mark');
    await lab.host(1).powerOff();
    expect((await lab.host(1).exec('true')).code).not.toBe(0);
    await lab.host(1).powerOn();
    expect(await lab.host(1).mustExec('cat /root/kept; ls /run/boot-mark 2>/dev/null || true')).toBe(
      'kept\n',
    );
  });

  it('boots a host again that reboots itself', async () => {
    await lab.host(2).mustExec('touch /run/boot-mark');
    await lab.host(2).exec('systemctl reboot');
    await eventually(async () => {
      expect(await lab.host(2).mustExec('ls /run/boot-mark 2>/dev/null || echo booted')).toBe('booted\n');
    });
  });

  it('is taken up by a second up, which heals what is down', async () => {
    await lab.host(1).mustExec('touch /run/boot-mark');
    await lab.host(2).powerOff();
    const again = await labUp(options);
    expect(again.host(1).hostKey).toBe(lab.host(1).hostKey);
    await again.host(1).mustExec('ls /run/boot-mark');
    await again.host(2).mustExec('true');
  });

  it('makes a host as new, with the same key', async () => {
    await lab.host(1).mustExec('touch /root/old');
    await lab.host(1).reset();
    expect((await lab.host(1).exec('test -e /root/old')).code).toBe(1);
    expect((await labUp(options)).host(1).hostKey).toBe(lab.host(1).hostKey);
  });

  it('leaves nothing behind', async () => {
    await lab.down();
    expect(await traceText()).toBe('');
    expect(existsSync(hostPlace(lab.plan, 1).directory)).toBe(false);
    await lab.down();
  });
});
