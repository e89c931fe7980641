import type { Documentation } from './documentation.ts';
import type { Spec } from './spec.ts';

/** The text of words.ts: what the documentation says of fields that answers explain, as the columns of tables. */
export function wordsText(spec: Spec, documentation: Documentation): string {
  const metadata = spec.definitions.get('meta.v1.ObjectMeta');
  const words = Object.fromEntries(
    ['name', 'creationTimestamp'].map((field) => [
      field,
      // The package has two spaces where a paragraph ends.
      metadata === undefined ? '' : (documentation.ofField(metadata, field) ?? '').replaceAll('  ', '\n\n'),
    ]),
  );
  return [
    '// Made by `npm run generate` from the documentation of @kubernetes/client-node.',
    '',
    '/** Of fields of ObjectMeta. */',
    `export const metadataWords: Readonly<Record<'name' | 'creationTimestamp', string>> = ${JSON.stringify(words, undefined, 2)};`,
    '',
  ].join('\n');
}
