import type { JsonArray, JsonValue } from '../json.ts';
import { numberTextOf } from '../number-texts.ts';
import { type Tree, type TreeObject, cloneTree, getOwn, setOwn } from '../tree.ts';
import { jsonKind, PatchError, rejected } from './patch-error.ts';

const operationsMax = 10_000;
/** What `copy` operations of one patch may add, in bytes of JSON. */
const copiedBytesMax = 3 * 1024 * 1024;

/** Where a path leads: the container of its last part. */
interface Place {
  readonly container: Tree[] | TreeObject;
  readonly key: string;
}

interface Applying {
  document: Tree;
  copiedBytes: number;
}

type Operation = Readonly<Record<string, JsonValue | undefined>>;

/**
 * RFC 6902 as Kubernetes applies it, quirks included: `replace` sets a missing member, a missing member copies as null, indices
 * may be negative (from the end) or have leading zeros, a path without a slash at its start loses its first part. Null as the
 * patch changes nothing. Pure. Throws PatchError.
 */
export function applyJsonPatch(document: JsonValue, patch: JsonValue): JsonValue {
  const operations = readOperations(patch);
  if (operations.length > operationsMax) {
    const text = `The allowed maximum operations in a JSON patch is ${String(operationsMax)}, got ${String(operations.length)}`;
    throw new PatchError(413, text);
  }
  const applying: Applying = { document: cloneTree(document), copiedBytes: 0 };
  for (const operation of operations) applyOperation(applying, operation);
  return applying.document;
}

/** Members that operations do not have, in Kubernetes' strict form: `[0].foo`. */
export function unknownInJsonPatch(patch: JsonValue): readonly string[] {
  if (!Array.isArray(patch)) return [];
  return (patch as JsonArray).flatMap((operation, index) => {
    if (typeof operation !== 'object' || operation === null) return [];
    const unknown = Object.keys(operation).filter((key) => !['op', 'path', 'from', 'value'].includes(key));
    return unknown.map((key) => `[${String(index)}].${key}`);
  });
}

function readOperations(patch: JsonValue): readonly Operation[] {
  if (patch === null) return [];
  if (!Array.isArray(patch))
    throw undecodable(`${jsonKind(patch)} into Go value of type []handlers.jsonPatchOp`);
  for (const operation of patch as JsonArray) {
    if (operation === null) continue;
    if (typeof operation !== 'object' || Array.isArray(operation)) {
      throw undecodable(`${jsonKind(operation)} into Go value of type handlers.jsonPatchOp`);
    }
    for (const name of ['op', 'path', 'from']) {
      const value = getOwn(operation as Operation, name) ?? null;
      if (value === null || typeof value === 'string') continue;
      throw undecodable(`${jsonKind(value)} into Go struct field jsonPatchOp.${name} of type string`);
    }
  }
  return (patch as readonly (Operation | null)[]).map((operation) => operation ?? {});
}

function undecodable(what: string): PatchError {
  return new PatchError(400, `error decoding patch: json: cannot unmarshal ${what}`);
}

function applyOperation(applying: Applying, operation: Operation): void {
  switch (getOwn(operation, 'op')) {
    case 'add':
      add(place(applying, pathOf(operation, 'path')), valueOf(operation));
      return;
    case 'remove':
      remove(place(applying, pathOf(operation, 'path')), pathOf(operation, 'path'));
      return;
    case 'replace':
      replace(applying, operation);
      return;
    case 'move':
      move(applying, operation);
      return;
    case 'copy':
      copy(applying, operation);
      return;
    case 'test':
      test(applying, operation);
      return;
    default:
      throw rejected(`unexpected kind: ${JSON.stringify(getOwn(operation, 'op'))}`);
  }
}

function pathOf(operation: Operation, name: 'path' | 'from'): string {
  const path = getOwn(operation, name);
  if (typeof path !== 'string') throw rejected(`operation without ${name}`);
  return path;
}

function valueOf(operation: Operation): Tree {
  return cloneTree(getOwn(operation, 'value') ?? null);
}

function place({ document }: Applying, path: string): Place {
  const parts = path.split('/').slice(1).map(unescaped);
  const key = parts.pop();
  let container: Tree | undefined = document;
  for (const part of parts) {
    if (!isContainer(container)) break;
    container = get({ container, key: part });
  }
  if (key === undefined || !isContainer(container)) throw rejected(`document is missing path: ${path}`);
  return { container, key };
}

