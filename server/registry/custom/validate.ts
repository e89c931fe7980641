import {
  isJsonObject,
  type JsonArray,
  type JsonObject,
  type JsonValue,
} from '../../../openapi/machinery/json.ts';
import type { FieldError } from '../../../openapi/machinery/status.ts';
import { sameJson } from '../generic/same.ts';
import { memberOf, type Structural } from './structural.ts';
import {
  enumFaults,
  formatFaults,
  general,
  hasCheckedFormat,
  memberCountFaults,
  numberFaults,
  sizeFaults,
  stringFaults,
  typeFaults,
  type ValueFault,
} from './value-checks.ts';

/** What an update had at the same place: a value that has not changed may break rules that have become stricter since. */
export interface Before {
  readonly value: JsonValue;
  /** The schema of the place, which tells elements of lists apart. */
  readonly schema: Structural;
}

/**
 * Faults of a value by its schema, in the words of Kubernetes' OpenAPI validation. `prefix` is the field that the value stands in;
 * "" for a whole object. With `before`, what is wrong already and stays as it is counts as right.
 */
export function valueProblems(
  value: JsonValue,
  schema: Structural,
  prefix: string,
  before?: Before,
): readonly FieldError[] {
  const { faults } = checkAndCompare(value, schema, { path: '', before });
  return faults.map(({ field, ...fault }) => ({ ...fault, field: fieldText(prefix, field) }));
}

function fieldText(prefix: string, field: string | undefined): string {
  if (field === undefined) return prefix === '' ? '<nil>' : prefix;
  const name = field.startsWith('.') ? field.slice(1) : field;
  return prefix === '' ? name : name === '' ? prefix : `${prefix}.${name}`;
}

interface Place {
  readonly path: string;
  readonly before: Before | undefined;
}

/** `matches` counts the checks that held: of several schemas none of which fits, the faults of the nearest are told. */
interface Outcome {
  readonly faults: ValueFault[];
  readonly matches: number;
}

class Result implements Outcome {
  readonly faults: ValueFault[] = [];
  matches = 0;

  add({ faults, matches }: Outcome): void {
    this.faults.push(...faults);
    this.matches += matches;
  }

  check(faults: readonly ValueFault[], matches = 0): void {
    this.faults.push(...faults);
    this.matches += matches + 1;
  }
}

function checkAndCompare(value: JsonValue, schema: Structural, place: Place): Outcome {
  const outcome = check(value, schema, place);
  const { before } = place;
  if (outcome.faults.length === 0 || before === undefined) return outcome;
  return sameJson(value, before.value) ? { faults: [], matches: outcome.matches } : outcome;
}

function check(value: JsonValue, schema: Structural, place: Place): Outcome {
  const result = new Result();
  const { path } = place;
  if (value === null) {
    result.check(typeFaults(path, value, schema));
    result.check(enumFaults(path, value, schema), -1);
    return result;
  }
  if (schema.types.length > 0) {
    const faults = typeFaults(path, value, schema);
    result.check(faults, faults.length === 0 ? 1 : 0);
  }
  checkCombined(value, schema, place, result);
  checkKind(value, schema, place, result);
  result.matches++;
  return result;
}

function checkKind(value: JsonValue, schema: Structural, place: Place, result: Result): void {
  const { path } = place;
  if (typeof value === 'string') {
    result.check(stringFaults(path, value, schema));
    if (hasCheckedFormat(schema)) result.check(formatFaults(path, value, schema));
  } else if (typeof value === 'number') {
    result.check(numberFaults(path, value, schema), 1);
  } else if (Array.isArray(value)) {
    checkItems(value as JsonArray, schema, place, result);
  }
  result.check(enumFaults(path, value, schema));
  if (isJsonObject(value)) checkMembers(value, schema, place, result);
}

function checkItems(list: JsonArray, schema: Structural, { path, before }: Place, result: Result): void {
  const { items } = schema;
  if (items !== undefined) {
    const found = elementsBefore(before);
    for (const [index, item] of list.entries()) {
      result.add(checkAndCompare(item, items, { path: `${path}[${index}]`, before: found?.(item) }));
    }
  }
  result.check(sizeFaults(path, list, schema), 1);
}

