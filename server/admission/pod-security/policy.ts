import { invalidValue, type FieldError } from '../../../openapi/machinery/status.ts';

export type Level = 'privileged' | 'baseline' | 'restricted';

/** Of the standards: the number behind "v1."; Infinity is "latest". */
export interface LevelVersion {
  readonly level: Level;
  readonly version: number;
}

/** What a namespace asks for its pods: to refuse, to note in the audit, to warn of. */
export interface Policy {
  readonly enforce: LevelVersion;
  readonly audit: LevelVersion;
  readonly warn: LevelVersion;
}

const levels: readonly string[] = ['privileged', 'baseline', 'restricted'] satisfies readonly Level[];
const latestPrivileged: LevelVersion = { level: 'privileged', version: Infinity };
const prefix = 'pod-security.kubernetes.io/';

/** Positive when `a` is the stricter level. */
export function compareLevels(a: Level, b: Level): number {
  return levels.indexOf(a) - levels.indexOf(b);
}

/** "restricted:v1.22" */
export function levelText({ level, version }: LevelVersion): string {
  return `${level}:${version === Infinity ? 'latest' : `v1.${version}`}`;
}

export function sameLevel(a: LevelVersion, b: LevelVersion): boolean {
  return a.level === b.level && a.version === b.version;
}

interface Read {
  readonly asked: LevelVersion;
  readonly problems: readonly FieldError[];
}

/** The policy of a namespace's labels. There always is one: an unreadable level enforces `restricted`, and is neither audited nor warned of. */
export function policyOf(labels: Readonly<Record<string, string>>): {
  readonly policy: Policy;
  readonly problems: readonly FieldError[];
} {
  const enforce = readMode(labels, 'enforce', 'restricted');
  const audit = readMode(labels, 'audit', 'privileged');
  const warn = readMode(labels, 'warn', 'privileged');
  return {
    policy: {
      enforce: enforce.asked,
      audit: audit.asked,
      warn: warnOrEnforced(labels, warn.asked, enforce.asked),
    },
    problems: [...enforce.problems, ...audit.problems, ...warn.problems],
  };
}

/** Without a word about warnings, what is enforced is warned of: of workloads, whose pods would be refused later. */
function warnOrEnforced(
  labels: Readonly<Record<string, string>>,
  warn: LevelVersion,
  enforce: LevelVersion,
): LevelVersion {
  const stated = labels[`${prefix}enforce`];
  const follows = labels[`${prefix}warn`] === undefined && stated !== undefined && levels.includes(stated);
  if (!follows || compareLevels(enforce.level, warn.level) <= 0) return warn;
  const version = labels[`${prefix}warn-version`] === undefined ? enforce.version : warn.version;
  return { level: enforce.level, version };
}

function readMode(labels: Readonly<Record<string, string>>, mode: string, unreadable: Level): Read {
  const level = labels[`${prefix}${mode}`];
  const version = labels[`${prefix}${mode}-version`];
  if (level === undefined && version === undefined) return { asked: latestPrivileged, problems: [] };
  const isKnown = level === undefined || levels.includes(level);
  const number = version === undefined || version === 'latest' ? Infinity : parseVersion(version);
  return {
    asked: {
      level: level === undefined ? 'privileged' : isKnown ? (level as Level) : unreadable,
      version: number ?? Infinity,
    },
    problems: [
      ...(isKnown ? [] : [labelFault(mode, level, `must be one of ${levels.join(', ')}`)]),
      ...(number !== undefined
        ? []
        : [labelFault(`${mode}-version`, version ?? '', 'must be "latest" or "v1.x"')]),
    ],
  };
}

function parseVersion(text: string): number | undefined {
  const match = /^v1\.(0|[1-9]\d*)$/.exec(text);
  const number = Number(match?.[1]);
  return Number.isSafeInteger(number) ? number : undefined;
}

function labelFault(label: string, value: string, detail: string): FieldError {
  return invalidValue(`metadata.labels[${prefix}${label}]`, value, detail);
}
