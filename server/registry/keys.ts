import { allResources } from '../../openapi/generated/resources.ts';
import type { Resource } from '../../openapi/machinery/resource.ts';

/** Where etcd has what Kubernetes once stored under another name. */
const oldNames: Readonly<Record<string, string>> = {
  replicationcontrollers: 'controllers',
  endpoints: 'services/endpoints',
  services: 'services/specs',
  nodes: 'minions',
  ingresses: 'ingress',
};

/** These servers of Kubernetes put their group into the key. */
const withGroup = new Set(['apiextensions.k8s.io', 'apiregistration.k8s.io', 'flotilla.dev']);

/** So do custom resources: whatever is not here. */
const builtIn = new Set(allResources.map(({ group, plural }) => `${group}/${plural}`));

/** "/registry/pods/": what the keys of all objects of the resource begin with. */
export function resourcePrefix(resource: Pick<Resource, 'group' | 'plural'>): string {
  const isCustom = !builtIn.has(`${resource.group}/${resource.plural}`);
  const name =
    isCustom || withGroup.has(resource.group)
      ? `${resource.group}/${resource.plural}`
      : (oldNames[resource.plural] ?? resource.plural);
  return `/registry/${name}/`;
}

/** Of the objects of one namespace; of all when `namespace` is "" or the resource has none. */
export function listPrefix(
  resource: Pick<Resource, 'group' | 'plural' | 'namespaced'>,
  namespace: string,
): string {
  const prefix = resourcePrefix(resource);
  return resource.namespaced && namespace !== '' ? `${prefix}${namespace}/` : prefix;
}

export function objectKey(
  resource: Pick<Resource, 'group' | 'plural' | 'namespaced'>,
  namespace: string,
  name: string,
): string {
  return listPrefix(resource, namespace) + name;
}
