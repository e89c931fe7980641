import { clusterRoles, roles } from '../../../openapi/generated/resources.ts';
import type { ClusterRole, Role, RoleBinding } from '../../../openapi/generated/types.ts';
import { forbidden, notFound } from '../../../openapi/machinery/status.ts';
import type { Authorizer } from '../../auth/authorizer.ts';
import type { RulesOf } from '../../auth/authorization/rbac.ts';
import { missingRules, ruleText, type PolicyRule } from '../../auth/authorization/rules.ts';
import type { Lookup } from '../lookup.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../plugin.ts';

const group = 'rbac.authorization.k8s.io';

/** Nobody gives away a right that he has not, unless he holds `escalate` (on roles) or `bind` (on the role bound). */
export function rbacEscalation(lookup: Lookup, authorizer: Authorizer & RulesOf): AdmissionPlugin {
  return {
    name: 'RBACEscalation',
    operations: ['CREATE', 'UPDATE'],
    async validate(request) {
      if (request.resource.group !== group) return;
      const { plural } = request.resource;
      if (plural === 'roles' || plural === 'clusterroles') {
        if (may(authorizer, request, { verb: 'escalate', resource: plural, name: request.name })) return;
        check(authorizer, request, (request.object as Role | ClusterRole).rules ?? []);
        return;
      }
      const binding = request.object as RoleBinding;
      const { kind, name } = binding.roleRef;
      const resource = kind === 'ClusterRole' ? 'clusterroles' : 'roles';
      if (may(authorizer, request, { verb: 'bind', resource, name })) return;
      check(authorizer, request, await rulesOfReference(lookup, request.namespace, binding));
    },
  };
}

function may(
  authorizer: Authorizer,
  { user, namespace }: AdmissionRequest,
  asked: { readonly verb: string; readonly resource: string; readonly name: string },
): boolean {
  return authorizer.authorize({ user, group, version: 'v1', subresource: '', namespace, ...asked }).allowed;
}

function check(authorizer: RulesOf, request: AdmissionRequest, wanted: readonly PolicyRule[]): void {
  const missing = missingRules(authorizer.rulesOf(request.user, request.namespace), wanted);
  if (missing.length === 0) return;
  const { name, groups } = request.user;
  const who = `user ${JSON.stringify(name)} (groups=[${groups.map((each) => JSON.stringify(each)).join(' ')}])`;
  const list = [...new Set(missing.map(ruleText))].sort().join('\n');
  throw forbidden(
    request.resource,
    request.name,
    `${who} is attempting to grant RBAC permissions not currently held:\n${list}`,
  );
}

async function rulesOfReference(
  lookup: Lookup,
  namespace: string,
  binding: RoleBinding,
): Promise<readonly PolicyRule[]> {
  const { kind, name } = binding.roleRef;
  const found =
    kind === 'ClusterRole'
      ? await lookup.get(clusterRoles, { name })
      : await lookup.get(roles, { namespace, name });
  if (found === undefined) throw notFound(kind === 'ClusterRole' ? clusterRoles : roles, name);
  return found.rules ?? [];
}
