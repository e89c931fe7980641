import type { ServedResource } from './served-resource.ts';

export interface GroupVersions {
  readonly name: string;
  /** The preferred one first. */
  readonly versions: readonly { readonly version: string; readonly resources: readonly ServedResource[] }[];
}

/** Clients break ties between equal short names and kinds by this order: kube-apiserver's. */
const builtInGroups: readonly string[] = [
  '',
  'apiregistration.k8s.io',
  'apps',
  'events.k8s.io',
  'authentication.k8s.io',
  'authorization.k8s.io',
  'autoscaling',
  'batch',
  'certificates.k8s.io',
  'networking.k8s.io',
  'policy',
  'rbac.authorization.k8s.io',
  'storage.k8s.io',
  'admissionregistration.k8s.io',
  'apiextensions.k8s.io',
  'scheduling.k8s.io',
  'coordination.k8s.io',
  'node.k8s.io',
  'discovery.k8s.io',
  'resource.k8s.io',
  'flowcontrol.apiserver.k8s.io',
];

/** Groups and their versions in discovery's order. */
export function groupVersions(resources: readonly ServedResource[]): readonly GroupVersions[] {
  const groups = new Map<string, Map<string, ServedResource[]>>();
  for (const resource of resources) {
    const versions = groups.get(resource.group) ?? new Map<string, ServedResource[]>();
    groups.set(resource.group, versions);
    const list = versions.get(resource.version) ?? [];
    versions.set(resource.version, list);
    list.push(resource);
  }
  return [...groups]
    .sort(([a], [b]) => (rank(a) === rank(b) ? (a < b ? -1 : 1) : rank(a) - rank(b)))
    .map(([name, versions]) => ({ name, versions: orderedVersions(versions) }));
}

/** Stable before beta before alpha, then the higher number first: v2, v1, v2beta1, v1beta2, v1alpha1; anything else last, by text. */
export function compareVersions(a: string, b: string): number {
  const left = versionParts(a);
  const right = versionParts(b);
  if (left === undefined || right === undefined) {
    if (left !== undefined) return -1;
    if (right !== undefined) return 1;
    return a < b ? -1 : 1;
  }
  if (left.stability !== right.stability) return right.stability - left.stability;
  return left.major === right.major ? right.minor - left.minor : right.major - left.major;
}

function orderedVersions(
  versions: ReadonlyMap<string, readonly ServedResource[]>,
): GroupVersions['versions'] {
  return [...versions]
    .sort(([a], [b]) => compareVersions(a, b))
    .map(([version, resources]) => ({
      version,
      resources: [...resources].sort((a, b) => (a.plural < b.plural ? -1 : 1)),
    }));
}

function rank(group: string): number {
  const index = builtInGroups.indexOf(group);
  return index === -1 ? builtInGroups.length : index;
}

const stabilities: Readonly<Record<string, number>> = { alpha: 1, beta: 2 };

function versionParts(version: string): { stability: number; major: number; minor: number } | undefined {
  const match = /^v(\d{1,9})(?:(alpha|beta)(\d{1,9}))?$/.exec(version);
  if (match === null) return undefined;
  return {
    major: Number(match[1]),
    stability: match[2] === undefined ? 3 : (stabilities[match[2]] ?? 0),
    minor: Number(match[3] ?? 0),
  };
}
