/**
 * A bootstrap role, compactly. A rule reads `verbs | groups | resources [| resourceNames]`, each a list with commas and "core" for the
 * group "", or `verbs | /path,…` for what is no resource.
 */
export interface RoleSpec {
  /** Undefined: a ClusterRole. */
  readonly namespace?: string;
  readonly name: string;
  readonly rules: readonly string[];
  /** Its rules are added to the ClusterRole of this name (label rbac.authorization.k8s.io/aggregate-to-…). */
  readonly aggregateTo?: string;
  /** Collects the rules of all ClusterRoles that carry this label. */
  readonly aggregates?: string;
}

export interface BindingSpec {
  /** Undefined: a ClusterRoleBinding. */
  readonly namespace?: string;
  readonly name: string;
  readonly role: string;
  readonly subjects: readonly string[];
}
