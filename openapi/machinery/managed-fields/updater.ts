import type { JsonObject } from '../json.ts';
import { compare, type Comparison } from './compare.ts';
import {
  difference,
  intersection,
  isEmptySet,
  noFields,
  pathsOf,
  setOf,
  union,
  type FieldSet,
} from './field-set.ts';
import type { FieldFilter } from './field-filter.ts';
import { fitToType } from './fit-to-type.ts';
import { identityOf, joinOldUpdaters, withoutEmpty, type Manager, type Managers } from './managers.ts';
import type { MergeType } from './merge-type.ts';
import type { PathElement } from './path-element.ts';

/** An object in one of the versions of its kind, without its managedFields. */
export interface Versioned {
  readonly object: JsonObject;
  readonly type: MergeType;
  readonly apiVersion: string;
}

/** A write, as far as it says who owns what. */
export interface Write {
  readonly manager: string;
  readonly subresource: string;
  /** RFC 3339, to the second. */
  readonly time: string;
  /** What the write may change: it leaves the rest as it is, whatever it says, so that nobody owns that by it. */
  readonly filter: FieldFilter;
  /** The object in another version of its kind; undefined for one that is not served. Never called for its own version. */
  convert(versioned: Versioned, apiVersion: string): Versioned | undefined;
}

/** What nobody owns. */
const unowned = setOf(
  ['f:apiVersion'],
  ['f:kind'],
  ['f:metadata'],
  ...[
    'name',
    'namespace',
    'creationTimestamp',
    'selfLink',
    'uid',
    'clusterName',
    'generation',
    'managedFields',
    'resourceVersion',
  ].map((field) => ['f:metadata', `f:${field}`]),
);

export function withoutUnowned(fields: FieldSet): FieldSet {
  return difference(fields, unowned);
}

/** Managers after a write that changed an object: the writer owns what it changed, and nobody else does. Throws TypeFault. */
export function updateManagers(
  write: Write,
  before: Versioned,
  after: Versioned,
  managers: Managers,
): Managers {
  const fitting = fitManagers(write, before, managers);
  const comparisons = new Comparisons(write, before, after);
  const { removed, modified, added } = comparisons.of(after.apiVersion) ?? nothingChanged;
  const taken = withoutUnowned(union(modified, added));
  const writer: Omit<Manager, 'fields'> = {
    manager: write.manager === '' ? 'unknown' : write.manager,
    operation: 'Update',
    apiVersion: after.apiVersion,
    time: write.time,
    subresource: write.subresource,
  };
  const identity = identityOf(writer);
  const result = new Map<string, Manager>();
  for (const [each, manager] of fitting) {
    const comparison = comparisons.of(manager.apiVersion);
    if (comparison === undefined) continue;
    const kept =
      each === identity
        ? union(difference(manager.fields, removed), taken)
        : withoutChanged(manager.fields, comparison);
    const time = each === identity && !isEmptySet(taken) ? write.time : manager.time;
    result.set(
      each,
      kept === manager.fields && time === manager.time ? manager : { ...manager, fields: kept, time },
    );
  }
  if (!result.has(identity) && !isEmptySet(taken)) result.set(identity, { ...writer, fields: taken });
  return joinOldUpdaters(withoutEmpty(result));
}

function withoutChanged(fields: FieldSet, { removed, modified, added }: Comparison): FieldSet {
  return difference(difference(difference(fields, modified), added), removed);
}

const nothingChanged: Comparison = { removed: noFields, modified: noFields, added: noFields };

/** Comparisons of an object before and after in the versions in which somebody owns something. */
export class Comparisons {
  readonly #write: Write;
  readonly #before: Versioned;
  readonly #after: Versioned;
  readonly #known = new Map<string, Comparison | undefined>();

  constructor(write: Write, before: Versioned, after: Versioned) {
    this.#write = write;
    this.#before = before;
    this.#after = after;
  }

  /** Undefined for a version that is not served. */
  of(apiVersion: string): Comparison | undefined {
    const known = this.#known.get(apiVersion);
    if (known !== undefined || this.#known.has(apiVersion)) return known;
    const comparison = this.#compare(apiVersion);
    this.#known.set(apiVersion, comparison);
    return comparison;
  }

  #compare(apiVersion: string): Comparison | undefined {
    const before = inVersion(this.#write, this.#before, apiVersion);
    const after = inVersion(this.#write, this.#after, apiVersion);
    if (before === undefined || after === undefined) return undefined;
    const { removed, modified, added } = compare(after.type, before.object, after.object);
    const { filter } = this.#write;
    return {
      removed: filter(removed),
      modified: filter(modified),
      added: filter(added),
    };
  }
}

export function inVersion(write: Write, versioned: Versioned, apiVersion: string): Versioned | undefined {
  return versioned.apiVersion === apiVersion ? versioned : write.convert(versioned, apiVersion);
}

/** Managers as the types of today have it; those of versions that are not served any more are left out. */
export function fitManagers(write: Write, live: Versioned, managers: Managers): Managers {
  let result: Map<string, Manager> | undefined;
  for (const [identity, manager] of managers) {
    const versioned = inVersion(write, live, manager.apiVersion);
    const fields = versioned === undefined ? undefined : fitToType(versioned.type, manager.fields);
    if (fields === manager.fields) continue;
    result ??= new Map(managers);
    if (fields === undefined) result.delete(identity);
    else result.set(identity, { ...manager, fields });
  }
  return result ?? managers;
}

/** A field that is somebody else's. */
export interface Conflict {
  readonly manager: Manager;
  readonly path: readonly PathElement[];
}

/** Fields of managers that a change would give another value; the managers in the order of their identities. */
export function conflictsOf(
  comparisons: Comparisons,
  managers: Managers,
  identity: string,
): readonly Conflict[] {
  return [...managers]
    .filter(([each]) => each !== identity)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([, manager]) => {
      const comparison = comparisons.of(manager.apiVersion);
      if (comparison === undefined) return [];
      const taken = intersection(manager.fields, union(comparison.modified, comparison.added));
      return pathsOf(taken).map((path) => ({ manager, path }));
    });
}

/** Managers after an applied change: what changed is no longer theirs. */
export function withoutChangedFields(
  comparisons: Comparisons,
  managers: Managers,
  identity: string,
): Managers {
  const result = new Map<string, Manager>();
  for (const [each, manager] of managers) {
    const comparison = comparisons.of(manager.apiVersion);
    if (each === identity) result.set(each, manager);
    else if (comparison !== undefined)
      result.set(each, { ...manager, fields: withoutChanged(manager.fields, comparison) });
  }
  return withoutEmpty(result);
}
