import { configMaps } from '../../../openapi/generated/resources.ts';
import type { ConfigMap } from '../../../openapi/generated/types.ts';
import { type FieldError, forbiddenField, invalidValue, tooLong } from '../../../openapi/machinery/status.ts';
import type { Strategy } from '../strategy.ts';
import { configMapTable } from '../table/core.ts';
import { frozen, texts } from '../validation/field-errors.ts';
import { configMapKey } from '../validation/names.ts';

const bytesMax = 1024 * 1024;

export const configMapStrategy: Strategy<ConfigMap> = {
  resource: configMaps,
  validate: validateConfigMap,
  validateUpdate: (object, old) => [...immutableFaults(object, old), ...validateConfigMap(object)],
  table: configMapTable,
};

function validateConfigMap({ data = {}, binaryData = {} }: ConfigMap): readonly FieldError[] {
  const faults: FieldError[] = [];
  let bytes = 0;
  for (const [key, value] of Object.entries(data)) {
    faults.push(...texts(`data[${key}]`, key, configMapKey));
    if (Object.hasOwn(binaryData, key)) {
      faults.push(invalidValue(`data[${key}]`, key, 'duplicate of key present in binaryData'));
    }
    bytes += Buffer.byteLength(value);
  }
  for (const [key, value] of Object.entries(binaryData)) {
    faults.push(...texts(`binaryData[${key}]`, key, configMapKey));
    bytes += Buffer.byteLength(value, 'base64');
  }
  return bytes > bytesMax ? [...faults, tooLong('[]', bytesMax)] : faults;
}

function immutableFaults(object: ConfigMap, old: ConfigMap): readonly FieldError[] {
  if (old.immutable !== true) return [];
  return [
    ...(object.immutable === true
      ? []
      : [forbiddenField('immutable', 'field is immutable when `immutable` is set')]),
    ...frozen('data', object.data, old.data),
    ...frozen('binaryData', object.binaryData, old.binaryData),
  ];
}
