import { type JsonValue, isJsonObject } from '../json.ts';
import { type Tree, type TreeObject, cloneTree, getOwn, isTreeObject, setOwn } from '../tree.ts';
import { jsonKind, PatchError } from './patch-error.ts';

/**
 * RFC 7386 as Kubernetes applies it: the patch is an object, null deletes, and nulls within what is new are left out. Pure.
 * Throws PatchError.
 */
export function applyMergePatch(document: JsonValue, patch: JsonValue): JsonValue {
  if (patch === null) throw new PatchError(400, 'Invalid JSON Patch');
  if (!isJsonObject(patch)) {
    const text = `error decoding patch: json: cannot unmarshal ${jsonKind(patch)} into Go value of type map[string]interface {}`;
    throw new PatchError(400, text);
  }
  const target = cloneTree(document);
  const changes = cloneTree(patch) as TreeObject;
  if (!isTreeObject(target)) return withoutNulls(changes);
  merge(target, changes);
  return target;
}

function merge(target: TreeObject, changes: TreeObject): void {
  for (const [key, change] of Object.entries(changes)) {
    if (change === null) {
      Reflect.deleteProperty(target, key);
      continue;
    }
    const current = getOwn(target, key) ?? null;
    if (isTreeObject(current) && isTreeObject(change)) merge(current, change);
    else setOwn(target, key, isTreeObject(current) ? change : withoutNulls(change));
  }
}

/** Elements of lists stay, null or not; their own members lose their nulls. */
function withoutNulls(value: Tree): Tree {
  if (Array.isArray(value)) return value.map((item) => (item === null ? null : withoutNulls(item)));
  if (!isTreeObject(value)) return value;
  const result: TreeObject = {};
  for (const [key, member] of Object.entries(value)) {
    if (member !== null) setOwn(result, key, withoutNulls(member));
  }
  return result;
}
