/** The tables that the agent writes to. */
export const firewallTables = ['nat', 'filter'] as const;
export type FirewallTable = (typeof firewallTables)[number];

/** Chain name -> its rules joined by newlines, each without "-A CHAIN ", in the form that iptables-save prints. */
export type Chains = ReadonlyMap<string, string>;

/** A rule of a built-in chain that leads into a chain of ours. */
export interface Jump {
  readonly table: FirewallTable;
  readonly from: 'PREROUTING' | 'INPUT' | 'FORWARD' | 'OUTPUT' | 'POSTROUTING';
  readonly rule: string;
  /** Jumps of one built-in chain stand in ascending order of it, before all rules of others. */
  readonly rank: number;
}

export const firewallOwners = ['network', 'proxy', 'policy'] as const;
/** A part of the agent that has chains of its own. */
export type FirewallOwner = (typeof firewallOwners)[number];

/** What one part of the agent wants of the firewall. */
export interface FirewallPart {
  readonly nat: Chains;
  readonly filter: Chains;
  readonly jumps: readonly Jump[];
}

/** One table as the kernel has it. */
export interface SavedTable {
  /** Own chains only. */
  readonly own: Chains;
  /** Built-in chain -> rules that lead into own chains, in order. */
  readonly jumps: ReadonlyMap<string, readonly string[]>;
  /** Own chains that a rule of somebody else leads into: they can be emptied, never deleted. */
  readonly pinned: ReadonlySet<string>;
}

const ownChains: Readonly<Record<FirewallOwner, RegExp>> = {
  network: /^(?:FLOTILLA-(?:POSTROUTING|FORWARD|HOSTPORTS)|KUBE-FIREWALL)$/,
  proxy:
    /^(?:FLOTILLA-INPUT|KUBE-(?:SERVICES|NODEPORTS|POSTROUTING|MARK-MASQ|FORWARD|EXTERNAL-SERVICES|PROXY-FIREWALL|(?:SVC|SVL|SEP|EXT|FW)-[A-Z2-7]{16}))$/,
  policy: /^FLOTILLA-(?:POLICY|POL-[A-Z2-7]{16})$/,
};
const builtIn: ReadonlySet<string> = new Set(['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING']);
const targetOf = /(?:^| )-[jg] (\S+)/;

/** Which part of the agent writes the chain of this name, if any. Exact, so that look-alikes of others are left alone. */
export function ownerOf(chain: string): FirewallOwner | undefined {
  return firewallOwners.find((owner) => ownChains[owner].test(chain));
}

/** Reads what `iptables-save -t TABLE` prints. Chains of owners that are not in `owners` count as somebody else's. */
export function parseSaved(text: string, owners: ReadonlySet<FirewallOwner>): SavedTable {
  const lines = text.split('\n');
  const own = new Map<string, string[]>();
  for (const line of lines) {
    const name = line.startsWith(':') ? line.slice(1, line.indexOf(' ')) : '';
    const owner = ownerOf(name);
    if (owner !== undefined && owners.has(owner)) own.set(name, []);
  }
  const jumps = new Map<string, string[]>();
  const pinned = new Set<string>();
  for (const line of lines) {
    const [chain, rule] = splitRule(line);
    const rules = own.get(chain);
    if (rules !== undefined) {
      rules.push(rule);
      continue;
    }
    const target = targetOf.exec(rule)?.[1];
    if (target === undefined || !own.has(target)) continue;
    if (builtIn.has(chain)) jumps.set(chain, [...(jumps.get(chain) ?? []), rule]);
    else pinned.add(target);
  }
  return { own: new Map([...own].map(([name, rules]) => [name, rules.join('\n')])), jumps, pinned };
}

/** "-A CHAIN rule" -> chain and rule; empty for other lines. */
function splitRule(line: string): readonly [chain: string, rule: string] {
  if (!line.startsWith('-A ')) return ['', ''];
  const end = line.indexOf(' ', 3);
  return end < 0 ? [line.slice(3), ''] : [line.slice(3, end), line.slice(end + 1)];
}

/** What has to be done to one table. */
export interface TablePlan {
  readonly wanted: Chains;
  /** Chains to write that the kernel does not have yet, and those that it has otherwise. */
  readonly fresh: readonly string[];
  readonly changed: readonly string[];
  /** Chains to empty, and those of them to delete. */
  readonly stale: readonly string[];
  readonly removed: readonly string[];
  /** Lines that put the jumps of built-in chains right. */
  readonly jumps: readonly string[];
}

/**
 * What makes the `saved` table the wanted one. `sameRules` says whether rules as saved are those asked for (iptables may
 * print a rule in other words).
 */
export function planTable(
  saved: SavedTable,
  wanted: Chains,
  jumps: readonly Jump[],
  sameRules: (chain: string, saved: string, wanted: string) => boolean,
): TablePlan {
  const names = [...wanted.keys()];
  const stale = [...saved.own.keys()].filter((chain) => !wanted.has(chain));
  return {
    wanted,
    fresh: names.filter((chain) => !saved.own.has(chain)),
    changed: names.filter((chain) => {
      const rules = saved.own.get(chain);
      return rules !== undefined && !sameRules(chain, rules, wanted.get(chain) ?? '');
    }),
    // A pinned chain is emptied once; it must not count as a difference for ever.
    stale: stale.filter((chain) => !saved.pinned.has(chain) || saved.own.get(chain) !== ''),
    removed: stale.filter((chain) => !saved.pinned.has(chain)),
    jumps: jumpLines(saved.jumps, jumps),
  };
}

