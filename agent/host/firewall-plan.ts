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

export interface TablePlan {
  /** Lines between "*table" and "COMMIT"; empty when nothing differs. */
  readonly lines: readonly string[];
  /** Own chains whose rules are written. */
  readonly written: readonly string[];
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
  const written = [...wanted.keys()].filter((chain) => {
    const rules = saved.own.get(chain);
    return rules === undefined || !sameRules(chain, rules, wanted.get(chain) ?? '');
  });
  const stale = [...saved.own.keys()].filter((chain) => !wanted.has(chain));
  const lines = [
    ...writeLines(written, stale, wanted),
    ...jumpLines(saved.jumps, jumps),
    ...stale.filter((chain) => !saved.pinned.has(chain)).map((chain) => `-X ${chain}`),
  ];
  // A pinned stale chain is emptied once; it must not count as a difference for ever.
  const idle =
    written.length === 0 && stale.every((chain) => saved.pinned.has(chain) && saved.own.get(chain) === '');
  const quiet = idle && lines.length === stale.length;
  return quiet ? { lines: [], written: [] } : { lines, written };
}

/** What leads from one wanted state to the next, when the kernel is known to have `before`. */
export function planChange(before: Chains, after: Chains): TablePlan {
  const written = [...after.keys()].filter((chain) => before.get(chain) !== after.get(chain));
  const stale = [...before.keys()].filter((chain) => !after.has(chain));
  return { lines: [...writeLines(written, stale, after), ...stale.map((chain) => `-X ${chain}`)], written };
}

function writeLines(written: readonly string[], stale: readonly string[], wanted: Chains): string[] {
  const lines: string[] = [];
  // With --noflush, naming a user chain makes it, or empties it.
  for (const chain of written) lines.push(`:${chain} - [0:0]`);
  for (const chain of stale) lines.push(`:${chain} - [0:0]`);
  for (const chain of written) {
    const rules = wanted.get(chain) ?? '';
    if (rules === '') continue;
    for (const rule of rules.split('\n')) lines.push(`-A ${chain} ${rule}`);
  }
  return lines;
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

/** The input of iptables-restore; empty when no table has lines. */
export function restoreText(plans: Readonly<Record<FirewallTable, TablePlan>>): string {
  return firewallTables
    .filter((table) => plans[table].lines.length > 0)
    .map((table) => `*${table}\n${plans[table].lines.join('\n')}\nCOMMIT\n`)
    .join('');
}
