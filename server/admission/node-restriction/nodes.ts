import { isDeepStrictEqual } from 'node:util';
import type { Node } from '../../../openapi/generated/types.ts';
import type { AdmissionRequest } from '../plugin.ts';

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

/** Why a node may not write a Node so; undefined when it may. */
export function refuseNode(request: AdmissionRequest, nodeName: string): string | undefined {
  const asked = request.object as Node | undefined;
  if (request.name !== nodeName) return `node "${nodeName}" is not allowed to modify node "${request.name}"`;
  if (request.operation === 'CREATE') return refuseNew(asked, nodeName);
  return request.operation === 'UPDATE' ? refuseChange(request, nodeName) : undefined;
}

function refuseNew(asked: Node | undefined, nodeName: string): string | undefined {
  if (asked?.spec?.configSource !== undefined)
    return `node "${nodeName}" is not allowed to create pods with a non-nil configSource`;
  const bad = badLabels(asked, undefined);
  return bad.length === 0
    ? undefined
    : `node "${nodeName}" is not allowed to set the following labels: ${bad.join(', ')}`;
}

function refuseChange(request: AdmissionRequest, nodeName: string): string | undefined {
  const asked = request.object as Node;
  const old = request.oldObject as Node;
  const source = asked.spec?.configSource;
  if (source !== undefined && !isDeepStrictEqual(source, old.spec?.configSource))
    return `node "${nodeName}" is not allowed to update configSource to a new non-nil configSource`;
  if (!isDeepStrictEqual(asked.spec?.taints ?? [], old.spec?.taints ?? []))
    return `node "${nodeName}" is not allowed to modify taints`;
  if (!isDeepStrictEqual(asked.metadata?.ownerReferences ?? [], old.metadata?.ownerReferences ?? []))
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
