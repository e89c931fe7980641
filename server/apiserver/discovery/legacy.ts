import type { GroupVersions } from './group-order.ts';
import { type ServedResource, isForeign } from './served-resource.ts';

/** Bodies of discovery as it was before aggregation: one document a group version. Field order is Go's struct order, since scripts grep it. */

export function apiVersions(serverAddress: string): object {
  return {
    kind: 'APIVersions',
    versions: ['v1'],
    serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress }],
  };
}

export function apiGroupList(groups: readonly GroupVersions[]): object {
  return { kind: 'APIGroupList', apiVersion: 'v1', groups: groups.map(groupFields) };
}

export function apiGroup(group: GroupVersions): object {
  return { kind: 'APIGroup', apiVersion: 'v1', ...groupFields(group) };
}

export function apiResourceList(
  group: string,
  version: string,
  resources: readonly ServedResource[],
): object {
  return {
    kind: 'APIResourceList',
    ...(group === '' ? {} : { apiVersion: 'v1' }),
    groupVersion: groupVersion(group, version),
    resources: resources.flatMap(resourceRows),
  };
}

function groupFields(group: GroupVersions): object {
  const versions = group.versions.map(({ version }) => ({
    groupVersion: groupVersion(group.name, version),
    version,
  }));
  return { name: group.name, versions, preferredVersion: versions[0] };
}

function resourceRows(resource: ServedResource): object[] {
  const rows = (resource.subresources ?? []).map((subresource) => ({
    name: `${resource.plural}/${subresource.name}`,
    singularName: '',
    namespaced: resource.namespaced,
    ...(isForeign(subresource, resource)
      ? { group: subresource.group ?? '', version: subresource.version }
      : {}),
    kind: subresource.kind,
    verbs: subresource.verbs,
  }));
  return [
    {
      name: resource.plural,
      singularName: resource.singular,
      namespaced: resource.namespaced,
      kind: resource.kind,
      verbs: resource.verbs,
      ...(empty(resource.shortNames) ? {} : { shortNames: resource.shortNames }),
      ...(empty(resource.categories) ? {} : { categories: resource.categories }),
      ...((resource.storageVersionHash ?? '') === ''
        ? {}
        : { storageVersionHash: resource.storageVersionHash }),
    },
    ...rows.sort((a, b) => (a.name < b.name ? -1 : 1)),
  ];
}

function empty(list: readonly string[] | undefined): boolean {
  return list === undefined || list.length === 0;
}

function groupVersion(group: string, version: string): string {
  return group === '' ? version : `${group}/${version}`;
}
