import { isDeepStrictEqual } from 'node:util';
import { nodes, pods } from '../../../openapi/generated/resources.ts';
import type { Pod, Volume } from '../../../openapi/generated/types.ts';
import type { OwnerReference } from '../../../openapi/machinery/object.ts';
import { notFound } from '../../../openapi/machinery/status.ts';
import { referencesOf } from '../../auth/authorization/node-graph.ts';
import type { Lookup } from '../lookup.ts';
import type { AdmissionRequest } from '../plugin.ts';

/** Why a node may not write a pod so; undefined when it may. */
export async function refusePod(
  lookup: Lookup,
  request: AdmissionRequest,
  nodeName: string,
): Promise<string | undefined> {
  switch (request.subresource) {
    case '':
      return await refuseWhole(lookup, request, nodeName);
    case 'status':
      return refuseStatus(request, nodeName);
    case 'eviction':
      return await refuseEviction(lookup, request, nodeName);
    default:
      return `unexpected pod subresource ${JSON.stringify(request.subresource)}, only 'status' and 'eviction' are allowed`;
  }
}

async function refuseWhole(
  lookup: Lookup,
  request: AdmissionRequest,
  nodeName: string,
): Promise<string | undefined> {
  if (request.operation === 'CREATE') return await refuseMirror(lookup, request.object as Pod, nodeName);
  if (request.operation === 'DELETE') {
    const isOwn = (request.oldObject as Pod).spec?.nodeName === nodeName;
    return isOwn ? undefined : `node "${nodeName}" can only delete pods with spec.nodeName set to itself`;
  }
  return `unexpected operation "${request.operation}", node "${nodeName}" can only create and delete mirror pods`;
}

/** Agents of Flotilla make no mirror pods; the rule is Kubernetes' for whoever holds a node credential. */
async function refuseMirror(lookup: Lookup, pod: Pod, nodeName: string): Promise<string | undefined> {
  if (pod.metadata?.annotations?.['kubernetes.io/config.mirror'] === undefined)
    return `pod does not have "kubernetes.io/config.mirror" annotation, node "${nodeName}" can only create mirror pods`;
  if (pod.spec?.nodeName !== nodeName)
    return `node "${nodeName}" can only create pods with spec.nodeName set to itself`;
  const owners = pod.metadata.ownerReferences ?? [];
  if (owners.length > 1)
    return `node "${nodeName}" can only create pods with a single owner reference set to itself`;
  const foreign = await refuseOwner(lookup, owners[0], nodeName);
  if (foreign !== undefined) return foreign;
  const referred = apiReference(pod);
  return referred === undefined
    ? undefined
    : `node "${nodeName}" can not create pods that reference ${referred}`;
}

async function refuseOwner(
  lookup: Lookup,
  owner: OwnerReference | undefined,
  nodeName: string,
): Promise<string | undefined> {
  if (owner?.apiVersion !== 'v1' || owner.kind !== 'Node' || owner.name !== nodeName)
    return `node "${nodeName}" can only create pods with an owner reference set to itself`;
  if (owner.controller !== true)
    return `node "${nodeName}" can only create pods with a controller owner reference set to itself`;
  if (owner.blockOwnerDeletion === true)
    return `node "${nodeName}" must not set blockOwnerDeletion on an owner reference`;
  const node = await lookup.get(nodes, { name: nodeName });
  if (node === undefined) throw notFound({ ...nodes, plural: 'node' }, nodeName);
  const uid = node.metadata?.uid ?? '';
  return owner.uid === uid ? undefined : `node ${nodeName} UID mismatch: expected ${owner.uid} got ${uid}`;
}

/** What of the API a pod needs besides itself, by the name of its resource. */
function apiReference(pod: Pod): string | undefined {
  if ((pod.spec?.serviceAccountName ?? '') !== '') return 'serviceaccounts';
  const references = [...referencesOf(pod)];
  for (const resource of ['secrets', 'configmaps'])
    if (references.some((each) => each.startsWith(`${resource} `))) return resource;
  if ((pod.spec?.resourceClaims ?? []).length > 0) return 'resourceclaims';
  return (pod.spec?.volumes ?? []).map(volumeReference).find((each) => each !== undefined);
}

function volumeReference(volume: Volume): string | undefined {
  if (volume.csi !== undefined) return 'csidrivers (via CSI volumes)';
  if (volume.glusterfs !== undefined) return 'endpoints (via glusterFS volumes)';
  if (volume.persistentVolumeClaim !== undefined) return 'persistentvolumeclaims';
  if (volume.ephemeral !== undefined) return 'persistentvolumeclaims (via ephemeral volumes)';
  if (volume.azureFile !== undefined) return 'secrets (via azureFile volumes)';
  const sources = volume.projected?.sources ?? [];
  if (sources.some((each) => each.serviceAccountToken !== undefined))
    return 'serviceaccounts (via projected volumes)';
  return sources.some((each) => each.clusterTrustBundle !== undefined) ? 'clustertrustbundles' : undefined;
}

function refuseStatus(
  { operation, object, oldObject }: AdmissionRequest,
  nodeName: string,
): string | undefined {
  if (operation !== 'UPDATE') return `unexpected operation "${operation}"`;
  const [pod, old] = [object as Pod, oldObject as Pod];
  if (old.spec?.nodeName !== nodeName)
    return `node "${nodeName}" can only update pod status for pods with spec.nodeName set to itself`;
  if (!isDeepStrictEqual(pod.metadata?.labels ?? {}, old.metadata?.labels ?? {}))
    return `node "${nodeName}" cannot update labels through pod status`;
  const claims = ({ status }: Pod): unknown => status?.resourceClaimStatuses ?? [];
  if (!isDeepStrictEqual(claims(pod), claims(old)))
    return `node "${nodeName}" cannot update resource claim statues`;
  const extended = ({ status }: Pod): unknown => status?.extendedResourceClaimStatus;
  return isDeepStrictEqual(extended(pod), extended(old))
    ? undefined
    : `node "${nodeName}" cannot update extended resource claim status`;
}

async function refuseEviction(
  lookup: Lookup,
  { namespace, name }: AdmissionRequest,
  nodeName: string,
): Promise<string | undefined> {
  const pod = await lookup.get(pods, { namespace, name });
  if (pod === undefined) throw notFound({ ...pods, plural: 'pod' }, name);
  return pod.spec?.nodeName === nodeName
    ? undefined
    : `node ${nodeName} can only evict pods with spec.nodeName set to itself`;
}
