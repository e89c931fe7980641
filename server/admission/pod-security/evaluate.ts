import { baselineChecks } from './baseline.ts';
import type { Check, CheckPod, PodLike, Violation } from './check.ts';
import type { LevelVersion } from './policy.ts';
import { restrictedChecks } from './restricted.ts';

const byId = (a: Check, b: Check): number => (a.id < b.id ? -1 : 1);
/** In the order of the texts. */
const checks: readonly Check[] = [...[...baselineChecks].sort(byId), ...[...restrictedChecks].sort(byId)];
/** Later versions are as this one. */
const newest = Math.max(...checks.flatMap(({ versions }) => versions.map(({ since }) => since)));

const selected = new Map<string, readonly CheckPod[]>();

/** What of the level's rules the pod breaks; nothing for `privileged`. */
export function violationsOf({ level, version }: LevelVersion, pod: PodLike): readonly Violation[] {
  if (level === 'privileged') return [];
  const known = Math.min(version, newest);
  const key = `${level}:${known}`;
  let own = selected.get(key);
  if (own === undefined) selected.set(key, (own = select(level, known)));
  return own.flatMap((check) => check(pod) ?? []);
}

function select(level: LevelVersion['level'], version: number): readonly CheckPod[] {
  const current = checks
    .filter((each) => each.level === 'baseline' || level === 'restricted')
    .flatMap(({ id, versions }) => {
      const rule = versions.findLast(({ since }) => since <= version);
      return rule === undefined ? [] : [{ id, ...rule }];
    });
  const overridden = new Set(current.map(({ overrides }) => overrides));
  return current.filter(({ id }) => !overridden.has(id)).map(({ check }) => check);
}

/** `host namespaces, privileged` */
export function reasonsText(violations: readonly Violation[]): string {
  return violations.map(({ reason }) => reason).join(', ');
}

/** `host namespaces (hostPID=true), privileged (container "a" must not …)` */
export function detailsText(violations: readonly Violation[]): string {
  return violations.map(({ reason, detail }) => `${reason} (${detail})`).join(', ');
}
