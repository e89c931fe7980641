import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createDocuments } from './generate/document/documents.ts';
import { loadParameterWords } from './generate/document/parameters.ts';
import { loadDocumentation } from './generate/documentation.ts';
import { documentsText } from './generate/documents.ts';
import { operationsText } from './generate/operations.ts';
import { resourcesText } from './generate/resources.ts';
import { schemasText } from './generate/schemas.ts';
import { loadSpec } from './generate/spec.ts';
import { typeNames } from './generate/type-names.ts';
import { typesText } from './generate/types.ts';
import { wordsText } from './generate/words.ts';

const here = new URL('.', import.meta.url);
const client = new URL('../node_modules/@kubernetes/client-node/dist/gen/', here);
const output = new URL('generated/', here);

const spec = loadSpec(new URL('spec/', here));
const names = typeNames(spec);
const documentation = loadDocumentation(spec, new URL('models/', client));
const words = loadParameterWords(new URL('types/ObjectParamAPI.d.ts', client));
const documents = createDocuments({ spec, documentation, words });

const files: Readonly<Record<string, string>> = {
  'types.ts': await typesText(spec, names, documentation),
  'resources.ts': resourcesText(spec, names),
  'operations.ts': operationsText(spec),
  'schemas.ts': schemasText(spec),
  'documents.ts': documentsText(documents),
  'words.ts': wordsText(spec, documentation),
  'openapi-v2.json': JSON.stringify(documents.v2),
  ...Object.fromEntries(
    [...documents.v3].map(([name, document]) => [`v3/${name}.json`, JSON.stringify(document)]),
  ),
};
for (const [name, text] of Object.entries(files)) {
  const path = fileURLToPath(new URL(name, output));
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
