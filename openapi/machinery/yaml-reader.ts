import { Composer, type Document, LineCounter, Parser, Schema, type YAMLError, isScalar, visit } from 'yaml';
import { InvariantError } from './invariant.ts';
import type { JsonValue } from './json.ts';
import { noteNumberText } from './number-texts.ts';
import { ParseError } from './parse-error.ts';

export interface YamlReading {
  readonly value: JsonValue;
  readonly duplicates: readonly string[];
  readonly yamlFaults: readonly string[];
}

/** How much aliases may blow a document up: more is taken for an attack. */
const aliasCountMax = 1_000;

/** What Go's YAML reader does not know: base-60 numbers, and types of the language. Dates stay text. */
const unknownTags = [
  'tag:yaml.org,2002:timestamp',
  'tag:yaml.org,2002:set',
  'tag:yaml.org,2002:omap',
  'tag:yaml.org,2002:pairs',
];
const schema = new Schema({
  schema: 'yaml-1.1',
  merge: true,
  customTags: (tags) =>
    tags.filter(
      (tag) => typeof tag === 'string' || (!unknownTags.includes(tag.tag) && tag.format !== 'TIME'),
    ),
});

/** Throws ParseError, with libyaml's words where Kubernetes' clients see them often. */
export function readYaml(bytes: Uint8Array, keepNumbers: boolean): YamlReading {
  const text = new TextDecoder().decode(bytes);
  if (hasControlCharacter(text)) throw new ParseError('yaml: control characters are not allowed');
  try {
    return readFirst(text, keepNumbers);
  } catch (error) {
    if (error instanceof ParseError || error instanceof InvariantError) throw error;
    if (error instanceof RangeError) throw new ParseError('yaml: exceeded max depth');
    // The yaml package throws plain errors for aliases: unresolved ones, and too many.
    const message = (error as Error).message;
    const aliasing = /alias count/i.test(message);
    throw new ParseError(`yaml: ${aliasing ? 'document contains excessive aliasing' : message}`, {
      cause: error,
    });
  }
}

function hasControlCharacter(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if ((code < 0x20 && code !== 0x09 && code !== 0x0a && code !== 0x0d) || code === 0x7f) return true;
  }
  return false;
}

function readFirst(text: string, keepNumbers: boolean): YamlReading {
  const lines = new LineCounter();
  const document = firstDocument(text, lines);
  if (document === undefined) return { value: null, duplicates: [], yamlFaults: [] };
  const [error] = document.errors;
  if (error !== undefined) throw new ParseError(errorText(error, lines));
  const { duplicates, faults } = findDuplicates(document, lines);
  const value = jsonOf(document.toJS({ maxAliasCount: aliasCountMax }), keepNumbers);
  return { value, duplicates, yamlFaults: faults };
}

function firstDocument(text: string, lines: LineCounter): Document.Parsed | undefined {
  const composer = new Composer({
    version: '1.1',
    schema,
    uniqueKeys: false,
    intAsBigInt: true,
    prettyErrors: false,
  });
  const tokens = new Parser(lines.addNewLine).parse(text);
  for (const document of composer.compose(tokens, true, text.length)) return document;
  return undefined;
}

interface Duplicates {
  readonly duplicates: readonly string[];
  readonly faults: readonly string[];
}

function findDuplicates(document: Document.Parsed, lines: LineCounter): Duplicates {
  const duplicates: string[] = [];
  const faults: string[] = [];
  visit(document, {
    Map(_key, map) {
      const seen = new Set<string>();
      for (const { key } of map.items) {
        if (!isScalar(key) || (key.value === '<<' && key.type === 'PLAIN')) continue;
        const name = String(key.value);
        if (seen.has(name)) {
          duplicates.push(name);
          const { line } = lines.linePos(key.range?.[0] ?? 0);
          faults.push(`line ${String(line)}: key ${keyText(key.value)} already set in map`);
        }
        seen.add(name);
      }
    },
  });
  return { duplicates, faults };
}

function keyText(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}

/** JSON's types only: integers become numbers, what JSON cannot write is refused. */
function jsonOf(value: unknown, keepNumbers: boolean): JsonValue {
  const root: unknown[] = [value];
  settle(root, 0, keepNumbers);
  return root[0] as JsonValue;
}

function settle(
  container: unknown[] | Record<string, unknown>,
  key: string | number,
  keepNumbers: boolean,
): void {
  const slots = container as Record<string | number, unknown>;
  const value = slots[key];
  if (typeof value === 'bigint') {
    slots[key] = integer(container, key, value, keepNumbers);
  } else if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new ParseError(
      `json: unsupported value: ${Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf'}`,
    );
  } else if (value instanceof Uint8Array) {
    slots[key] = new TextDecoder().decode(value);
  } else if (value === undefined) {
    slots[key] = null;
  } else if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) settle(value, i, keepNumbers);
  } else if (typeof value === 'object' && value !== null) {
    for (const name of Object.keys(value)) settle(value as Record<string, unknown>, name, keepNumbers);
  }
}

function integer(container: object, key: string | number, value: bigint, keepNumbers: boolean): number {
  const number = Number(value);
  if (Number.isSafeInteger(number)) return number;
  if (!keepNumbers) throw new ParseError(`number ${String(value)} is too large to be kept exactly`);
  noteNumberText(container, key, String(value));
  return number;
}

/** libyaml counts lines from 0 for what its parser finds, from 1 for what its scanner finds, and leaves the first line out. */
function errorText(error: YAMLError, lines: LineCounter): string {
  const line = lines.linePos(error.pos[0]).line - 1;
  const [words, scanner] = errorWords(error);
  const where = line === 0 ? '' : `line ${String(scanner ? line + 1 : line)}: `;
  return `yaml: ${where}${words}`;
}

function errorWords({ code, message }: YAMLError): readonly [string, boolean] {
  switch (code) {
    case 'TAB_AS_INDENT':
    case 'BAD_SCALAR_START':
      return ['found character that cannot start any token', true];
    case 'BLOCK_AS_IMPLICIT_KEY':
      return ['mapping values are not allowed in this context', true];
    case 'MISSING_CHAR':
      return [missingCharacter(message), false];
    case 'BAD_INDENT':
      return [
        message.includes('flow collection')
          ? "did not find expected ',' or '}'"
          : 'did not find expected key',
        false,
      ];
    case 'UNEXPECTED_TOKEN':
      return ['did not find expected node content', false];
    case 'BAD_ALIAS':
      return [message, false];
    default:
      return [message.charAt(0).toLowerCase() + message.slice(1), false];
  }
}

function missingCharacter(message: string): string {
  if (message.includes(' } ') || message.endsWith('}')) return "did not find expected ',' or '}'";
  if (message.includes(' ] ') || message.endsWith(']')) return "did not find expected ',' or ']'";
  if (message.includes('quote')) return 'found unexpected end of stream';
  if (message.includes(':')) return "could not find expected ':'";
  return 'did not find expected key';
}
