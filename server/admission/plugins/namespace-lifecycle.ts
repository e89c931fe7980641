import { namespaces } from '../../../openapi/generated/resources.ts';
import { forbidden, notFound, StatusError } from '../../../openapi/machinery/status.ts';
import type { Lookup } from '../lookup.ts';
import type { AdmissionPlugin } from '../plugin.ts';

const immortal = new Set(['default', 'kube-system', 'kube-public']);
/** Reviews ask a question, and store nothing: they may be asked about a namespace that is not there. */
const reviewsOnly = new Set(['localsubjectaccessreviews']);

/** Nothing is made in a namespace that is missing or ending; those of the system stay. */
export function namespaceLifecycle(lookup: Lookup): AdmissionPlugin {
  return {
    name: 'NamespaceLifecycle',
    operations: ['CREATE', 'UPDATE', 'DELETE'],
    async mutate({ operation, resource, namespace, name, object }) {
      const isNamespace = resource.group === '' && resource.plural === 'namespaces';
      if (operation === 'DELETE' && isNamespace && immortal.has(name))
        throw forbidden(resource, name, 'this namespace may not be deleted');
      if (operation !== 'CREATE' || namespace === '' || isNamespace || reviewsOnly.has(resource.plural))
        return object;

      const found = await lookup.get(namespaces, { name: namespace });
      if (found === undefined) throw notFound(namespaces, namespace);
      if (found.metadata?.deletionTimestamp === undefined && found.status?.phase !== 'Terminating')
        return object;
      const refusal = forbidden(
        resource,
        name,
        `unable to create new content in namespace ${namespace} because it is being terminated`,
      );
      throw new StatusError('Forbidden', refusal.message, {
        details: {
          ...refusal.details,
          causes: [
            {
              reason: 'NamespaceTerminating',
              message: `namespace ${namespace} is being terminated`,
              field: 'metadata.namespace',
            },
          ],
        },
      });
    },
  };
}
