import type { Clock } from '../../openapi/machinery/clock.ts';
import type { Logger } from '../../openapi/machinery/log.ts';
import {
  firewallTables,
  parseSaved,
  planChange,
  planTable,
  planSize,
  restoreTexts,
  firewallOwners,
  type Chains,
  type FirewallOwner,
  type FirewallPart,
  type FirewallTable,
  type Jump,
  type FirewallPlan,
  type TablePlan,
} from './firewall-plan.ts';
import type { Host } from './host.ts';

const driftCheckMs = 30_000;
const retryMsMax = 30_000;
/** Chains in one input of the shim over nf_tables, which takes time by the square of them. */
const batchMax = 1_000;
const restoreTimeoutMs = 120_000;

export interface FirewallOptions {
  readonly host: Host;
  readonly clock: Clock;
  readonly log: Logger;
}

const nothing: FirewallPart = { nat: new Map(), filter: new Map(), jumps: [] };

interface Wanted {
  readonly owners: number;
  readonly nat: Chains;
  readonly filter: Chains;
  readonly jumps: readonly Jump[];
}

/** Which iptables a host has: the shim over nf_tables, or the old one. */
export interface Iptables {
  readonly command: string;
  readonly variant: 'nf_tables' | 'legacy';
}

/**
 * The host's iptables, seen as parts that each own some chains. Whole chains are written, in one transaction a table,
 * and only when they differ; chains and rules of others are never touched. Calls are serialised.
 */
export class Firewall {
  readonly #options: FirewallOptions;
  readonly #parts = new Map<FirewallOwner, FirewallPart>();
  /** What the kernel has, as far as we know; undefined after a failure, and at first. */
  #applied: Wanted | undefined;
  /** Chains that iptables prints in other words than ours: "table chain" -> both forms. */
  readonly #otherWords = new Map<string, { readonly wanted: string; readonly saved: string }>();
  #queue: Promise<unknown> = Promise.resolve();
  #iptables: Iptables | undefined;
  #dirty = false;

  constructor(options: FirewallOptions) {
    this.#options = options;
  }

  /**
   * Replaces what `owner` wants, and writes the difference. Rejects when it could not be written; `run` tries again.
   * Chains of an owner that has not been heard yet are left as they are: an agent that starts must not cut off services.
   */
  set(owner: FirewallOwner, part: FirewallPart): Promise<void> {
    this.#parts.set(owner, part);
    return this.#enqueue(() => this.#write());
  }

