import type { GroupVersions } from './group-order.ts';
import {
  type DiscoverySource,
  type ServedResource,
  type ServedSubresource,
  isForeign,
} from './served-resource.ts';

export type AggregatedVersion = 'v2' | 'v2beta1';

/** apidiscovery.k8s.io APIGroupDiscoveryList: everything of /api or /apis in one answer. Both versions have the same fields. */
export function apiGroupDiscoveryList(
  version: AggregatedVersion,
  groups: readonly GroupVersions[],
  source: Pick<DiscoverySource, 'isStale'>,
): object {
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: `apidiscovery.k8s.io/${version}`,
    metadata: {},
    items: groups.map((group) => ({
      metadata: group.name === '' ? {} : { name: group.name },
      versions: group.versions.map((each) => ({
        version: each.version,
        resources: each.resources.map(resourceDiscovery),
        freshness: source.isStale?.(group.name, each.version) === true ? 'Stale' : 'Current',
      })),
    })),
  };
}

function resourceDiscovery(resource: ServedResource): object {
  const { shortNames = [], categories = [], subresources = [] } = resource;
  return {
    resource: resource.plural,
    responseKind: {
      group: resource.isCustom === true ? resource.group : '',
      version: resource.isCustom === true ? resource.version : '',
      kind: resource.kind,
    },
    scope: resource.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: resource.singular,
    verbs: resource.verbs,
    ...(shortNames.length === 0 ? {} : { shortNames }),
    ...(categories.length === 0 ? {} : { categories }),
    ...(subresources.length === 0
      ? {}
      : { subresources: [...subresources].sort(byName).map((each) => subresourceDiscovery(each, resource)) }),
  };
}

function subresourceDiscovery(subresource: ServedSubresource, parent: ServedResource): object {
  const foreign = parent.isCustom === true || isForeign(subresource, parent);
  return {
    subresource: subresource.name,
    responseKind: {
      group: foreign ? (subresource.group ?? parent.group) : '',
      version: foreign ? (subresource.version ?? parent.version) : '',
      kind: subresource.kind,
    },
    verbs: subresource.verbs,
  };
}

function byName(a: ServedSubresource, b: ServedSubresource): number {
  return a.name < b.name ? -1 : 1;
}
