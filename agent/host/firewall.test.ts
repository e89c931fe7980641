import { describe, expect, it } from '@jest/globals';
import { silentLogger } from '../../openapi/machinery/log.ts';
import { FakeClock, settle } from '../../test/fakes/clock.ts';
import { createFakeHost, type FakeHost } from './fake-host.ts';
import { detectIptables, Firewall } from './firewall.ts';
import type { FirewallPart } from './firewall-plan.ts';

/** iptables as far as the agent uses it: chains by table, `--noflush` restores, one transaction a table. */
class FakeTables {
  readonly tables = { nat: new Map<string, string[]>(), filter: new Map<string, string[]>() };
  restores = 0;
  failures = 0;
  readonly host: FakeHost = createFakeHost((run) => {
    if (run.args[0] === '--version') return { stdout: 'iptables v1.8.9 (nf_tables)\n' };
    if (run.command === 'iptables-save')
      return { stdout: this.#save(run.args[1] === 'nat' ? 'nat' : 'filter') };
    if (run.command !== 'iptables-restore') return undefined;
    if (this.failures > 0) {
      this.failures -= 1;
      return { code: 4, stderr: 'Another app is currently holding the xtables lock' };
    }
    this.restores += 1;
    this.#restore(run.input);
    return undefined;
  });

  constructor() {
    for (const chain of ['PREROUTING', 'OUTPUT', 'POSTROUTING']) this.tables.nat.set(chain, []);
    for (const chain of ['INPUT', 'FORWARD', 'OUTPUT']) this.tables.filter.set(chain, []);
  }

  #save(table: 'nat' | 'filter'): string {
    const chains = [...this.tables[table]];
    const heads = chains.map(([name]) => `:${name} - [0:0]`);
    // The kernel prints numbers in its own way.
    const rules = chains.flatMap(([name, list]) =>
      list.map((rule) => `-A ${name} ${rule.replace('0x04', '0x4')}`),
    );
    return ['# by', `*${table}`, ...heads, ...rules, 'COMMIT', ''].join('\n');
  }

  #restore(input: string): void {
    let chains = this.tables.nat;
    for (const line of input.split('\n')) {
      const [word = '', chain = '', ...rest] = line.split(' ');
      if (word.startsWith('*')) chains = word === '*nat' ? this.tables.nat : this.tables.filter;
      else if (word.startsWith(':')) chains.set(word.slice(1), []);
      else if (word === '-A') chains.get(chain)?.push(rest.join(' '));
      else if (word === '-I') chains.get(chain)?.splice(Number(rest[0]) - 1, 0, rest.slice(1).join(' '));
      else if (word === '-D') chains.get(chain)?.splice(chains.get(chain)?.indexOf(rest.join(' ')) ?? 0, 1);
      else if (word === '-X') chains.delete(chain);
    }
  }
}

function part(services: string, extra: Partial<FirewallPart> = {}): FirewallPart {
  return {
    nat: new Map([['KUBE-SERVICES', services]]),
    filter: new Map(),
    jumps: [{ table: 'nat', from: 'PREROUTING', rank: 20, rule: '-j KUBE-SERVICES' }],
    ...extra,
  };
}

const network: FirewallPart = {
  nat: new Map([['FLOTILLA-POSTROUTING', '-j MASQUERADE']]),
  filter: new Map([['FLOTILLA-FORWARD', '-j ACCEPT']]),
  jumps: [
    { table: 'nat', from: 'POSTROUTING', rank: 10, rule: '-j FLOTILLA-POSTROUTING' },
    { table: 'filter', from: 'FORWARD', rank: 90, rule: '-j FLOTILLA-FORWARD' },
  ],
};

function setUp(): { tables: FakeTables; clock: FakeClock; create: () => Firewall } {
  const tables = new FakeTables();
  const clock = new FakeClock();
  return { tables, clock, create: () => new Firewall({ host: tables.host, clock, log: silentLogger }) };
}

