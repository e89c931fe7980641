import type { JsonArray, JsonValue } from './json.ts';

/** JSON that its owner may change. */
export type Tree = string | number | boolean | null | Tree[] | TreeObject;
export interface TreeObject {
  [field: string]: Tree;
}

export function isTreeObject(value: Tree | undefined): value is TreeObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A copy to change. Members that are undefined, which JSON does not have, are left out. */
export function cloneTree(value: JsonValue): Tree {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return (value as JsonArray).map(cloneTree);
  const copy: TreeObject = {};
  for (const [key, member] of Object.entries(value)) {
    if (member !== undefined) setOwn(copy, key, cloneTree(member));
  }
  return copy;
}

/** Sets an own member whatever its name: plain assignment of `__proto__` would change the prototype. */
export function setOwn<T>(target: Record<string, T>, key: string, value: T): void {
  if (key === '__proto__') {
    Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
  } else {
    target[key] = value;
  }
}

/** An own member, never one that objects inherit. */
export function getOwn<T>(target: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(target, key) ? target[key] : undefined;
}
