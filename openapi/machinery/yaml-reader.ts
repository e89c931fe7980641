import {
  Composer,
  type Document,
  LineCounter,
  Parser,
  type Scalar,
  type ScalarTag,
  Schema,
  isNode,
  isScalar,
  visit,
} from 'yaml';
import { InvariantError } from './invariant.ts';
import type { JsonValue } from './json.ts';
import { noteDocument, noteNumberText } from './number-texts.ts';
import { ParseError } from './parse-error.ts';
import { aliasErrorText, yamlErrorText } from './yaml-errors.ts';

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

/** YAML 1.2's octals, which Go reads too. */
const octal: ScalarTag = {
  tag: 'tag:yaml.org,2002:int',
  default: true,
  test: /^[-+]?0o[0-7_]+$/,
  resolve: (text) => {
    const digits = BigInt(text.replace(/^[-+]/, '').replaceAll('_', ''));
    return text.startsWith('-') ? -digits : digits;
  },
};

const schema = new Schema({
  schema: 'yaml-1.1',
  merge: true,
  customTags: (tags) => [
    octal,
    ...tags.filter(
      (tag) => typeof tag === 'string' || (!unknownTags.includes(tag.tag) && tag.format !== 'TIME'),
    ),
  ],
});

/** Throws ParseError, with libyaml's words where Kubernetes' clients see them often. */
export function readYaml(bytes: Uint8Array, keepNumbers: boolean): YamlReading {
  const text = new TextDecoder().decode(bytes);
  if (hasControlCharacter(text)) throw new ParseError('yaml: control characters are not allowed');
  if (nestingOf(text) > nestingMax) throw new ParseError('yaml: exceeded max depth');
  try {
    return readFirst(text, keepNumbers);
  } catch (error) {
    if (error instanceof ParseError || error instanceof InvariantError) throw error;
    if (error instanceof RangeError) throw new ParseError('yaml: exceeded max depth');
    // The yaml package throws plain errors for aliases: unresolved ones, and too many.
    const message = (error as Error).message;
    throw new ParseError(aliasErrorText(message) ?? `yaml: ${message}`, { cause: error });
  }
}

function hasControlCharacter(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if ((code < 0x20 && code !== 0x09 && code !== 0x0a && code !== 0x0d) || code === 0x7f) return true;
  }
  return false;
}

/** As JSON. The yaml package needs memory for each level. */
const nestingMax = 1_000;

/** At least as deep as the document nests within one line or within brackets; brackets in texts count too. */
function nestingOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  let indicators = 0;
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (character === '[' || character === '{') depth++;
    else if ((character === ']' || character === '}') && depth > 0) depth--;
    else if ((character === '-' || character === '?') && text[i + 1] === ' ') indicators++;
    else if (character === '\n') indicators = 0;
    if (depth + indicators > deepest) deepest = depth + indicators;
  }
  return deepest;
}

function readFirst(text: string, keepNumbers: boolean): YamlReading {
  const lines = new LineCounter();
  const document = firstDocument(text, lines);
  if (document === undefined) return { value: null, duplicates: [], yamlFaults: [] };
  const [error] = document.errors;
  if (error !== undefined) throw new ParseError(yamlErrorText(error, text));
  const { duplicates, faults } = inspect(document, lines);
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

/** Settles what Go reads otherwise, and finds keys that come again. */
function inspect(document: Document.Parsed, lines: LineCounter): Duplicates {
  const duplicates: string[] = [];
  const faults: string[] = [];
  visit(document, {
    Scalar(_key, scalar) {
      if (isTooLarge(scalar)) scalar.value = scalar.source;
    },
    Map(_key, map) {
      const seen = new Set<string>();
      for (const { key, value } of map.items) {
        if (!isScalar(key) || (key.value === '<<' && key.type === 'PLAIN')) continue;
        if (key.value === null) throw nullKey(value);
        const name = scalarText(key);
        if (seen.has(name)) {
          duplicates.push(name);
          const { line } = lines.linePos((isNode(value) ? value.range : key.range)?.[0] ?? 0);
          faults.push(`line ${String(line)}: key ${keyText(key)} already set in map`);
        }
        seen.add(name);
      }
    },
  });
  return { duplicates, faults };
}

/** Go keeps a number that overflows as text; infinity itself is written `.inf`. */
function isTooLarge({ value, source }: Scalar): boolean {
  return typeof value === 'number' && !Number.isFinite(value) && !/inf|nan/i.test(source ?? '');
}

function nullKey(value: unknown): ParseError {
  const text = isScalar(value) ? String(value.value) : '...';
  return new ParseError(`unsupported map key of type: %!s(<nil>), key: <nil>, value: ${text}`);
}

/** A scalar as the key of a JSON object. */
function scalarText({ value }: Scalar): string {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean'
    ? String(value)
    : '';
}

/** As Go prints a key: texts in quotes. */
function keyText(key: Scalar): string {
  return typeof key.value === 'string' ? JSON.stringify(key.value) : scalarText(key);
}

/** JSON's types only: integers become numbers, what JSON cannot write is refused. */
function jsonOf(value: unknown, keepNumbers: boolean): JsonValue {
  const root: unknown[] = [value];
  settle(root, 0, keepNumbers);
  const [settled] = root;
  if (keepNumbers && typeof settled === 'object' && settled !== null) noteDocument(settled);
  return settled as JsonValue;
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