describe('Firewall', () => {
  it('writes what is asked for, once, and only what changed after that', async () => {
    const { tables, create } = setUp();
    tables.tables.nat.get('PREROUTING')?.push('-j DOCKER');
    const firewall = create();
    await firewall.set('proxy', part('-j RETURN'));
    await firewall.set('proxy', part('-j RETURN'));
    expect(tables.restores).toBe(1);
    expect(tables.tables.nat.get('PREROUTING')).toEqual(['-j KUBE-SERVICES', '-j DOCKER']);
    const saves = tables.host.runs.filter((run) => run.command === 'iptables-save').length;
    await firewall.set('proxy', part('-j ACCEPT'));
    expect(tables.host.runs.at(-1)?.input).toBe(
      '*nat\n:KUBE-SERVICES - [0:0]\n-A KUBE-SERVICES -j ACCEPT\nCOMMIT\n',
    );
    expect(tables.host.runs.filter((run) => run.command === 'iptables-save')).toHaveLength(saves);
  });

  it('leaves the services of an earlier run alone until it has heard what they are to be', async () => {
    const { tables, create } = setUp();
    const before = create();
    await before.set('network', network);
    await before.set('proxy', part('-j RETURN'));
    const after = create();
    await after.set('network', network);
    expect(tables.tables.nat.get('KUBE-SERVICES')).toEqual(['-j RETURN']);
    expect(tables.tables.nat.get('PREROUTING')).toEqual(['-j KUBE-SERVICES']);
    const { restores } = tables;
    await after.set('proxy', part('-j RETURN'));
    expect(tables.restores).toBe(restores);
  });

  it('repairs every 30 s what somebody took away', async () => {
    const { tables, clock, create } = setUp();
    const firewall = create();
    await firewall.set('proxy', part('-j RETURN'));
    const stop = new AbortController();
    const running = firewall.run(stop.signal);
    tables.tables.nat.set('PREROUTING', ['-j DOCKER']);
    tables.tables.nat.set('KUBE-SERVICES', []);
    await clock.advance(30_000);
    expect(tables.tables.nat.get('PREROUTING')).toEqual(['-j KUBE-SERVICES', '-j DOCKER']);
    expect(tables.tables.nat.get('KUBE-SERVICES')).toEqual(['-j RETURN']);
    stop.abort();
    await running;
  });

  it('does not write again and again what iptables prints in other words', async () => {
    const { tables, create } = setUp();
    const firewall = create();
    await firewall.set('proxy', part('-m mark --mark 0x04000 -j RETURN'));
    await firewall.check();
    await firewall.check();
    expect(tables.restores).toBe(1);
    tables.tables.nat.set('KUBE-SERVICES', ['-j DROP']);
    await firewall.check();
    expect(tables.restores).toBe(2);
  });

  it('rejects when it could not write, and tries again by itself', async () => {
    const { tables, clock, create } = setUp();
    const firewall = create();
    tables.failures = 2;
    await expect(firewall.set('proxy', part('-j RETURN'))).rejects.toThrow('xtables lock');
    const stop = new AbortController();
    const running = firewall.run(stop.signal);
    await clock.advance(5_000);
    expect(tables.tables.nat.get('KUBE-SERVICES')).toEqual(['-j RETURN']);
    stop.abort();
    await running;
    await settle();
  });

  it('cleans up everything of its own and nothing else, also after a restart', async () => {
    const { tables, create } = setUp();
    tables.tables.nat.set('KUBE-SVC-MINE', ['-j RETURN']);
    tables.tables.filter.get('FORWARD')?.push('-j DROP');
    const before = JSON.stringify([...tables.tables.nat, ...tables.tables.filter]);
    const firewall = create();
    await firewall.set('network', network);
    await firewall.set('proxy', part('-j RETURN'));
    await create().cleanup();
    expect(JSON.stringify([...tables.tables.nat, ...tables.tables.filter])).toBe(before);
  });
});

describe('detectIptables()', () => {
  const cases = [
    {
      has: 'iptables',
      says: 'iptables v1.8.9 (nf_tables)',
      want: { command: 'iptables', variant: 'nf_tables' },
    },
    { has: 'iptables', says: 'iptables v1.8.9 (legacy)', want: { command: 'iptables', variant: 'legacy' } },
    { has: 'iptables', says: 'iptables v1.6.1', want: { command: 'iptables', variant: 'legacy' } },
    {
      has: 'iptables-legacy',
      says: 'iptables v1.8.9 (legacy)',
      want: { command: 'iptables-legacy', variant: 'legacy' },
    },
  ];
  for (const { has, says, want } of cases) {
    it(`finds ${has}: ${says}`, async () => {
      const host = createFakeHost((run) => (run.command === has ? { stdout: says } : { code: 127 }));
      expect(await detectIptables(host)).toEqual(want);
    });
  }

  it('says what to install when there is none', async () => {
    await expect(detectIptables(createFakeHost(() => ({ code: 127 })))).rejects.toThrow(
      'install the package',
    );
  });
});
