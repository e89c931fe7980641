import { configMaps, namespaces } from '../../openapi/generated/resources.ts';
import { isStatusError } from '../../openapi/machinery/status.ts';
import type { Controller } from './controller.ts';
import { isNamespaceTerminating } from './shared/errors.ts';
import { sameValue } from './shared/hash.ts';
import { watchMapped, watchOf } from './shared/watches.ts';

const mapName = 'kube-root-ca.crt';
const description =
  'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.';

/** Publishes the cluster's CA (PEM) in every namespace as ConfigMap kube-root-ca.crt. Keys are namespaces. */
export function createRootCaController(options: { readonly rootCa: string }): Controller {
  const data = { 'ca.crt': options.rootCa };
  return {
    name: 'root-ca-certificate-publisher',
    watches: [
      watchOf(namespaces),
      watchMapped(configMaps, ({ metadata }) =>
        metadata?.name === mapName && metadata.namespace !== undefined ? [{ name: metadata.namespace }] : [],
      ),
    ],
    async reconcile({ name: namespace }, { client, informer }) {
      const found = informer(namespaces).get({ name: namespace });
      if (found === undefined || found.metadata?.deletionTimestamp !== undefined) return undefined;
      const map = informer(configMaps).get({ namespace, name: mapName });
      if (map !== undefined) {
        if (!sameValue(map.data, data)) await client.update(configMaps, { ...map, data });
        return undefined;
      }
      const annotations = { 'kubernetes.io/description': description };
      try {
        await client.create(configMaps, { metadata: { namespace, name: mapName, annotations }, data });
      } catch (error) {
        if (!isStatusError(error, 'AlreadyExists') && !isNamespaceTerminating(error)) throw error;
      }
      return undefined;
    },
  };
}
