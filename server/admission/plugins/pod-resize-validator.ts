import { nodes } from '../../../openapi/generated/resources.ts';
import type { Node, Pod } from '../../../openapi/generated/types.ts';
import { compareQuantities, milliValue, quantityValue } from '../../../openapi/machinery/quantity.ts';
import { qualifiedName } from '../../../openapi/machinery/resource.ts';
import { forbidden, StatusError } from '../../../openapi/machinery/status.ts';
import { quantityOf, zero } from '../../quota/amounts.ts';
import { chargedAmounts } from '../../quota/pod-amounts.ts';
import type { Lookup } from '../lookup.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../plugin.ts';

/** A pod that runs is resized only to what its node could hold at all. */
export function podResizeValidator(lookup: Lookup): AdmissionPlugin {
  return {
    name: 'PodResizeValidator',
    operations: ['UPDATE'],
    async validate(request) {
      const { resource, subresource, object, oldObject, name } = request;
      if (qualifiedName(resource) !== 'pods' || subresource !== 'resize') return;
      const pod = object as Pod;
      const nodeName = pod.spec?.nodeName ?? '';
      if (nodeName === '' || pod.metadata?.generation === oldObject?.metadata?.generation) return;
      const node = await lookup.get(nodes, { name: nodeName });
      if (node === undefined) throw forbidden(resource, name, `node ${JSON.stringify(nodeName)} not found`);
      checkSystem(request, node);
      checkRoom(request, pod, node);
    },
  };
}

function checkSystem(request: AdmissionRequest, { metadata }: Node): void {
  const system = metadata?.labels?.['kubernetes.io/os'] ?? 'linux';
  if (system === 'linux') return;
  const why = `pod resize is only supported on linux nodes, node ${JSON.stringify(metadata?.name ?? '')} is ${JSON.stringify(system)}`;
  throw refused(request, why, 'UnsupportedPlatform');
}

function checkRoom(request: AdmissionRequest, { status: _status, ...spec }: Pod, { status }: Node): void {
  const { requests } = chargedAmounts(spec);
  const texts = (['cpu', 'memory'] as const).flatMap((name) => {
    const asked = requests.get(name) ?? zero;
    const room = quantityOf(status?.allocatable?.[name] ?? '0');
    if (compareQuantities(asked, room) <= 0) return [];
    const shown = name === 'cpu' ? milliValue : quantityValue;
    return [`${name}, requested: ${shown(asked)}, allocatable: ${shown(room)}`];
  });
  if (texts.length === 0) return;
  const why = `node didn't have enough allocatable resources: ${texts.join('; ')}`;
  throw refused(request, why, 'NodeCapacity');
}

function refused({ resource, name }: AdmissionRequest, why: string, reason: string): StatusError {
  const { message, details } = forbidden(resource, name, why);
  return new StatusError('Forbidden', message, { details: { ...details, causes: [{ reason }] } });
}
