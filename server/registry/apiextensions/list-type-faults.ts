import {
  forbiddenField,
  invalidValue,
  required,
  type FieldError,
} from '../../../openapi/machinery/status.ts';
import { notSupported } from '../validation/field-errors.ts';
import { defaultOf, itemsOf, propertiesOf, textAt, textsAt, type Props } from './props.ts';

/** Faults of x-kubernetes-map-type. */
export function mapTypeFaults(schema: Props, path: string): readonly FieldError[] {
  const mapType = schema['x-kubernetes-map-type'];
  if (mapType === undefined) return [];
  return [
    ...typeFaults(schema, path, 'object', 'x-kubernetes-map-type'),
    ...(mapType === 'atomic' || mapType === 'granular'
      ? []
      : [notSupported(`${path}.x-kubernetes-map-type`, mapType, ['atomic', 'granular'])]),
  ];
}

function typeFaults(schema: Props, path: string, wanted: string, extension: string): readonly FieldError[] {
  const type = textAt(schema, 'type');
  if (type === wanted) return [];
  const text = `must be ${wanted} if ${extension} is specified`;
  return [type === '' ? required(`${path}.type`, text) : invalidValue(`${path}.type`, type, text)];
}

/** Faults of x-kubernetes-list-type and x-kubernetes-list-map-keys. */
export function listTypeFaults(schema: Props, path: string): readonly FieldError[] {
  const listType = schema['x-kubernetes-list-type'];
  const keys = textsAt(schema, 'x-kubernetes-list-map-keys');
  const at = `${path}.x-kubernetes-list-type`;
  const isArray = textAt(schema, 'type') === 'array';
  return [
    ...(listType === undefined || isArray ? [] : typeFaults(schema, path, 'array', 'x-kubernetes-list-type')),
    ...(listType === 'set' && isArray ? setItemFaults(itemsOf(schema), path) : []),
    ...(listType === undefined || ['atomic', 'set', 'map'].includes(textAt(schema, 'x-kubernetes-list-type'))
      ? []
      : [notSupported(at, listType, ['atomic', 'set', 'map'])]),
    ...(keys.length > 0 && listType !== 'map' ? [withoutMap(at, listType)] : []),
    ...(listType === 'map' ? mapFaults(schema, keys, path) : []),
    ...(listType === 'map' || listType === 'set' ? nullFaults(schema, keys, path) : []),
  ];
}

function withoutMap(at: string, listType: unknown): FieldError {
  const text = 'must be map if x-kubernetes-list-map-keys is non-empty';
  return listType === undefined ? required(at, text) : invalidValue(at, listType, text);
}

/** Elements of a set must be atomic, so that they can be told apart as wholes. */
function setItemFaults(items: Props | undefined, path: string): readonly FieldError[] {
  const text = 'must be atomic as item of a list with x-kubernetes-list-type=set';
  const itemListType = items?.['x-kubernetes-list-type'];
  if (items?.['type'] === 'array' && itemListType !== undefined && itemListType !== 'atomic') {
    return [invalidValue(`${path}.items.x-kubernetes-list-type`, itemListType, text)];
  }
  if (items?.['type'] === 'object' && items['x-kubernetes-map-type'] !== 'atomic') {
    return [invalidValue(`${path}.items.x-kubernetes-map-type`, itemListType, text)];
  }
  return [];
}

function mapFaults(schema: Props, keys: readonly string[], path: string): readonly FieldError[] {
  const items = itemsOf(schema);
  const at = `${path}.x-kubernetes-list-map-keys`;
  const problems: FieldError[] = [];
  if (keys.length === 0) problems.push(required(at, 'must not be empty if x-kubernetes-list-type is map'));
  if (schema['items'] === undefined) {
    problems.push(required(`${path}.items`, 'must have a schema if x-kubernetes-list-type is map'));
  }
  if (items === undefined) return problems;
  if (items['type'] !== 'object') {
    const text = "must be object if parent array's x-kubernetes-list-type is map";
    return [...problems, invalidValue(`${path}.items.type`, textAt(items, 'type'), text)];
  }
  const properties = new Map(propertiesOf(items));
  const seen = new Set<string>();
  for (const key of keys) {
    const type = properties.get(key)?.['type'];
    if (!properties.has(key)) {
      problems.push(invalidValue(at, keys, 'entries must all be names of item properties'));
    } else if (type === 'array' || type === 'object') {
      const text = "must be a scalar type if parent array's x-kubernetes-list-type is map";
      problems.push(invalidValue(`${path}.items.properties[${key}].type`, textAt(items, 'type'), text));
    }
    if (seen.has(key)) problems.push(invalidValue(at, keys, 'must not contain duplicate entries'));
    seen.add(key);
  }
  return problems;
}

/** Neither elements nor their keys may be null, and every element must have its keys. */
function nullFaults(schema: Props, keys: readonly string[], path: string): readonly FieldError[] {
  const items = itemsOf(schema);
  if (items === undefined) return [];
  const listType = textAt(schema, 'x-kubernetes-list-type');
  const properties = new Map(propertiesOf(items));
  const always = textsAt(items, 'required');
  const problems: FieldError[] =
    items['nullable'] === true
      ? [
          forbiddenField(
            `${path}.items.nullable`,
            `cannot be nullable when x-kubernetes-list-type is ${listType}`,
          ),
        ]
      : [];
  for (const key of listType === 'map' ? keys : []) {
    const property = properties.get(key);
    if (property === undefined) continue;
    const at = `${path}.items.properties[${key}]`;
    const why = 'this property is in x-kubernetes-list-map-keys, so it';
    if (!always.includes(key) && defaultOf(property) === undefined) {
      problems.push(required(`${at}.default`, `${why} must have a default or be a required property`));
    }
    if (property['nullable'] === true) {
      problems.push(forbiddenField(`${at}.nullable`, `${why} cannot be nullable`));
    }
  }
  return problems;
}
