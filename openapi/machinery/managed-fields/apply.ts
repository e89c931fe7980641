import type { JsonObject } from '../json.ts';
import { difference, intersection, isEmptySet, union, type FieldSet } from './field-set.ts';
import { fieldSetOf } from './field-set-of.ts';
import { withNamedFields } from './fit-to-type.ts';
import { identityOf, withoutEmpty, type Manager, type Managers } from './managers.ts';
import { merge } from './merge.ts';
import { removeFields } from './remove.ts';
import {
  Comparisons,
  conflictsOf,
  fitManagers,
  inVersion,
  withoutChangedFields,
  withoutUnowned,
  type Conflict,
  type Versioned,
  type Write,
} from './updater.ts';
import { sameValue } from './value.ts';

export interface Applied {
  /** The live object itself when the write changes nothing. */
  readonly object: JsonObject;
  readonly managers: Managers;
}

export type ApplyResult = Applied | { readonly conflicts: readonly Conflict[] };

/**
 * The live object with what somebody applies, without what they applied last time and do not any more, as far as it is nobody
 * else's. A field that is somebody else's and would get another value is a conflict, unless `force` takes it over. `applied` has passed
 * checkType().
 */
export function applyObject(
  write: Write,
  live: Versioned,
  applied: JsonObject,
  { managers, force }: { readonly managers: Managers; readonly force: boolean },
): ApplyResult {
  const fitting = fitManagers(write, live, managers);
  const applier: Manager = {
    manager: write.manager,
    operation: 'Apply',
    apiVersion: live.apiVersion,
    time: undefined,
    subresource: write.subresource,
    fields: write.filter(fieldSetOf(live.type, applied)),
  };
  const identity = identityOf(applier);
  const last = fitting.get(identity);
  const withApplier = new Map(fitting).set(identity, { ...applier, time: last?.time });
  const merged = { ...live, object: merge(live.type, live.object, applied) };
  const pruned = last === undefined ? merged : prune(write, merged, withApplier, last);
  const comparisons = new Comparisons(write, live, pruned);
  const conflicts = force ? [] : conflictsOf(comparisons, withApplier, identity);
  if (conflicts.length > 0) return { conflicts };
  const same = sameValue(live.object, pruned.object);
  const left = withoutChangedFields(comparisons, withApplier, identity);
  return {
    object: same ? live.object : pruned.object,
    managers: finished(left, identity, same ? undefined : write.time),
  };
}

/** `time` undefined: nothing has changed, so it stays. */
function finished(managers: Managers, identity: string, time: string | undefined): Managers {
  const applier = managers.get(identity);
  if (applier === undefined) return managers;
  const fields = withoutUnowned(applier.fields);
  return withoutEmpty(new Map(managers).set(identity, { ...applier, fields, time: time ?? applier.time }));
}

/** Without what the applier owned before and applies no more, unless others own it. */
function prune(write: Write, merged: Versioned, managers: Managers, last: Manager): Versioned {
  if (isEmptySet(last.fields)) return merged;
  const whole = inVersion(write, merged, last.apiVersion);
  if (whole === undefined) return merged;
  const lastFields = withNamedFields(whole.type, last.fields);
  const removed = { ...whole, object: removeFields(whole.type, whole.object, lastFields) };
  const owned = withOwned(write, whole, removed, managers);
  const left = owned.apiVersion === whole.apiVersion ? owned : inVersion(write, owned, whole.apiVersion);
  if (left === undefined) return merged;
  // Only what was the applier's own goes: what nobody owns stays.
  const gone = difference(namedFieldsOf(whole), namedFieldsOf(left));
  const object = removeFields(whole.type, whole.object, intersection(gone, lastFields));
  return inVersion(write, { ...whole, object }, merged.apiVersion) ?? merged;
}

function namedFieldsOf({ type, object }: Versioned): FieldSet {
  return withNamedFields(type, fieldSetOf(type, object));
}

/** Puts back what is somebody's, in the versions in which they own it; that of the object itself comes first. */
function withOwned(write: Write, whole: Versioned, removed: Versioned, managers: Managers): Versioned {
  const ownedIn = new Map<string, FieldSet>();
  for (const { apiVersion, fields } of managers.values()) {
    const known = ownedIn.get(apiVersion);
    ownedIn.set(apiVersion, known === undefined ? fields : union(known, fields));
  }
  const versions = [...ownedIn.keys()].sort((a) => (a === whole.apiVersion ? -1 : 1));
  let left = removed;
  for (const version of versions) {
    const all = inVersion(write, whole, version);
    const rest = inVersion(write, left, version);
    if (all === undefined || rest === undefined) continue;
    const owned = withNamedFields(all.type, ownedIn.get(version) ?? {});
    const gone = difference(namedFieldsOf(all), union(namedFieldsOf(rest), owned));
    left = { ...all, object: removeFields(all.type, all.object, gone) };
  }
  return left;
}
