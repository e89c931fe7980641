import { pods } from '../../../openapi/generated/resources.ts';
import type { Node, Pod, TokenRequest } from '../../../openapi/generated/types.ts';
import { forbidden } from '../../../openapi/machinery/status.ts';
import { nodeNameOf } from '../../auth/authorization/node.ts';
import type { Lookup } from '../lookup.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../plugin.ts';

/** Labels that a node may set on itself below kubernetes.io and k8s.io. */
const ownLabels = new Set([
  'kubernetes.io/hostname',
  'kubernetes.io/arch',
  'kubernetes.io/os',
  'beta.kubernetes.io/arch',
  'beta.kubernetes.io/os',
  'beta.kubernetes.io/instance-type',
  'node.kubernetes.io/instance-type',
  'failure-domain.beta.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone',
  'topology.kubernetes.io/region',
  'topology.kubernetes.io/zone',
]);

/** A node's credential writes only its own Node, the status of its own pods, its own lease and tokens of its own pods. */
export function nodeRestriction(lookup: Lookup): AdmissionPlugin {
  return {
    name: 'NodeRestriction',
    operations: ['CREATE', 'UPDATE', 'DELETE'],
    async validate(request) {
      const nodeName = nodeNameOf(request.user);
      if (nodeName === undefined) return;
      const refusal = await refusalOf(lookup, request, nodeName);
      if (refusal !== undefined) throw forbidden(request.resource, request.name, refusal);
    },
  };
}

async function refusalOf(
  lookup: Lookup,
  request: AdmissionRequest,
  nodeName: string,
): Promise<string | undefined> {
  switch (request.resource.plural) {
    case 'nodes':
      return refuseNode(request, nodeName);
    case 'pods':
      return refusePod(lookup, request, nodeName);
    case 'serviceaccounts':
      return request.subresource === 'token' ? refuseToken(lookup, request, nodeName) : undefined;
    default:
      return undefined;
  }
}

function refuseNode(request: AdmissionRequest, nodeName: string): string | undefined {
  const asked = request.object as Node | undefined;
  const name = request.name === '' ? (asked?.metadata?.name ?? '') : request.name;
  if (name !== nodeName) return `node "${nodeName}" is not allowed to modify node "${name}"`;
  if (request.operation === 'CREATE') {
    const bad = badLabels(asked, undefined);
    return bad.length === 0
      ? undefined
      : `node "${nodeName}" is not allowed to set the following labels: ${bad.join(', ')}`;
  }
  if (request.operation !== 'UPDATE') return undefined;
  return refuseNodeChange(request, nodeName);
}

function refuseNodeChange(request: AdmissionRequest, nodeName: string): string | undefined {
  const asked = request.object as Node;
  const old = request.oldObject as Node;
  if (JSON.stringify(asked.spec?.taints ?? []) !== JSON.stringify(old.spec?.taints ?? []))
    return `node "${nodeName}" is not allowed to modify taints`;
  if (
    JSON.stringify(asked.metadata?.ownerReferences ?? []) !==
    JSON.stringify(old.metadata?.ownerReferences ?? [])
  )
    return `node "${nodeName}" is not allowed to modify ownerReferences`;
  const bad = badLabels(asked, old);
  return bad.length === 0 ? undefined : `is not allowed to modify labels: ${bad.join(', ')}`;
}

/** Changed labels that an administrator keeps for himself. */
function badLabels(asked: Node | undefined, old: Node | undefined): string[] {
  const now = asked?.metadata?.labels ?? {};
  const before = old?.metadata?.labels ?? {};
  const changed = [...new Set([...Object.keys(now), ...Object.keys(before)])].filter(
    (key) => now[key] !== before[key],
  );
  return changed.filter((key) => isReserved(key) && !ownLabels.has(key)).sort();
}

function isReserved(key: string): boolean {
  const prefix = key.includes('/') ? (key.split('/')[0] ?? '') : '';
  if (prefix === 'node-restriction.kubernetes.io' || prefix.endsWith('.node-restriction.kubernetes.io'))
    return true;
  const ofKubernetes = ['kubernetes.io', 'k8s.io'].some(
    (each) => prefix === each || prefix.endsWith(`.${each}`),
  );
  const ofNodes = ['kubelet.kubernetes.io', 'node.kubernetes.io'].some(
    (each) => prefix === each || prefix.endsWith(`.${each}`),
  );
  return ofKubernetes && !ofNodes;
}

async function refusePod(
  lookup: Lookup,
  request: AdmissionRequest,
  nodeName: string,
): Promise<string | undefined> {
  if (request.operation === 'CREATE' && request.subresource === '') return refuseMirror(request, nodeName);
  if (request.operation === 'CREATE') return undefined;
  const key = { namespace: request.namespace, name: request.name };
  const old = (request.oldObject as Pod | undefined) ?? (await lookup.get(pods, key));
  if (old?.spec?.nodeName === nodeName) return refuseStatusChange(request, old, nodeName);
  const verb = request.operation === 'DELETE' ? 'delete' : 'update pod status for';
  return `node "${nodeName}" can only ${verb} pods with spec.nodeName set to itself`;
}

function refuseStatusChange(request: AdmissionRequest, old: Pod, nodeName: string): string | undefined {
  if (request.operation !== 'UPDATE') return undefined;
  const asked = request.object as Pod;
  if (JSON.stringify(asked.metadata?.labels ?? {}) !== JSON.stringify(old.metadata?.labels ?? {}))
    return `node "${nodeName}" cannot update labels through pod status`;
  return undefined;
}

/** Agents of Flotilla make no mirror pods; the rule is Kubernetes' for whoever holds a node credential. */
function refuseMirror(request: AdmissionRequest, nodeName: string): string | undefined {
  const pod = request.object as Pod;
  if (pod.metadata?.annotations?.['kubernetes.io/config.mirror'] === undefined)
    return `pod does not have "kubernetes.io/config.mirror" annotation, node "${nodeName}" can only create mirror pods`;
  if (pod.spec?.nodeName !== nodeName)
    return `node "${nodeName}" can only create pods with spec.nodeName set to itself`;
  const owner = pod.metadata.ownerReferences?.[0];
  if (owner?.kind !== 'Node' || owner.name !== nodeName)
    return `node "${nodeName}" can only create pods with an owner reference set to itself`;
  return undefined;
}

async function refuseToken(
  lookup: Lookup,
  request: AdmissionRequest,
  nodeName: string,
): Promise<string | undefined> {
  const bound = (request.object as TokenRequest | undefined)?.spec?.boundObjectRef;
  if (bound?.kind !== 'Pod' || bound.name === undefined) return 'node requested token not bound to a pod';
  if (bound.uid === undefined || bound.uid === '')
    return 'node requested token with a pod binding without a uid';
  const pod = await lookup.get(pods, { namespace: request.namespace, name: bound.name });
  if (pod?.metadata?.uid !== bound.uid)
    return 'node requested token bound to a pod that is not there, or not with that uid';
  if (pod.spec?.nodeName !== nodeName)
    return 'node requested token bound to a pod scheduled on a different node';
  return undefined;
}
