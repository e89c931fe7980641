import { namespaces, serviceAccounts } from '../../openapi/generated/resources.ts';
import { isStatusError } from '../../openapi/machinery/status.ts';
import type { Controller } from './controller.ts';
import { isNamespaceTerminating } from './shared/errors.ts';
import { watchMapped, watchOf } from './shared/watches.ts';

const accountName = 'default';

/** Gives every namespace the ServiceAccount "default", again when it was deleted. Keys are namespaces. */
export function createServiceAccountController(): Controller {
  return {
    name: 'serviceaccount',
    watches: [
      watchOf(namespaces),
      watchMapped(serviceAccounts, ({ metadata }) =>
        metadata?.name === accountName && metadata.namespace !== undefined
          ? [{ name: metadata.namespace }]
          : [],
      ),
    ],
    async reconcile({ name: namespace }, { client, informer }) {
      const isActive =
        informer(namespaces).get({ name: namespace })?.metadata?.deletionTimestamp === undefined;
      const isKnown = informer(namespaces).get({ name: namespace }) !== undefined;
      if (
        !isKnown ||
        !isActive ||
        informer(serviceAccounts).get({ namespace, name: accountName }) !== undefined
      )
        return undefined;
      try {
        await client.create(serviceAccounts, { metadata: { namespace, name: accountName } });
      } catch (error) {
        if (!isStatusError(error, 'AlreadyExists') && !isNamespaceTerminating(error)) throw error;
      }
      return undefined;
    },
  };
}
