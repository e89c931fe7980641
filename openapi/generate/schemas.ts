import type { Spec } from './spec.ts';

/** The text of schemas.ts: the spec's definitions, lists among them, as the tables that machinery/schemas.ts reads. */
export function schemasText(spec: Spec): string {
  return [
    '// Made by `npm run generate` from openapi/spec/definitions.',
    "import type { DefinitionFiles } from '../machinery/definition.ts';",
    "import { createSchemas } from '../machinery/schemas.ts';",
    '',
    `const files: DefinitionFiles = ${JSON.stringify(spec.files, undefined, 1)};`,
    '',
    'export const schemas = createSchemas(files);',
    'export const { schemaFor, findSchema, schemaOfDefinition } = schemas;',
    '',
  ].join('\n');
}