/** What leads from one wanted state to the next, when the kernel is known to have `before`. */
export function planChange(before: Chains, after: Chains): TablePlan {
  const names = [...after.keys()];
  const stale = [...before.keys()].filter((chain) => !after.has(chain));
  return {
    wanted: after,
    fresh: names.filter((chain) => !before.has(chain)),
    changed: names.filter((chain) => before.has(chain) && before.get(chain) !== after.get(chain)),
    stale,
    removed: stale,
    jumps: [],
  };
}

/** How many chains differ, and jumps. */
export function planSize({ fresh, changed, stale, jumps }: TablePlan): number {
  return fresh.length + changed.length + stale.length + jumps.length;
}

function jumpLines(saved: ReadonlyMap<string, readonly string[]>, jumps: readonly Jump[]): string[] {
  const lines: string[] = [];
  for (const from of builtIn) {
    const has = saved.get(from) ?? [];
    const wants = jumps
      .filter((jump) => jump.from === from)
      .sort((a, b) => a.rank - b.rank)
      .map((jump) => jump.rule);
    if (has.length === wants.length && has.every((rule, i) => rule === wants[i])) continue;
    for (const rule of has) lines.push(`-D ${from} ${rule}`);
    wants.forEach((rule, i) => lines.push(`-I ${from} ${i + 1} ${rule}`));
  }
  return lines;
}

export type FirewallPlan = Readonly<Record<FirewallTable, TablePlan>>;

/**
 * The inputs of iptables-restore, to be run in this order; none when nothing differs. Up to `batchMax` chains it is one, and
 * each table changes at once. More are cut up, since the shim over nf_tables takes time by the square of what one input has:
 * first the new chains, which nothing leads to yet, then all that changes what packets meet, then the removal of the rest.
 */
export function restoreTexts(plan: FirewallPlan, batchMax: number): string[] {
  const size = firewallTables.reduce((sum, table) => sum + planSize(plan[table]), 0);
  if (size === 0) return [];
  if (size <= batchMax) return [textOf((table) => tableLines(plan[table]))];
  return [
    ...batchesOf(plan, batchMax, ({ fresh, wanted }) => [...inOrder(fresh, wanted)], writeLines),
    textOf((table) => [...writeLines(plan[table].changed, plan[table].wanted), ...plan[table].jumps]),
    ...batchesOf(plan, batchMax, ({ stale }) => stale, emptyLines),
    ...batchesOf(plan, batchMax, ({ removed }) => removed, deleteLines),
  ].filter((text) => text !== '');
}

/** All of a table's changes as one transaction. */
export function tableLines(plan: TablePlan): string[] {
  return [
    ...emptyLines(plan.stale),
    ...writeLines([...plan.fresh, ...plan.changed], plan.wanted),
    ...plan.jumps,
    ...deleteLines(plan.removed),
  ];
}

/** With --noflush, naming a user chain makes it, or empties it. */
function emptyLines(chains: readonly string[]): string[] {
  return chains.map((chain) => `:${chain} - [0:0]`);
}

function writeLines(chains: readonly string[], wanted: Chains): string[] {
  const lines = emptyLines(chains);
  for (const chain of chains) {
    const rules = wanted.get(chain) ?? '';
    if (rules === '') continue;
    for (const rule of rules.split('\n')) lines.push(`-A ${chain} ${rule}`);
  }
  return lines;
}

function deleteLines(chains: readonly string[]): string[] {
  return chains.map((chain) => `-X ${chain}`);
}

/** A chain stands behind those that it leads to. */
function inOrder(chains: readonly string[], wanted: Chains): Set<string> {
  const left = new Set(chains);
  const ordered = new Set<string>();
  function visit(chain: string): void {
    if (!left.delete(chain)) return;
    for (const rule of (wanted.get(chain) ?? '').split('\n')) {
      const target = targetOf.exec(rule)?.[1];
      if (target !== undefined) visit(target);
    }
    ordered.add(chain);
  }
  for (const chain of chains) visit(chain);
  return ordered;
}

function batchesOf(
  plan: FirewallPlan,
  batchMax: number,
  chainsOf: (plan: TablePlan) => readonly string[],
  linesOf: (chains: readonly string[], wanted: Chains) => string[],
): string[] {
  return firewallTables.flatMap((table) => {
    const chains = chainsOf(plan[table]);
    const texts: string[] = [];
    for (let at = 0; at < chains.length; at += batchMax) {
      const lines = linesOf(chains.slice(at, at + batchMax), plan[table].wanted);
      texts.push(textOf((each) => (each === table ? lines : [])));
    }
    return texts;
  });
}

function textOf(linesOf: (table: FirewallTable) => readonly string[]): string {
  return firewallTables
    .map((table) => ({ table, lines: linesOf(table) }))
    .filter(({ lines }) => lines.length > 0)
    .map(({ table, lines }) => `*${table}\n${lines.join('\n')}\nCOMMIT\n`)
    .join('');
}