/** Only lists whose elements have keys know which element is which. */
function elementsBefore(before: Before | undefined): ((item: JsonValue) => Before | undefined) | undefined {
  if (before === undefined || !Array.isArray(before.value)) return undefined;
  const { listType, mapKeys, items } = before.schema;
  if (listType !== 'map' || items === undefined) return undefined;
  const byKey = new Map((before.value as JsonArray).map((each) => [keyText(each, mapKeys), each]));
  return (item) => {
    const value = byKey.get(keyText(item, mapKeys));
    return value === undefined ? undefined : { value, schema: items };
  };
}

function keyText(item: JsonValue, keys: readonly string[]): string {
  return JSON.stringify(isJsonObject(item) ? keys.map((key) => item[key] ?? null) : item);
}

const typeMeta = new Set(['apiVersion', 'kind']);

function checkMembers(object: JsonObject, schema: Structural, place: Place, result: Result): void {
  const { path } = place;
  result.check(memberCountFaults(path, object, schema), -1);
  for (const [name, value] of Object.entries(object)) {
    const member = memberOf(schema, name);
    if (value === undefined || member === undefined || member === true) continue;
    if (member === false) {
      const message = `Invalid value: ${JSON.stringify(name)}: ${path}.${name} in body is a forbidden property`;
      result.faults.push({ field: path, reason: 'FieldValueInvalid', message });
      continue;
    }
    const isRegular = schema.properties.has(name);
    const at = path === '' && isRegular ? name : `${path}.${name}`;
    result.add(checkAndCompare(value, member, { path: at, before: memberBefore(place, name) }));
  }
  for (const name of schema.required) {
    if (Object.hasOwn(object, name)) continue;
    result.faults.push({ field: `${path}.${name}`, reason: 'FieldValueRequired', message: 'Required value' });
  }
  result.matches++;
}

function memberBefore({ path, before }: Place, name: string): Before | undefined {
  if (before === undefined || (path === '' && typeMeta.has(name))) return undefined;
  const value = isJsonObject(before.value) ? before.value[name] : undefined;
  const schema = memberOf(before.schema, name);
  return value === undefined || typeof schema !== 'object' ? undefined : { value, schema };
}

/** anyOf, oneOf, allOf and not. */
function checkCombined(value: JsonValue, schema: Structural, place: Place, result: Result): void {
  const { path } = place;
  if (schema.anyOf.length > 0) checkAnyOf(value, schema.anyOf, place, result);
  if (schema.oneOf.length > 0) checkOneOf(value, schema.oneOf, place, result);
  if (schema.allOf.length > 0) checkAllOf(value, schema.allOf, place, result);
  if (schema.not !== undefined && check(value, schema.not, place).faults.length === 0) {
    result.faults.push(general(`${JSON.stringify(path)} must not validate the schema (not)`));
  }
  result.matches += 2;
}

function checkAnyOf(value: JsonValue, schemas: readonly Structural[], place: Place, result: Result): void {
  let best: Outcome | undefined;
  for (const schema of schemas) {
    const outcome = check(value, schema, place);
    if (outcome.faults.length === 0) {
      result.add(outcome);
      return;
    }
    if (best === undefined || outcome.matches > best.matches) best = outcome;
  }
  result.faults.push(general(`${JSON.stringify(place.path)} must validate at least one schema (anyOf)`));
  if (best !== undefined) result.add(best);
}

function checkOneOf(value: JsonValue, schemas: readonly Structural[], place: Place, result: Result): void {
  let best: Outcome | undefined;
  let first: Outcome | undefined;
  let valid = 0;
  for (const schema of schemas) {
    const outcome = check(value, schema, place);
    if (outcome.faults.length === 0) {
      valid++;
      first ??= outcome;
      best = undefined;
    } else if (valid === 0 && (best === undefined || outcome.matches > best.matches)) {
      best = outcome;
    }
  }
  if (valid === 1 && first !== undefined) {
    result.add(first);
    return;
  }
  const found = valid === 0 ? 'Found none valid' : `Found ${valid} valid alternatives`;
  result.faults.push(
    general(`${JSON.stringify(place.path)} must validate one and only one schema (oneOf). ${found}`),
  );
  if (best !== undefined) result.add(best);
}

function checkAllOf(value: JsonValue, schemas: readonly Structural[], place: Place, result: Result): void {
  let valid = 0;
  for (const schema of schemas) {
    const outcome = check(value, schema, place);
    if (outcome.faults.length === 0) valid++;
    result.add(outcome);
  }
  if (valid === schemas.length) return;
  const none = valid === 0 ? '. None validated' : '';
  result.faults.push(general(`${JSON.stringify(place.path)} must validate all the schemas (allOf)${none}`));
}
