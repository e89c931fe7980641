export interface ServedSubresource {
  /** "status", "scale", "exec" … */
  readonly name: string;
  /** The kind of its body; group and version only where they are not the parent's. */
  readonly kind: string;
  readonly group?: string;
  readonly version?: string;
  readonly verbs: readonly string[];
}

/** One resource of one group version, as discovery tells of it. */
export interface ServedResource {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  /** "" for what is not stored. */
  readonly storageVersionHash?: string;
  readonly subresources?: readonly ServedSubresource[];
  /** Of a CustomResourceDefinition: kinds are told with their group and version, and an unknown version is no page at all. */
  readonly isCustom?: boolean;
}

/** What is served now: the built-in kinds first, then those of CustomResourceDefinitions and of aggregated servers. */
export interface DiscoverySource {
  resources(): readonly ServedResource[];
  /** True for a group version whose aggregated server does not answer: discovery says Stale. */
  isStale?(group: string, version: string): boolean;
}

/** Whether a subresource speaks a kind of another group version than its parent's. */
export function isForeign(subresource: ServedSubresource, parent: ServedResource): boolean {
  const { group = parent.group, version = parent.version } = subresource;
  return group !== parent.group || version !== parent.version;
}
