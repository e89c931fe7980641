import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Firewall } from '../../agent/host/firewall.ts';
import type { Host } from '../../agent/host/host.ts';
import { networkRules } from '../../agent/network/network-rules.ts';
import { ProxyState } from '../../agent/proxy/proxy-state.ts';
import { systemClock } from '../../openapi/machinery/clock.ts';
import { silentLogger } from '../../openapi/machinery/log.ts';
import { eventually } from '../e2e/kubectl.ts';
import { createNetworkNamespace, type NetworkNamespace } from '../fixtures/network-namespace.ts';

/** Real iptables, both variants, in a namespace of their own. */
const config = {
  podCIDR: '10.244.1.0/24',
  clusterCIDR: '10.244.0.0/16',
  serviceCIDR: '10.96.0.0/16',
  peers: [],
};
const facts = {
  nodeName: 'n1',
  zone: undefined,
  clusterCIDR: config.clusterCIDR,
  serviceCIDR: config.serviceCIDR,
  gateway: '10.244.1.1',
  localServices: [],
};

/** Of iproute2 and util-linux, which every Debian has. */
const enter = 'ip';
const lock = 'flock';

let namespace: NetworkNamespace;

beforeEach(async () => {
  namespace = await createNetworkNamespace('flotilla-faults');
});

afterEach(async () => {
  await namespace.remove();
});

function proxyState(services: number): ProxyState {
  const own = {
    bridge: 'flotilla0',
    gateway: '10.244.1.1',
    ports: [{ protocol: 'tcp' as const, port: 6443 }],
  };
  const state = new ProxyState(facts, own);
  for (let i = 0; i < services; i++) addService(state, i, '10.244.1.9');
  return state;
}

function addService(state: ProxyState, i: number, endpoint: string): void {
  const name = `service-${i}`;
  state.onService({
    old: undefined,
    object: {
      metadata: { namespace: 'a', name },
      spec: {
        type: i % 2 === 0 ? 'NodePort' : 'ClusterIP',
        clusterIP: `10.96.${i >> 8}.${i & 255}`,
        ...(i % 3 === 0 ? { sessionAffinity: 'ClientIP' } : {}),
        ...(i % 5 === 0 ? { externalTrafficPolicy: 'Local', internalTrafficPolicy: 'Local' } : {}),
        externalIPs: i % 7 === 0 ? ['192.0.2.1'] : [],
        loadBalancerSourceRanges: i % 7 === 0 ? ['10.0.0.0/8'] : [],
        ports: [
          { name: 'http', port: 80, nodePort: 30_000 + (i % 2_000) },
          { name: 'dns', port: 53, protocol: i % 4 === 0 ? 'SCTP' : 'UDP' },
        ],
      },
    },
  });
  if (i % 11 === 0) return; // Some have no endpoint.
  state.onSlice({
    old: undefined,
    object: {
      addressType: 'IPv4',
      metadata: { namespace: 'a', name: `${name}-1`, labels: { 'kubernetes.io/service-name': name } },
      ports: [
        { name: 'http', port: 8080 },
        { name: 'dns', port: 53, protocol: i % 4 === 0 ? 'SCTP' : 'UDP' },
      ],
      endpoints: [endpoint, '10.244.2.2', '10.244.2.3'].map((address, n) => ({
        addresses: [address],
        nodeName: n === 0 ? 'n1' : 'n2',
      })),
    },
  });
}

