import type {
  CustomResourceColumnDefinition,
  CustomResourceSubresourceScale,
  SelectableField,
} from '../../../openapi/generated/types.ts';
import { duplicate, invalidValue, required, type FieldError } from '../../../openapi/machinery/status.ts';
import type { Structural } from '../custom/structural.ts';
import { schemaAtPath } from '../custom/field-path.ts';

const columnTypes = ['boolean', 'date', 'integer', 'number', 'string'];
const columnFormats = ['byte', 'date', 'date-time', 'double', 'float', 'int32', 'int64', 'password'];

export function columnProblems(column: CustomResourceColumnDefinition, path: string): readonly FieldError[] {
  const { name, type, format = '', jsonPath } = column;
  const typeText = `must be one of ${columnTypes.join(',')}`;
  return [
    ...(name === '' ? [required(`${path}.name`)] : []),
    ...(type === '' ? [required(`${path}.type`, typeText)] : []),
    ...(type === '' || columnTypes.includes(type) ? [] : [invalidValue(`${path}.type`, type, typeText)]),
    ...(format === '' || columnFormats.includes(format)
      ? []
      : [invalidValue(`${path}.format`, format, `must be one of ${columnFormats.join(',')}`)]),
    ...(jsonPath === '' ? [required(`${path}.JSONPath`)] : pathProblems(jsonPath, `${path}.JSONPath`)),
  ];
}

export function scaleProblems(
  scale: CustomResourceSubresourceScale | undefined,
  path: string,
): readonly FieldError[] {
  if (scale === undefined) return [];
  const { specReplicasPath: spec, statusReplicasPath: status, labelSelectorPath: selector = '' } = scale;
  const either = 'should be a json path under either .spec or .status';
  return [
    ...(spec === ''
      ? [required(`${path}.specReplicasPath`)]
      : below(spec, `${path}.specReplicasPath`, ['.spec.'], 'should be a json path under .spec')),
    ...(status === ''
      ? [required(`${path}.statusReplicasPath`)]
      : below(status, `${path}.statusReplicasPath`, ['.status.'], 'should be a json path under .status')),
    ...(selector === '' ? [] : below(selector, `${path}.labelSelectorPath`, ['.spec.', '.status.'], either)),
  ];
}

function below(value: string, path: string, roots: readonly string[], text: string): readonly FieldError[] {
  const problems = pathProblems(value, path);
  if (problems.length > 0 || roots.some((root) => value.startsWith(root))) return problems;
  return [invalidValue(path, value, text)];
}

function pathProblems(value: string, path: string): readonly FieldError[] {
  return value.startsWith('.')
    ? []
    : [invalidValue(path, value, 'must be a simple json path starting with .')];
}

const selectableMax = 8;
const selectableTypes = ['string', 'boolean', 'integer'];

export function selectableFieldProblems(
  fields: readonly SelectableField[],
  schema: Structural,
  path: string,
): readonly FieldError[] {
  const seen = new Set<string>();
  const problems = fields.flatMap(({ jsonPath }, i) => {
    const at = `${path}[${i}].jsonPath`;
    if (jsonPath === '') return [required(at)];
    const found = schemaAtPath(jsonPath, schema);
    if (typeof found === 'string') return [invalidValue(at, jsonPath, `is an invalid path: ${found}`)];
    const own: FieldError[] = [];
    if (found.path.startsWith('metadata.')) {
      own.push(invalidValue(at, jsonPath, 'must not point to fields in metadata'));
    }
    if (found.schema.intOrString || !selectableTypes.includes(found.schema.types[0] ?? '')) {
      const text =
        'must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.';
      own.push(invalidValue(at, jsonPath, text));
    }
    if (seen.has(found.path)) own.push(duplicate(at, jsonPath));
    seen.add(found.path);
    return own;
  });
  if (seen.size <= selectableMax) return problems;
  const message = `Too many: ${seen.size}: must have at most ${selectableMax} items`;
  return [...problems, { field: path, reason: 'FieldValueTooMany', message }];
}
