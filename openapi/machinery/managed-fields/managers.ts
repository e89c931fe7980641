import type { JsonValue } from '../json.ts';
import { isJsonObject } from '../json.ts';
import { isEmptySet, noFields, parseFieldSet, union, type FieldSet } from './field-set.ts';
import { TypeFault } from './path-element.ts';

/** What one manager owns: an entry of metadata.managedFields. */
export interface Manager {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  readonly apiVersion: string;
  /** RFC 3339, to the second. Undefined until a write of the manager changed something. */
  readonly time: string | undefined;
  /** "" for the object itself. */
  readonly subresource: string;
  readonly fields: FieldSet;
}

/** The managers of an object by their identity. */
export type Managers = ReadonlyMap<string, Manager>;

export const noManagers: Managers = new Map();

/** Who it is, whatever it owns. Someone who applies is the same in every version. Conflicts are told in the order of these texts. */
export function identityOf({
  manager,
  operation,
  apiVersion,
  subresource,
}: Pick<Manager, 'manager' | 'operation' | 'apiVersion' | 'subresource'>): string {
  const version = operation === 'Update' ? `,"apiVersion":${JSON.stringify(apiVersion)}` : '';
  const part = subresource === '' ? '' : `,"subresource":${JSON.stringify(subresource)}`;
  return `{"manager":${JSON.stringify(manager)},"operation":"${operation}"${version}${part}}`;
}

/** An entry of metadata.managedFields, fields in Go struct order. */
export interface ManagedFieldsEntry {
  readonly manager?: string;
  readonly operation?: string;
  readonly apiVersion?: string;
  readonly time?: string;
  readonly fieldsType?: string;
  readonly fieldsV1?: JsonValue;
  readonly subresource?: string;
}

/** Managers as this server has written them. */
export function readManagers(entries: readonly ManagedFieldsEntry[]): Managers {
  return managersOf(entries, (fields) => fields as FieldSet);
}

/** Managers as somebody else has written them. Throws TypeFault for what cannot be read. */
export function parseManagers(entries: readonly ManagedFieldsEntry[]): Managers {
  return managersOf(entries, parseFieldSet);
}

function managersOf(
  entries: readonly ManagedFieldsEntry[],
  fieldsOf: (value: JsonValue) => FieldSet,
): Managers {
  if (entries.length === 0) return noManagers;
  const managers = new Map<string, Manager>();
  for (const entry of entries) {
    const { manager = '', operation, apiVersion = '', time, fieldsType, fieldsV1, subresource = '' } = entry;
    if (operation !== 'Apply' && operation !== 'Update')
      throw new TypeFault('operation must be `Apply` or `Update`');
    if (apiVersion === '') throw new TypeFault('apiVersion must not be empty');
    if (fieldsType !== 'FieldsV1') throw new TypeFault('fieldsType must be FieldsV1');
    const fields = fieldsOf(fieldsV1 ?? {});
    const read: Manager = { manager, operation, apiVersion, time, subresource, fields };
    managers.set(identityOf(read), read);
  }
  return managers;
}

/** Managers as an object carries them: those who apply first, then by time. Undefined when there are none. */
export function writeManagers(managers: Managers): readonly ManagedFieldsEntry[] | undefined {
  if (managers.size === 0) return undefined;
  const sorted = [...managers.values()];
  if (sorted.length > 1) sorted.sort(compareManagers);
  return sorted.map(entryOf);
}

function entryOf({ manager, operation, apiVersion, time, subresource, fields }: Manager): ManagedFieldsEntry {
  const fieldsV1 = { fieldsType: 'FieldsV1', fieldsV1: fields };
  if (manager === '' || time === undefined) {
    return {
      ...(manager === '' ? {} : { manager }),
      operation,
      apiVersion,
      ...(time === undefined ? {} : { time }),
      ...fieldsV1,
      ...(subresource === '' ? {} : { subresource }),
    };
  }
  const entry = { manager, operation, apiVersion, time, ...fieldsV1 };
  return subresource === '' ? entry : { ...entry, subresource };
}

function compareManagers(a: Manager, b: Manager): number {
  const orders = [
    compareTexts(a.operation, b.operation),
    secondsOf(a.time) - secondsOf(b.time),
    compareTexts(a.manager, b.manager),
    compareTexts(a.apiVersion, b.apiVersion),
    compareTexts(a.subresource, b.subresource),
  ];
  return orders.find((order) => order !== 0) ?? 0;
}

function compareTexts(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

/** Without a time it counts as the oldest of all. */
function secondsOf(time: string | undefined): number {
  return time === undefined ? 0 : Math.floor(Date.parse(time) / 1000);
}

/** Whether what a client sent as managedFields asks to forget who owns what: no entry, or one that says nothing. */
export function isReset(entries: readonly ManagedFieldsEntry[] | undefined): boolean {
  if (entries === undefined) return false;
  const [first] = entries;
  return first === undefined || (entries.length === 1 && isJsonObject(first) && saysNothing(first));
}

function saysNothing(entry: ManagedFieldsEntry): boolean {
  return Object.values(entry).every((value) => value === undefined || value === '');
}

/** More who update than these are joined, the oldest first. */
const updatersMax = 10;
const joinedName = 'ancient-changes';

/** Joins the oldest of those who update when there are too many of them, those of one version together. */
export function joinOldUpdaters(managers: Managers): Managers {
  if (managers.size <= updatersMax) return managers;
  const updaters = [...managers].filter(([, { operation }]) => operation === 'Update');
  if (updaters.length <= updatersMax) return managers;
  updaters.sort(([a, first], [b, second]) => {
    const order = secondsOf(first.time) - secondsOf(second.time);
    return order === 0 ? compareTexts(a, b) : order;
  });
  const result = new Map(managers);
  const firstOf = new Map<string, string>();
  let count = updaters.length;
  for (const [identity, updater] of updaters) {
    if (count <= updatersMax) break;
    const { apiVersion } = updater;
    const first = firstOf.get(apiVersion);
    if (first === undefined) {
      firstOf.set(apiVersion, identity);
      continue;
    }
    joinInto(result, first, [identity, updater]);
    count--;
  }
  return result;
}

function joinInto(
  managers: Map<string, Manager>,
  first: string,
  [identity, updater]: [string, Manager],
): void {
  const { apiVersion, time } = updater;
  const joined: Manager = {
    manager: joinedName,
    operation: 'Update',
    apiVersion,
    time,
    subresource: '',
    fields: updater.fields,
  };
  const bucket = identityOf(joined);
  const other = identity === bucket || !managers.has(bucket) ? first : bucket;
  const before = managers.get(other)?.fields ?? noFields;
  managers.delete(other);
  managers.delete(identity);
  managers.set(bucket, { ...joined, fields: union(updater.fields, before) });
}

/** Without those who own nothing. */
export function withoutEmpty(managers: Managers): Managers {
  for (const { fields } of managers.values()) {
    if (isEmptySet(fields)) return new Map([...managers].filter(([, each]) => !isEmptySet(each.fields)));
  }
  return managers;
}