function unescaped(part: string): string {
  return part.replaceAll(/~[01]/g, (escape) => (escape === '~1' ? '/' : '~'));
}

function isContainer(value: Tree | undefined): value is Tree[] | TreeObject {
  return typeof value === 'object' && value !== null;
}

/** Undefined for a missing member of an object; an index outside is refused. */
function get({ container, key }: Place): Tree | undefined {
  if (Array.isArray(container)) return container[indexOf(key, container.length, container.length - 1)];
  return getOwn(container, key);
}

/** Indices from the end count from `-length`; the highest allowed is `last`. */
function indexOf(key: string, length: number, last: number): number {
  if (!/^[+-]?[0-9]{1,15}$/.test(key)) throw rejected(`value was not a proper array index: '${key}'`);
  const index = Number(key);
  if (index > last || index < -length) throw rejected(`unable to access invalid index: ${key}`);
  return index < 0 ? index + length : index;
}

function add({ container, key }: Place, value: Tree): void {
  if (!Array.isArray(container)) {
    setOwn(container, key, value);
  } else if (key === '-') {
    container.push(value);
  } else {
    container.splice(indexOf(key, container.length + 1, container.length), 0, value);
  }
}

function remove({ container, key }: Place, path: string): void {
  if (Array.isArray(container)) {
    container.splice(indexOf(key, container.length, container.length - 1), 1);
  } else if (Object.hasOwn(container, key)) {
    Reflect.deleteProperty(container, key);
  } else {
    throw rejected(
      `error in remove for path: '${path}': Unable to remove nonexistent key: ${key}: missing value`,
    );
  }
}

function replace(applying: Applying, operation: Operation): void {
  const path = pathOf(operation, 'path');
  const value = valueOf(operation);
  if (path === '') {
    if (!isContainer(value)) throw rejected('replace operation value must be object or array');
    applying.document = value;
    return;
  }
  const { container, key } = place(applying, path);
  if (Array.isArray(container)) container[indexOf(key, container.length, container.length - 1)] = value;
  else setOwn(container, key, value);
}

function move(applying: Applying, operation: Operation): void {
  const from = place(applying, pathOf(operation, 'from'));
  const value = get(from) ?? null;
  remove(from, pathOf(operation, 'from'));
  add(place(applying, pathOf(operation, 'path')), value);
}

function copy(applying: Applying, operation: Operation): void {
  const value = get(place(applying, pathOf(operation, 'from')));
  const target = place(applying, pathOf(operation, 'path'));
  applying.copiedBytes += value === undefined ? 0 : Buffer.byteLength(JSON.stringify(value));
  if (applying.copiedBytes > copiedBytesMax) {
    throw rejected(`copies exceed the limit of ${String(copiedBytesMax)} bytes`);
  }
  add(target, value === undefined ? null : cloneTree(value));
}

function test(applying: Applying, operation: Operation): void {
  const path = pathOf(operation, 'path');
  const found = path === '' ? applying.document : (get(place(applying, path)) ?? null);
  const wanted = getOwn(operation, 'value') ?? null;
  if (!isSame(found, wanted) || numberTextOf(operation, 'value') !== undefined)
    throw rejected(`testing value ${path} failed: test failed`);
}

/** Numbers count as they are written, so one that is written unusually (80.0) is no number of ours (80). */
function isSame(a: JsonValue, b: JsonValue): boolean {
  if (typeof a !== 'object' || a === null || typeof b !== 'object' || b === null) return a === b;
  if (Array.isArray(a) || Array.isArray(b)) return isSameList(a, b);
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every((key) => {
    if (!Object.hasOwn(b, key) || numberTextOf(b, key) !== undefined) return false;
    return isSame((a as Operation)[key] ?? null, (b as Operation)[key] ?? null);
  });
}

function isSameList(a: JsonValue, b: JsonValue): boolean {
  if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
  const [left, right] = [a as JsonArray, b as JsonArray];
  return left.every((item, index) => {
    return numberTextOf(right, index) === undefined && isSame(item, right[index] ?? null);
  });
}
