import { clusterRoles } from '../bootstrap/cluster-roles.ts';
import type { AuthorizationAttributes, Authorizer, Decision } from '../authorizer.ts';
import type { UserInfo } from '../user.ts';
import { parseRule, ruleAllows, type PolicyRule } from './rules.ts';

/** What the pods of a node refer to; node-graph.ts keeps it. */
export interface NodeGraph {
  /** `resource` is secrets, configmaps, persistentvolumeclaims or serviceaccounts. */
  mayRead(nodeName: string, resource: string, namespace: string, name: string): boolean;
}

/** The node's name for a node credential (system:node:NAME in group system:nodes), else undefined. */
export function nodeNameOf(user: UserInfo): string | undefined {
  if (!user.groups.includes('system:nodes') || !user.name.startsWith('system:node:')) return undefined;
  return user.name.slice('system:node:'.length);
}

/** Of nodes that proxy Services and answer DNS too: they may read what kube-proxy and CoreDNS read. */
export const agentsGroup = 'flotilla:agents';

const noOpinion = (reason: string): Decision => ({ allowed: false, denied: false, reason });
const allowed: Decision = { allowed: true, reason: '' };
const referenced = new Set(['secrets', 'configmaps', 'persistentvolumeclaims']);
const reads = new Set(['get', 'list', 'watch']);

/**
 * Kubernetes' Node authorizer: a node reads only what its own pods refer to, and leases and tokens only of its own; the rest as the
 * system:node role says. NodeRestriction (admission) limits what it writes.
 */
export function nodeAuthorizer(graph: NodeGraph): Authorizer {
  const rules = rulesOfRole('system:node');
  const agentRules = [...rulesOfRole('system:node-proxier'), ...rulesOfRole('system:kube-dns')];
  return {
    authorize(asked) {
      const nodeName = nodeNameOf(asked.user);
      if (nodeName === undefined) return noOpinion('');
      if (asked.path === undefined && asked.group === '' && referenced.has(asked.resource))
        return decideReference(graph, nodeName, asked);
      if (asked.group === '' && asked.resource === 'serviceaccounts')
        return decideToken(graph, nodeName, asked);
      if (asked.resource === 'leases') return decideLease(nodeName, asked);
      if (asked.group === 'storage.k8s.io' && asked.resource === 'csinodes') {
        return decideCsiNode(nodeName, asked);
      }
      const held = asked.user.groups.includes(agentsGroup) ? [...rules, ...agentRules] : rules;
      return held.some((rule) => ruleAllows(rule, asked)) ? allowed : noOpinion('');
    },
  };
}

function rulesOfRole(name: string): readonly PolicyRule[] {
  return (clusterRoles.find((role) => role.name === name)?.rules ?? []).map(parseRule);
}

function decideReference(graph: NodeGraph, nodeName: string, asked: AuthorizationAttributes): Decision {
  if (!reads.has(asked.verb)) return noOpinion(`can only read resources of this type`);
  if (asked.subresource !== '') return noOpinion('cannot read subresource');
  if (asked.name === '')
    return noOpinion(
      `No Object name found, can only list and watch a single object by metadata.name with fieldSelector`,
    );
  if (graph.mayRead(nodeName, asked.resource, asked.namespace, asked.name)) return allowed;
  return noOpinion(`no relationship found between node '${nodeName}' and this object`);
}

function decideToken(graph: NodeGraph, nodeName: string, asked: AuthorizationAttributes): Decision {
  if (asked.verb !== 'create' || asked.subresource !== 'token')
    return noOpinion('can only create tokens for individual service accounts');
  if (graph.mayRead(nodeName, 'serviceaccounts', asked.namespace, asked.name)) return allowed;
  return noOpinion(`no relationship found between node '${nodeName}' and this object`);
}

function decideLease(nodeName: string, asked: AuthorizationAttributes): Decision {
  if (asked.namespace !== 'kube-node-lease')
    return noOpinion('can only access leases in the "kube-node-lease" system namespace');
  const own = asked.verb === 'create' ? ['', nodeName].includes(asked.name) : asked.name === nodeName;
  const known = ['get', 'create', 'update', 'patch', 'delete'].includes(asked.verb);
  if (own && known) return allowed;
  return noOpinion('can only access node lease with the same name as the requesting node');
}

function decideCsiNode(nodeName: string, { verb, subresource, name }: AuthorizationAttributes): Decision {
  if (!['get', 'create', 'update', 'patch', 'delete'].includes(verb)) {
    return noOpinion('can only get, create, update, patch, or delete a CSINode');
  }
  if (subresource !== '') return noOpinion('cannot authorize CSINode subresources');
  if (verb === 'create' || name === nodeName) return allowed;
  return noOpinion('can only access CSINode with the same name as the requesting node');
}