  /** Compares all own chains with the kernel's, and repairs what differs. */
  check(): Promise<void> {
    return this.#enqueue(async () => {
      const chains = await this.#repair();
      if (chains > 0) this.#options.log.log('info', 'repaired iptables rules', { chains });
    });
  }

  /** Repairs drift every 30 s, and retries what failed, until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    let delayMs = driftCheckMs;
    while (!signal.aborted) {
      try {
        await clock.sleep(this.#dirty ? Math.min(1_000, delayMs) : delayMs, signal);
        await this.check();
        delayMs = driftCheckMs;
      } catch (error) {
        if (isAborted(signal)) return;
        delayMs = Math.min(retryMsMax, delayMs >= driftCheckMs ? 1_000 : delayMs * 2);
        log.log('warn', 'cannot write iptables rules', { error: String(error), retryMs: delayMs });
      }
    }
  }

  /** Removes every own chain and every jump into one. */
  cleanup(): Promise<void> {
    for (const owner of firewallOwners) this.#parts.set(owner, nothing);
    return this.#enqueue(() => this.#repair());
  }

  #enqueue(work: () => Promise<unknown>): Promise<void> {
    const result = this.#queue.then(work);
    this.#queue = result.catch(() => undefined);
    return result.then(() => undefined);
  }

  async #write(): Promise<void> {
    const wanted = this.#wanted();
    const applied = this.#applied;
    // Jumps change only when a part appears: then the order among the rules of others has to be read first.
    if (applied?.owners !== wanted.owners || jumpsText(applied.jumps) !== jumpsText(wanted.jumps)) {
      await this.#repair();
      return;
    }
    await this.#restore(
      { nat: planChange(applied.nat, wanted.nat), filter: planChange(applied.filter, wanted.filter) },
      wanted,
    );
  }

  /** Yields how many chains differed. */
  async #repair(): Promise<number> {
    const wanted = this.#wanted();
    const plans = await this.#compare(wanted);
    if (!(await this.#restore(plans, wanted))) return 0;
    await this.#learn(wanted);
    return planSize(plans.nat) + planSize(plans.filter);
  }

  /** Remembers the chains that iptables prints differently from what was just written. */
  async #learn(wanted: Wanted): Promise<void> {
    for (const table of firewallTables) {
      const saved = parseSaved(await this.#save(table), this.#owners());
      for (const [chain, rules] of wanted[table]) {
        const has = saved.own.get(chain);
        if (has !== undefined && has !== rules)
          this.#otherWords.set(`${table} ${chain}`, { wanted: rules, saved: has });
        else this.#otherWords.delete(`${table} ${chain}`);
      }
    }
  }

  async #compare(wanted: Wanted): Promise<FirewallPlan> {
    const plan = async (table: FirewallTable): Promise<TablePlan> => {
      const jumps = wanted.jumps.filter((jump) => jump.table === table);
      return planTable(
        parseSaved(await this.#save(table), this.#owners()),
        wanted[table],
        jumps,
        (chain, saved, asked) => {
          if (saved === asked) return true;
          const known = this.#otherWords.get(`${table} ${chain}`);
          return known?.wanted === asked && known.saved === saved;
        },
      );
    };
    return { nat: await plan('nat'), filter: await plan('filter') };
  }

  async #restore(plan: FirewallPlan, wanted: Wanted): Promise<boolean> {
    const { command, variant } = await this.#program();
    const inputs = restoreTexts(plan, variant === 'nf_tables' ? batchMax : Infinity);
    for (const input of inputs) {
      this.#applied = undefined;
      this.#dirty = true;
      const args = ['--noflush', '-w', '10'];
      await this.#options.host.run(`${command}-restore`, args, { input, timeoutMs: restoreTimeoutMs });
    }
    this.#applied = wanted;
    this.#dirty = false;
    return inputs.length > 0;
  }

  async #save(table: FirewallTable): Promise<string> {
    const { stdout } = await this.#options.host.run(
      `${(await this.#program()).command}-save`,
      ['-t', table],
      {
        timeoutMs: restoreTimeoutMs,
      },
    );
    return stdout;
  }

  async #program(): Promise<Iptables> {
    if (this.#iptables === undefined) {
      this.#iptables = await detectIptables(this.#options.host);
      this.#options.log.log('info', 'using iptables', { ...this.#iptables });
    }
    return this.#iptables;
  }

  #owners(): ReadonlySet<FirewallOwner> {
    return new Set(this.#parts.keys());
  }

  #wanted(): Wanted {
    const parts = [...this.#parts.values()];
    return {
      owners: parts.length,
      nat: new Map(parts.flatMap((part) => [...part.nat])),
      filter: new Map(parts.flatMap((part) => [...part.filter])),
      jumps: parts.flatMap((part) => part.jumps),
    };
  }
}

/** The iptables that this host's own programs (Docker, firewalls) use too. */
export async function detectIptables(host: Host): Promise<Iptables> {
  for (const command of ['iptables', 'iptables-nft', 'iptables-legacy']) {
    const version = await host.run(command, ['--version'], { allowFailure: true }).catch(() => undefined);
    if (version?.code !== 0) continue;
    return { command, variant: version.stdout.includes('nf_tables') ? 'nf_tables' : 'legacy' };
  }
  throw new Error('Cannot find iptables on this host: install the package "iptables"');
}

function jumpsText(jumps: readonly Jump[]): string {
  return jumps.map((jump) => `${jump.table} ${jump.from} ${jump.rank} ${jump.rule}`).join('\n');
}

// A function, since the compiler does not see that the signal changes while we wait.
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
