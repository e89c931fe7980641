import type { KubeObject } from '../../../openapi/machinery/object.ts';
import { parseRule } from '../../auth/authorization/rules.ts';
import { clusterRoles } from '../../auth/bootstrap/cluster-roles.ts';
import { controllerRoles } from '../../auth/bootstrap/controller-roles.ts';
import type { BindingSpec, RoleSpec } from '../../auth/bootstrap/role-spec.ts';
import { bindings, roles } from '../../auth/bootstrap/roles.ts';

const apiVersion = 'rbac.authorization.k8s.io/v1';
const group = 'rbac.authorization.k8s.io';

/** Every bootstrap role and binding, as the object that is stored. */
export function rbacObjects(): readonly KubeObject[] {
  return [
    ...[...clusterRoles, ...controllerRoles, ...roles].map(roleObject),
    ...[...bindings, ...controllerRoles.map(controllerBinding)].map(bindingObject),
  ];
}

/** system:controller:NAME is held by the service account NAME of kube-system. */
function controllerBinding(role: RoleSpec): BindingSpec {
  const account = role.name.slice('system:controller:'.length);
  return { name: role.name, role: role.name, subjects: [`ServiceAccount:kube-system/${account}`] };
}

function metadataOf(
  spec: { readonly namespace?: string; readonly name: string },
  labels: Record<string, string>,
): object {
  return {
    ...(spec.namespace === undefined ? {} : { namespace: spec.namespace }),
    name: spec.name,
    labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults', ...labels },
    annotations: { 'rbac.authorization.kubernetes.io/autoupdate': 'true' },
  };
}

const aggregation = (name: string): string => `rbac.authorization.k8s.io/aggregate-to-${name}`;

function roleObject(spec: RoleSpec): KubeObject {
  return {
    apiVersion,
    kind: spec.namespace === undefined ? 'ClusterRole' : 'Role',
    metadata: metadataOf(
      spec,
      spec.aggregateTo === undefined ? {} : { [aggregation(spec.aggregateTo)]: 'true' },
    ),
    ...(spec.aggregates === undefined
      ? { rules: spec.rules.map(parseRule) }
      : {
          rules: null,
          aggregationRule: {
            clusterRoleSelectors: [{ matchLabels: { [aggregation(spec.aggregates)]: 'true' } }],
          },
        }),
  };
}

function bindingObject(spec: BindingSpec): KubeObject {
  const clusterWide = spec.namespace === undefined;
  const kind = clusterWide ? 'ClusterRole' : 'Role';
  return {
    apiVersion,
    kind: `${kind}Binding`,
    metadata: metadataOf(spec, {}),
    ...(spec.subjects.length === 0 ? {} : { subjects: spec.subjects.map(subjectObject) }),
    roleRef: { apiGroup: group, kind, name: spec.role },
  } as KubeObject;
}

function subjectObject(text: string): object {
  const kind = text.slice(0, text.indexOf(':'));
  const rest = text.slice(kind.length + 1);
  if (kind !== 'ServiceAccount') return { kind, apiGroup: group, name: rest };
  const [namespace, name] = rest.split('/');
  return { kind, name, namespace };
}
