import type { ClusterRole, ClusterRoleBinding, Role, RoleBinding } from '../../../openapi/generated/types.ts';
import type { Informer } from '../../../openapi/client/informer.ts';
import type { AuthorizationAttributes, Authorizer, Decision } from '../authorizer.ts';
import type { UserInfo } from '../user.ts';
import { ruleAllows, type PolicyRule } from './rules.ts';

/** Where the rules stand; main.ts joins informers to it. */
export interface RbacSource {
  readonly roles: Informer<Role>;
  readonly roleBindings: Informer<RoleBinding>;
  readonly clusterRoles: Informer<ClusterRole>;
  readonly clusterRoleBindings: Informer<ClusterRoleBinding>;
}

/** One binding as seen from a subject. `namespace` is undefined where it holds everywhere. */
interface Grant {
  readonly namespace: string | undefined;
  readonly rules: readonly PolicyRule[];
  readonly why: string;
  /** Said of a binding to a role that is not there. */
  readonly problem?: string;
}

export interface RulesOf {
  /** All rules that hold for `user` in `namespace` ("" for cluster-wide ones only). */
  rulesOf(user: UserInfo, namespace: string): readonly PolicyRule[];
}

/** RBAC over informers. Members of system:masters may do everything, as in Kubernetes, whatever the roles say. */
export function rbacAuthorizer(source: RbacSource): Authorizer & RulesOf {
  let grants: Map<string, Grant[]> | undefined;
  for (const informer of [source.roles, source.roleBindings, source.clusterRoles, source.clusterRoleBindings])
    informer.subscribe(() => {
      grants = undefined;
    });

  function grantsOf(user: UserInfo): Grant[] {
    grants ??= collectGrants(source);
    const found = subjectsOf(user).flatMap((subject) => grants?.get(subject) ?? []);
    return found;
  }

  return {
    authorize(asked) {
      if (asked.user.groups.includes('system:masters')) return { allowed: true, reason: '' };
      return decide(grantsOf(asked.user), asked);
    },
    rulesOf(user, namespace) {
      const held = grantsOf(user).filter(
        (grant) => grant.namespace === undefined || grant.namespace === namespace,
      );
      // A binding counts once, whatever of the user it names.
      return [...new Set(held.map((grant) => grant.rules))].flat();
    },
  };
}

function decide(grants: readonly Grant[], asked: AuthorizationAttributes): Decision {
  const problems: string[] = [];
  for (const grant of grants) {
    if (grant.namespace !== undefined && grant.namespace !== asked.namespace) continue;
    if (grant.namespace !== undefined && asked.path !== undefined) continue;
    if (grant.rules.some((rule) => ruleAllows(rule, asked)))
      return { allowed: true, reason: `RBAC: allowed by ${grant.why}` };
    if (grant.problem !== undefined) problems.push(grant.problem);
  }
  return { allowed: false, denied: false, reason: reasonOf([...new Set(problems)]) };
}

function reasonOf(problems: readonly string[]): string {
  if (problems.length === 0) return '';
  return `RBAC: ${problems.length === 1 ? (problems[0] ?? '') : `[${problems.join(', ')}]`}`;
}

interface Subject {
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
}

/** The keys under which a user's bindings stand. */
function subjectsOf(user: UserInfo): string[] {
  return [`User ${user.name}`, ...user.groups.map((group) => `Group ${group}`)];
}

function subjectKey(subject: Subject, namespace: string): string {
  if (subject.kind !== 'ServiceAccount') return `${subject.kind} ${subject.name}`;
  return `User system:serviceaccount:${subject.namespace ?? namespace}:${subject.name}`;
}

function subjectText(subject: Subject, namespace: string): string {
  const name =
    subject.kind === 'ServiceAccount' ? `${subject.name}/${subject.namespace ?? namespace}` : subject.name;
  return `${subject.kind} ${JSON.stringify(name)}`;
}

function collectGrants(source: RbacSource): Map<string, Grant[]> {
  const grants = new Map<string, Grant[]>();
  for (const binding of [...source.clusterRoleBindings.list(), ...source.roleBindings.list()]) {
    const held = grantOf(source, binding);
    const namespace = binding.metadata?.namespace ?? '';
    for (const subject of binding.subjects ?? []) {
      const key = subjectKey(subject, namespace);
      const grant = { ...held, why: `${held.why} to ${subjectText(subject, namespace)}` };
      const list = grants.get(key);
      if (list === undefined) grants.set(key, [grant]);
      else list.push(grant);
    }
  }
  return grants;
}

function grantOf(source: RbacSource, binding: RoleBinding | ClusterRoleBinding): Grant {
  const { namespace, name = '' } = binding.metadata ?? {};
  const { kind, name: role } = binding.roleRef;
  const found =
    kind === 'ClusterRole'
      ? source.clusterRoles.get({ name: role })
      : source.roles.get({ namespace, name: role });
  const binds = namespace === undefined ? 'ClusterRoleBinding' : 'RoleBinding';
  const full = namespace === undefined ? name : `${name}/${namespace}`;
  const why = `${binds} "${full}" of ${kind} "${role}"`;
  if (found !== undefined) return { namespace, rules: found.rules ?? [], why };
  const missing = `${kind.toLowerCase()}.rbac.authorization.k8s.io "${role}" not found`;
  return { namespace, rules: [], why, problem: missing };
}
