import { difference, hasField, isEmptySet, setOf } from './field-set.ts';
import { identityOf, type Manager, type Managers } from './managers.ts';
import type { PathElement } from './path-element.ts';

const scaleVersion = 'autoscaling/v1';
const replicas: readonly PathElement[] = ['f:spec', 'f:replicas'];

/** Where a version of the object has what its scale calls spec.replicas; undefined for a version that is not served. */
export type ReplicasPath = (apiVersion: string) => readonly PathElement[] | undefined;

/** Those who own the number of replicas of an object, as managers of its scale. */
export function scaleManagers(managers: Managers, pathOf: ReplicasPath): Managers {
  const result = new Map<string, Manager>();
  for (const manager of managers.values()) {
    const path = pathOf(manager.apiVersion);
    if (path === undefined || !hasField(manager.fields, path)) continue;
    const own = { ...manager, apiVersion: scaleVersion, fields: setOf(replicas) };
    result.set(identityOf(own), own);
  }
  return result;
}

/**
 * Managers of the object after a write of its scale, whose managers are `scale` now. New ones get no time. As Kubernetes has it,
 * somebody who updated the object is another one in its scale, by the version, and so loses the number to an entry of its own.
 */
export function parentManagers(
  parent: Managers,
  scale: Managers,
  { apiVersion, pathOf }: { readonly apiVersion: string; readonly pathOf: ReplicasPath },
): Managers {
  const left = new Map([...scale].filter(([, { fields }]) => hasField(fields, replicas)));
  const result = new Map<string, Manager>();
  for (const [identity, manager] of parent) {
    const path = pathOf(manager.apiVersion);
    if (path === undefined) continue;
    const kept =
      !hasField(manager.fields, path) || left.delete(identity)
        ? manager.fields
        : difference(manager.fields, setOf(path));
    if (!isEmptySet(kept))
      result.set(identity, kept === manager.fields ? manager : { ...manager, fields: kept });
  }
  const path = pathOf(apiVersion);
  if (path === undefined) return result;
  for (const [identity, manager] of left) {
    result.set(identity, { ...manager, apiVersion, time: undefined, fields: setOf(path) });
  }
  return result;
}
