/** What the server offers on a resource: everything that discovery tells and that requests are routed by. */
export interface ResourceOperations {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly namespaced: boolean;
  /** Sorted, as discovery lists them. */
  readonly verbs: readonly string[];
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  /** Empty for what is never stored, such as reviews. */
  readonly storageVersionHash: string;
  /** Whether DELETE of an object answers that object instead of a Status. */
  readonly deleteAnswersObject: boolean;
  /** Sorted by name. */
  readonly subresources: readonly SubresourceOperations[];
  /** OpenAPI name of the object: "io.k8s.api.core.v1.Pod". */
  readonly definition: string;
}

export interface SubresourceOperations {
  /** "status", "scale", "log" */
  readonly name: string;
  readonly verbs: readonly string[];
  /** What it speaks: the resource's own kind for status, autoscaling/v1 Scale for scale. */
  readonly responseKind: { readonly group: string; readonly version: string; readonly kind: string };
}
