import type {
  ResourceQuota,
  ResourceQuotaSpec,
  ScopedResourceSelectorRequirement,
} from '../../openapi/generated/types.ts';
import type { KubeObject } from '../../openapi/machinery/object.ts';
import { compareQuantities, subtractQuantities } from '../../openapi/machinery/quantity.ts';
import { amountsText, pickAmounts, readAmounts, sumAmounts, type Amounts } from './amounts.ts';
import type { Evaluator, Write } from './evaluator.ts';

/** A quota with what is used of it, while writes are being charged. */
export interface Standing {
  readonly quota: ResourceQuota;
  readonly hard: Amounts;
  readonly used: Amounts;
}

/** What comes of charging a write: refused with a reason, or the quotas as they stand then (the same ones where nothing changed). */
export type Charge = { readonly refusal: string } | { readonly standings: readonly Standing[] };

/** A quota holds by its status: what its controller has seen. */
export function standingOf(quota: ResourceQuota): Standing {
  return { quota, hard: readAmounts(quota.status?.hard), used: readAmounts(quota.status?.used) };
}

export function scopesOf(spec: ResourceQuotaSpec | undefined): readonly ScopedResourceSelectorRequirement[] {
  const plain = (spec?.scopes ?? []).map((scopeName) => ({ scopeName, operator: 'Exists' }));
  return [...plain, ...(spec?.scopeSelector?.matchExpressions ?? [])];
}

/** Charges a write to every quota that counts it: to all, or to none. `now` in ms since 1970. */
export function charge(
  standings: readonly Standing[],
  evaluator: Evaluator,
  write: Write,
  now: number,
): Charge {
  const concerned = standings.filter((each) => matches(each, evaluator, write.object));
  if (concerned.length === 0) return { standings };
  for (const each of concerned) {
    const refusal = refuseUnready(each, evaluator, write.object);
    if (refusal !== undefined) return { refusal };
  }
  const total = evaluator.usage(write.object, now);
  const charged = new Map<Standing, Standing>();
  for (const each of concerned) {
    const added = pickAmounts(addedUsage(each, evaluator, write, { total, now }), (name) =>
      each.hard.has(name),
    );
    if (added.size === 0) continue;
    const used = sumAmounts(each.used, added);
    const refusal = write.subresource === 'status' ? undefined : refuseExcess(each, added, used);
    if (refusal !== undefined) return { refusal };
    charged.set(each, { ...each, used });
  }
  if (charged.size === 0) return { standings };
  return { standings: standings.map((each) => charged.get(each) ?? each) };
}

function matches({ quota, hard }: Standing, evaluator: Evaluator, object: KubeObject): boolean {
  return (
    [...hard.keys()].some((name) => evaluator.counts(name)) &&
    scopesOf(quota.spec).every((scope) => evaluator.matchesScope(scope, object))
  );
}

/** Why the object cannot be counted, or what is used is not known yet. */
function refuseUnready(
  { quota, hard, used }: Standing,
  evaluator: Evaluator,
  object: KubeObject,
): string | undefined {
  const names = [...hard.keys()].filter((name) => evaluator.counts(name)).sort();
  const name = quota.metadata?.name ?? '';
  const missing = evaluator.constraint?.(names, object);
  if (missing !== undefined) return `failed quota: ${name}: ${missing}`;
  if (names.every((each) => used.has(each))) return undefined;
  return `status unknown for quota: ${name}, resources: ${names.join(',')}`;
}

/** Above zero only: a change that needs less gives back when the controller counts next. */
function addedUsage(
  standing: Standing,
  evaluator: Evaluator,
  { oldObject }: Write,
  { total, now }: { readonly total: Amounts; readonly now: number },
): Amounts {
  const isCounted =
    oldObject?.metadata?.resourceVersion !== undefined && matches(standing, evaluator, oldObject);
  const before = isCounted ? evaluator.usage(oldObject, now) : new Map<string, never>();
  const added = [...total].map(([name, amount]) => {
    const old = before.get(name);
    return [name, old === undefined ? amount : subtractQuantities(amount, old)] as const;
  });
  return new Map(added.filter(([, amount]) => amount.digits > 0n));
}

function refuseExcess({ quota, hard, used }: Standing, added: Amounts, sum: Amounts): string | undefined {
  const exceeded = new Set(
    [...added.keys()].filter((name) => {
      const [now, limit] = [sum.get(name), hard.get(name)];
      return now !== undefined && limit !== undefined && compareQuantities(now, limit) > 0;
    }),
  );
  if (exceeded.size === 0) return undefined;
  const text = (amounts: Amounts): string => amountsText(pickAmounts(amounts, (name) => exceeded.has(name)));
  return `exceeded quota: ${quota.metadata?.name ?? ''}, requested: ${text(added)}, used: ${text(used)}, limited: ${text(hard)}`;
}
