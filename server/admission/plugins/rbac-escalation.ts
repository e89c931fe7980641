import { isDeepStrictEqual } from 'node:util';
import { clusterRoles, roles } from '../../../openapi/generated/resources.ts';
import type { ClusterRole, Role, RoleBinding } from '../../../openapi/generated/types.ts';
import type { KubeObject } from '../../../openapi/machinery/object.ts';
import { forbidden, notFound } from '../../../openapi/machinery/status.ts';
import type { Authorizer } from '../../auth/authorizer.ts';
import type { RulesOf } from '../../auth/authorization/rbac.ts';
import { compactRules, missingRules, ruleText, type PolicyRule } from '../../auth/authorization/rules.ts';
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
      if (request.user.groups.includes('system:masters') || changesOwnersOnly(request)) return;
      if (plural === 'roles' || plural === 'clusterroles') {
        // What is created has no name in its path yet.
        const name = request.operation === 'CREATE' ? '' : request.name;
        if (may(authorizer, request, { verb: 'escalate', resource: plural, name })) return;
        check(authorizer, request, (request.object as Role | ClusterRole).rules ?? []);
        checkAggregation(authorizer, request);
        return;
      }
      const binding = request.object as RoleBinding;
      const { kind, name } = binding.roleRef;
      const resource = kind === 'ClusterRole' ? 'clusterroles' : 'roles';
      if (may(authorizer, request, { verb: 'bind', resource, name })) return;
      check(authorizer, request, await rulesOfReference(lookup, request, binding));
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
  const list = [...new Set(compactRules(missing).map(ruleText))].sort().join('\n');
  throw forbidden(
    request.resource,
    request.name,
    `${who} is attempting to grant RBAC permissions not currently held:\n${list}`,
  );
}

const everything: readonly PolicyRule[] = [
  { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
  { verbs: ['*'], nonResourceURLs: ['*'] },
];

/** What a role is to gather from others may be anything. */
function checkAggregation(authorizer: RulesOf, request: AdmissionRequest): void {
  const gathers = (role: unknown): boolean =>
    ((role as ClusterRole | undefined)?.aggregationRule?.clusterRoleSelectors ?? []).length > 0;
  if (!gathers(request.object) && !gathers(request.oldObject)) return;
  if (missingRules(authorizer.rulesOf(request.user, ''), everything).length === 0) return;
  throw forbidden(
    request.resource,
    request.name,
    'must have cluster-admin privileges to use the aggregationRule',
  );
}

/** The garbage collector takes owners and finalizers away from roles whose rights it does not have. */
function changesOwnersOnly({ operation, object, oldObject: old }: AdmissionRequest): boolean {
  if (operation !== 'UPDATE') return false;
  const rest = (each: KubeObject | undefined): object => {
    const { ownerReferences: _owners, finalizers: _finalizers, ...metadata } = each?.metadata ?? {};
    const { managedFields: _managed, resourceVersion: _version, ...kept } = metadata;
    return { ...each, metadata: kept };
  };
  const owners = (each: KubeObject | undefined): unknown => [
    each?.metadata?.ownerReferences ?? [],
    each?.metadata?.finalizers ?? [],
  ];
  return !isDeepStrictEqual(owners(object), owners(old)) && isDeepStrictEqual(rest(object), rest(old));
}

async function rulesOfReference(
  lookup: Lookup,
  { namespace, resource }: AdmissionRequest,
  binding: RoleBinding,
): Promise<readonly PolicyRule[]> {
  const { kind, name } = binding.roleRef;
  const found =
    kind === 'ClusterRole'
      ? await lookup.get(clusterRoles, { name })
      : await lookup.get(roles, { namespace, name });
  // Told of the bindings' resource, as kube-apiserver does.
  if (found === undefined) throw notFound(resource, name);
  return found.rules ?? [];
}
