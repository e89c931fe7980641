import type { CustomResourceDefinitionSpec } from '../../../openapi/generated/types.ts';
import { isJsonObject } from '../../../openapi/machinery/json.ts';
import { isKnownFormat } from '../custom/formats.ts';
import { childrenOf, textAt, type Props } from './props.ts';
import { hoisted } from './hoist.ts';

/** The formats of the schemas that nobody checks. */
export function unknownFormats(spec: CustomResourceDefinitionSpec): readonly string[] {
  const { shared, own } = hoisted(spec);
  const schemas = [shared, ...spec.versions.map(own)].map(({ schema }) => schema?.openAPIV3Schema);
  return schemas.flatMap((schema) => (isJsonObject(schema) ? formatsIn(schema) : []));
}

function formatsIn(schema: Props): readonly string[] {
  const format = textAt(schema, 'format');
  return [
    ...(format === '' || isCheckedFor(schema, format) ? [] : [format]),
    ...childrenOf(schema).flatMap(formatsIn),
  ];
}

const byType: Readonly<Record<string, readonly string[]>> = {
  integer: ['int32', 'int64'],
  number: ['float', 'double'],
};

function isCheckedFor(schema: Props, format: string): boolean {
  const type = textAt(schema, 'type');
  if (type === '' || type === 'string') return isKnownFormat(format);
  return byType[type]?.includes(format) ?? false;
}
