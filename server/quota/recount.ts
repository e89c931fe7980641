import type { ResourceQuota } from '../../openapi/generated/types.ts';
import type { KubeObject } from '../../openapi/machinery/object.ts';
import { subtractQuantities } from '../../openapi/machinery/quantity.ts';
import type { Resource } from '../../openapi/machinery/resource.ts';
import { pickAmounts, readAmounts, sumAmounts, zero, type Amounts } from './amounts.ts';
import { scopesOf } from './charge.ts';
import { evaluatorOf } from './evaluators.ts';

/** What there is to be counted. */
export interface Countable {
  /** Namespaced ones. */
  readonly resources: readonly Resource[];
  readonly list: (resource: Resource, namespace: string) => readonly KubeObject[];
  /** In ms since 1970. */
  readonly now: number;
}

/** What the objects of the quota's namespace use of what it limits. Names that nothing here counts keep what was known of them. */
export function recount(quota: ResourceQuota, { resources, list, now }: Countable): Amounts {
  const names = Object.keys(quota.spec?.hard ?? {});
  const scopes = scopesOf(quota.spec);
  let used: Amounts = new Map();
  for (const resource of resources) {
    const evaluator = evaluatorOf(resource);
    const own = names.filter((name) => evaluator?.counts(name) === true);
    if (evaluator === undefined || own.length === 0) continue;
    used = sumAmounts(used, new Map(own.map((name) => [name, zero])));
    for (const object of list(resource, quota.metadata?.namespace ?? '')) {
      if (!scopes.every((scope) => evaluator.matchesScope(scope, object))) continue;
      used = sumAmounts(
        used,
        pickAmounts(evaluator.usage(object, now), (name) => own.includes(name)),
      );
    }
  }
  const known = pickAmounts(readAmounts(quota.status?.used), (name) => names.includes(name));
  return new Map([...known, ...used]);
}

/** By how much `now` is above `before`, for the names where it is. */
export function growth(before: Amounts, now: Amounts): Amounts {
  const grown = [...now].map(
    ([name, amount]) => [name, subtractQuantities(amount, before.get(name) ?? zero)] as const,
  );
  return new Map(grown.filter(([, amount]) => amount.digits > 0n));
}
