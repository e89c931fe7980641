import type { CustomResourceColumnDefinition } from '../../../openapi/generated/types.ts';
import { canonicalTime, TimeError } from '../../../openapi/machinery/time.ts';
import type { JsonValue } from '../../../openapi/machinery/json.ts';
import type { KubeObject } from '../../../openapi/machinery/object.ts';
import type { TableCell, TableColumn, TableStrategy } from '../strategy.ts';
import { ageText } from '../table/age.ts';
import { columns as columnsOf } from '../table/columns.ts';
import { JsonPathError, parseJsonPath, type JsonPath } from './json-path.ts';

interface Column {
  readonly shown: TableColumn;
  readonly find: JsonPath;
}

const age: CustomResourceColumnDefinition = {
  name: 'Age',
  type: 'date',
  jsonPath: '.metadata.creationTimestamp',
};

const [ageColumn] = columnsOf('Age:date') as readonly [TableColumn];

/** What `kubectl get` prints of a custom object: its name, then the columns of the definition or its age. */
export function customTable(
  definitions: readonly CustomResourceColumnDefinition[],
): TableStrategy<KubeObject> {
  const wanted = readColumns(definitions.length === 0 ? [age] : definitions);
  return {
    columns: [...columnsOf('Name'), ...wanted.map(({ shown }) => shown)],
    row: (object, now) => ({
      cells: [object.metadata?.name ?? '', ...wanted.map((column) => cellOf(column, object, now))],
    }),
  };
}

/** A path that cannot be read ends the columns, as it does in Kubernetes. */
function readColumns(definitions: readonly CustomResourceColumnDefinition[]): readonly Column[] {
  const wanted: Column[] = [];
  for (const definition of definitions) {
    try {
      wanted.push({ shown: columnOf(definition), find: parseJsonPath(definition.jsonPath) });
    } catch (error) {
      if (!(error instanceof JsonPathError)) throw error;
      break;
    }
  }
  return wanted;
}

function columnOf(definition: CustomResourceColumnDefinition): TableColumn {
  const { name, type, format = '', description = '', priority = 0, jsonPath } = definition;
  if (definition === age) return ageColumn;
  return {
    name,
    type: type as TableColumn['type'],
    format,
    description:
      description === ''
        ? `Custom resource definition column (in JSONPath format): ${jsonPath}`
        : description,
    priority,
  };
}

function cellOf({ shown, find }: Column, object: KubeObject, now: number): TableCell {
  const value = find(object as unknown as JsonValue)[0];
  if (value === undefined) return null;
  switch (shown.type) {
    case 'integer':
      return typeof value === 'number' ? Math.trunc(value) : null;
    case 'number':
      return typeof value === 'number' ? value : null;
    case 'boolean':
      return typeof value === 'boolean' ? value : null;
    case 'date':
      return typeof value === 'string' ? dateText(value, now) : null;
    case 'string':
      return typeof value === 'string' ? value : JSON.stringify(value);
  }
}

function dateText(value: string, now: number): string {
  try {
    return ageText(canonicalTime(value), now);
  } catch (error) {
    if (!(error instanceof TimeError)) throw error;
    return '<invalid>';
  }
}