async function saved(host: Host): Promise<string> {
  const { stdout } = await host.run('iptables-save', []);
  return stdout.replace(/^#.*$/gm, '').replace(/\[\d+:\d+\]/g, '');
}

async function own(host: Host): Promise<string[]> {
  return (await saved(host))
    .split('\n')
    .filter((line) => /KUBE-|FLOTILLA-/.test(line))
    .sort();
}

function createFirewall(host: Host): Firewall {
  return new Firewall({ host, clock: systemClock, log: silentLogger });
}

/** Rules of others, with names and comments that look like ours. */
async function addForeignRules(host: Host): Promise<void> {
  const names = ['KUBE-SVC-FOREIGN', 'FLOTILLA-OTHER', 'KUBE-ROUTER-FORWARD', 'CNI-flannel', 'DOCKER-USER'];
  const rules = Array.from({ length: 1_000 }, (_, i) => {
    const chain = names[i % names.length] ?? '';
    const text = ['KUBE-SERVICES', 'flannel', 'flotilla0 -j KUBE-MARK-MASQ', '\\"quoted\\"'][i % 4] ?? '';
    return `-A ${chain} -s 198.51.${i >> 8}.${i & 255}/32 -m comment --comment "${text}" -j RETURN`;
  });
  const chains = names.map((name) => `:${name} - [0:0]`);
  const jumps = [
    '-A FORWARD -j DOCKER-USER',
    '-A FORWARD -j DROP',
    '-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT',
  ];
  const filter = ['*filter', ...chains, ...rules, ...jumps, 'COMMIT'];
  const nat = ['*nat', ...chains, ...rules, '-A POSTROUTING -s 172.17.0.0/16 -j MASQUERADE', 'COMMIT'];
  await host.run('iptables-restore', ['--noflush'], { input: [...filter, ...nat, ''].join('\n') });
}

for (const variant of ['nft', 'legacy'] as const) {
  describe(`rules by iptables-${variant}`, () => {
    it('stand as written: iptables prints every one as we do, so nothing is written twice', async () => {
      const host = namespace.host(variant);
      const firewall = createFirewall(host);
      const hostPorts = [
        { hostPort: 80, containerPort: 8080, protocol: 'TCP' as const, hostIP: '192.0.2.9' },
      ];
      await firewall.set(
        'network',
        networkRules(config, new Map([['u', { ip: '10.244.1.9', hostPorts }]]), ['192.0.2.3']),
      );
      await firewall.set('proxy', proxyState(60).render().part);
      let restores = 0;
      const counting: Host = {
        ...host,
        run(command, args, options) {
          if (command.endsWith('-restore')) restores += 1;
          return host.run(command, args, options);
        },
      };
      const restarted = createFirewall(counting);
      await restarted.set(
        'network',
        networkRules(config, new Map([['u', { ip: '10.244.1.9', hostPorts }]]), ['192.0.2.3']),
      );
      await restarted.set('proxy', proxyState(60).render().part);
      expect(restores).toBe(0);
    });

    it('leave 1,000 rules of others as they are, through 100 changes and the removal', async () => {
      const host = namespace.host(variant);
      await addForeignRules(host);
      const before = await saved(host);
      const firewall = createFirewall(host);
      await firewall.set('network', networkRules(config, new Map(), []));
      const state = proxyState(20);
      for (let i = 0; i < 100; i++) {
        addService(state, i % 30, `10.244.1.${10 + i}`);
        await firewall.set('proxy', state.render().part);
      }
      const foreign = (text: string): string[] => text.split('\n').filter((line) => before.includes(line));
      expect(foreign(await saved(host))).toEqual(before.split('\n'));
      await createFirewall(host).cleanup();
      expect(await saved(host)).toBe(before);
    });

    it('come back after a flush and after a restore of another program', async () => {
      const host = namespace.host(variant);
      const firewall = createFirewall(host);
      await firewall.set('network', networkRules(config, new Map(), []));
      await firewall.set('proxy', proxyState(20).render().part);
      const wanted = await own(host);
      await host.run('iptables', ['-t', 'nat', '-F']);
      await firewall.check();
      expect(await own(host)).toEqual(wanted);
      await host.run('iptables-restore', [], {
        input: '*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -j ACCEPT\nCOMMIT\n',
      });
      await firewall.check();
      expect(await own(host)).toEqual(wanted);
    });

    it('are whole or untouched when the writer is killed', async () => {
      const host = namespace.host(variant);
      const firewall = createFirewall(host);
      await firewall.set('proxy', proxyState(5).render().part);
      const killing: Host = {
        ...host,
        async run(command, args, options) {
          if (!command.endsWith('-restore')) return host.run(command, args, options);
          const child = spawn(enter, [
            ...['netns', 'exec', namespace.name, `iptables-${variant}-restore`],
            ...args,
          ]);
          child.stdin.on('error', () => undefined);
          child.stdin.write(String(options?.input).slice(0, 20_000));
          await systemClock.sleep(20);
          child.kill('SIGKILL');
          await once(child, 'exit');
          throw new Error('killed');
        },
      };
      const before = await own(host);
      const unlucky = createFirewall(killing);
      await expect(unlucky.set('proxy', proxyState(200).render().part)).rejects.toThrow('killed');
      expect(await own(host)).toEqual(before);
      const lucky = createFirewall(host);
      await lucky.set('proxy', proxyState(200).render().part);
      expect((await own(host)).length).toBeGreaterThan(1_000);
    });
  });
}

describe('the lock of iptables-legacy', () => {
  it('is waited for, and what could not be written is written later', async () => {
    const host = namespace.host('legacy');
    const holder = spawn(lock, ['/run/xtables.lock', 'sleep', '60']);
    await systemClock.sleep(200);
    const impatient: Host = {
      ...host,
      run: (command, args, options) =>
        host.run(
          command,
          args.map((arg) => (arg === '10' ? '1' : arg)),
          options,
        ),
    };
    const firewall = createFirewall(impatient);
    await expect(firewall.set('proxy', proxyState(3).render().part)).rejects.toThrow('xtables lock');
    const stop = new AbortController();
    const running = firewall.run(stop.signal);
    const gone = once(holder, 'exit');
    spawn('pkill', ['-P', String(holder.pid)]);
    await gone;
    await eventually(async () => {
      expect((await own(host)).length).toBeGreaterThan(20);
    });
    stop.abort();
    await running;
  });
});
