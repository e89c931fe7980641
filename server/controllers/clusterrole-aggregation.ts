import { clusterRoles } from '../../openapi/generated/resources.ts';
import type { ClusterRole, PolicyRule } from '../../openapi/generated/types.ts';
import type { Controller } from './controller.ts';
import { sameValue } from './shared/hash.ts';
import { selects } from './shared/selectors.ts';
import { watchMapped } from './shared/watches.ts';

/** Fills roles such as admin, edit and view with the rules of all roles that their selectors choose. */
export function createClusterRoleAggregationController(): Controller {
  return {
    name: 'clusterrole-aggregation',
    watches: [
      // Any role may be part of any aggregate.
      watchMapped(clusterRoles, (_, { informer }) =>
        informer(clusterRoles)
          .list()
          .filter((role) => role.aggregationRule !== undefined)
          .map((role) => ({ name: role.metadata?.name ?? '' })),
      ),
    ],
    async reconcile(key, { client, informer }) {
      const role = informer(clusterRoles).get(key);
      if (role?.aggregationRule === undefined) return undefined;
      const rules = rulesFor(role, informer(clusterRoles).list());
      if (!sameValue(rules, role.rules ?? [])) await client.update(clusterRoles, { ...role, rules });
      return undefined;
    },
  };
}

/** Each rule once, by role in the order of names. */
export function rulesFor(aggregate: ClusterRole, all: readonly ClusterRole[]): readonly PolicyRule[] {
  const name = aggregate.metadata?.name;
  const sorted = [...all].sort((a, b) => ((a.metadata?.name ?? '') < (b.metadata?.name ?? '') ? -1 : 1));
  const selectors = aggregate.aggregationRule?.clusterRoleSelectors ?? [];
  const chosen = selectors.flatMap((selector) =>
    sorted.filter((role) => role.metadata?.name !== name && selects(selector, role.metadata?.labels)),
  );
  const rules: PolicyRule[] = [];
  for (const rule of chosen.flatMap((role) => role.rules ?? []))
    if (!rules.some((each) => sameValue(each, rule))) rules.push(rule);
  return rules;
}
