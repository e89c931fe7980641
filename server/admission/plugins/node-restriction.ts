import { isDeepStrictEqual } from 'node:util';
import type {
  CertificateSigningRequest,
  PersistentVolumeClaim,
  ResourceSlice,
} from '../../../openapi/generated/types.ts';
import { qualifiedName } from '../../../openapi/machinery/resource.ts';
import { nodeNameOf } from '../../auth/authorization/node.ts';
import type { Authorizer } from '../../auth/authorizer.ts';
import { requestSubject } from '../../auth/pki/request-subject.ts';
import type { Lookup } from '../lookup.ts';
import { refuseNode } from '../node-restriction/nodes.ts';
import { refusePod } from '../node-restriction/pods.ts';
import { refuseToken } from '../node-restriction/tokens.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../plugin.ts';
import { refused } from '../refused.ts';

/** A node's credential writes only its own Node, the status of its own pods, its own lease and tokens of its own pods. */
export function nodeRestriction(lookup: Lookup, authorizer: Authorizer): AdmissionPlugin {
  return {
    name: 'NodeRestriction',
    operations: ['CREATE', 'UPDATE', 'DELETE'],
    async mutate(request) {
      const nodeName = nodeNameOf(request.user);
      if (nodeName === undefined) return request.object;
      const refusal =
        nodeName === ''
          ? `could not determine node from user ${JSON.stringify(request.user.name)}`
          : await refusalOf(lookup, authorizer, request, nodeName);
      if (refusal !== undefined) throw refused(request, refusal);
      return request.object;
    },
  };
}

async function refusalOf(
  lookup: Lookup,
  authorizer: Authorizer,
  request: AdmissionRequest,
  nodeName: string,
): Promise<string | undefined> {
  switch (qualifiedName(request.resource)) {
    case 'nodes':
      return refuseNode(request, nodeName);
    case 'pods':
      return await refusePod(lookup, request, nodeName);
    case 'persistentvolumeclaims':
      return refuseClaim(request, nodeName);
    case 'serviceaccounts':
      return request.operation === 'CREATE' && request.subresource === 'token'
        ? await refuseToken(lookup, authorizer, request, nodeName)
        : undefined;
    case 'leases.coordination.k8s.io':
      return refuseLease(request, nodeName);
    case 'csinodes.storage.k8s.io':
      return request.name === nodeName
        ? undefined
        : 'can only access CSINode with the same name as the requesting node';
    case 'resourceslices.resource.k8s.io':
      return refuseSlice(request, nodeName);
    case 'certificatesigningrequests.certificates.k8s.io':
      return refuseCertificate(request, nodeName);
    default:
      return undefined;
  }
}

/** A node tells how large a volume has become, and nothing else of a claim. */
function refuseClaim(request: AdmissionRequest, nodeName: string): string | undefined {
  if (request.subresource !== 'status') return 'may only update PVC status';
  if (request.operation !== 'UPDATE') return `unexpected operation "${request.operation}"`;
  const rest = (object: unknown): unknown => {
    const { metadata, status, ...others } = object as PersistentVolumeClaim;
    const { resourceVersion: _version, managedFields: _fields, ...kept } = metadata ?? {};
    const {
      capacity: _capacity,
      conditions: _conditions,
      allocatedResources: _allocated,
      allocatedResourceStatuses: _statuses,
      ...told
    } = status ?? {};
    return { ...others, metadata: kept, status: told };
  };
  if (isDeepStrictEqual(rest(request.object), rest(request.oldObject))) return undefined;
  return `node "${nodeName}" is not allowed to update fields other than status.quantity and status.conditions`;
}

function refuseLease({ namespace, name }: AdmissionRequest, nodeName: string): string | undefined {
  if (namespace !== 'kube-node-lease')
    return 'can only access leases in the "kube-node-lease" system namespace';
  return name === nodeName
    ? undefined
    : 'can only access node lease with the same name as the requesting node';
}

function refuseSlice(
  { operation, object, oldObject }: AdmissionRequest,
  nodeName: string,
): string | undefined {
  const isOwn = (slice: unknown): boolean => (slice as ResourceSlice).spec.nodeName === nodeName;
  if (operation === 'CREATE' && !isOwn(object))
    return 'can only create ResourceSlice with the same NodeName as the requesting node';
  if (operation === 'DELETE' && !isOwn(oldObject))
    return 'can only delete ResourceSlice with the same NodeName as the requesting node';
  return undefined;
}

const nodeSigners = ['kubernetes.io/kubelet-serving', 'kubernetes.io/kube-apiserver-client-kubelet'];

function refuseCertificate({ operation, object }: AdmissionRequest, nodeName: string): string | undefined {
  if (operation !== 'CREATE') return undefined;
  const { signerName, request } = (object as CertificateSigningRequest).spec;
  if (!nodeSigners.includes(signerName)) return undefined;
  const subject = requestSubject(request);
  if (subject === undefined) return 'unable to parse csr: it is not a certificate request';
  return subject.commonName === `system:node:${nodeName}`
    ? undefined
    : `can only create a node CSR with CN=system:node:${nodeName}`;
}
