import { type JsonValue, isJsonObject } from './json.ts';
import { type JsonReading, depthMax, readJson } from './json-reader.ts';
import { scanJson } from './json-scan.ts';
import { ParseError } from './parse-error.ts';
import { readYaml } from './yaml-reader.ts';

export { ParseError };

export interface Parsed {
  readonly value: JsonValue;
  /** Paths of fields that came more than once, like `spec.containers[0].name`; the last value counts. */
  readonly duplicates: readonly string[];
  /** Where fields stand, for documents with duplicates. */
  readonly offsets?: ReadonlyMap<string, number>;
  /** What the YAML reader says of duplicates: `line 7: key "k" already set in map`. */
  readonly yamlFaults?: readonly string[];
}

export interface ParseOptions {
  /**
   * What to do with an integer that a double cannot hold. 'refuse' (the default): ParseError. 'note': the value is rounded, and
   * decode() refuses it with its text. For documents that go straight into decode().
   */
  readonly largeIntegers?: 'refuse' | 'note';
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** Reads a JSON document. Throws ParseError, whose message is Go's. */
export function parseJson(bytes: Uint8Array, options: ParseOptions = {}): Parsed {
  return parseFast(bytes) ?? parsedOf(readJson(bytes, options.largeIntegers === 'note'));
}

/** Reads the first document of a YAML stream as Kubernetes does: YAML 1.1's booleans and octals, then JSON's types. Throws ParseError. */
export function parseYaml(bytes: Uint8Array, options: ParseOptions = {}): Parsed {
  const json = startsAsJson(bytes) ? parseFast(bytes) : undefined; // What kubectl applies is JSON, which YAML includes.
  return json ?? readYaml(bytes, options.largeIntegers === 'note');
}

function startsAsJson(bytes: Uint8Array): boolean {
  const first = bytes.find((byte) => byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09);
  return first === 0x7b;
}

/** Undefined where JSON.parse would hide a duplicate or how a number was written, and where it fails. */
function parseFast(bytes: Uint8Array): Parsed | undefined {
  const scan = scanJson(bytes);
  if (scan.unusualNumbers || scan.depth > depthMax) return undefined;
  const text = decoder.decode(bytes);
  if (/\\u[dD][89a-fA-F]/.test(text)) return undefined; // Half a surrogate pair may be among them.
  try {
    const value = JSON.parse(text) as JsonValue;
    return countFields(value) === scan.fields ? { value, duplicates: [] } : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function countFields(value: JsonValue): number {
  if (typeof value !== 'object' || value === null) return 0;
  let count = 0;
  if (isJsonObject(value)) {
    for (const key in value) count += 1 + countFields(value[key] ?? null);
  } else {
    for (const item of value) count += countFields(item);
  }
  return count;
}

function parsedOf({ value, duplicates, offsets }: JsonReading): Parsed {
  return duplicates.length === 0 ? { value, duplicates } : { value, duplicates, offsets };
}

/**
 * What strict decoding reports, in the order of the document: `duplicate field "spec.replicas"`, `unknown field "spec.foo"`.
 * Nothing within an unknown field counts. At most 100.
 */
export function strictFaults(parsed: Parsed, unknown: readonly string[]): readonly string[] {
  const { duplicates, offsets, yamlFaults = [] } = parsed;
  const faults = unknown.map((path) => ({ path, text: `unknown field ${JSON.stringify(path)}` }));
  if (yamlFaults.length > 0) {
    const lines = yamlFaults.map((fault) => `\n  ${fault}`).join('');
    return [`yaml: unmarshal errors:${lines}`, ...faults.map(({ text }) => text)];
  }
  for (const path of duplicates) {
    if (unknown.some((each) => path === each || path.startsWith(`${each}.`) || path.startsWith(`${each}[`)))
      continue;
    faults.push({ path, text: `duplicate field ${JSON.stringify(path)}` });
  }
  const placed = faults.map((fault) => ({ ...fault, at: offsets?.get(fault.path) ?? 0 }));
  if (offsets !== undefined) placed.sort((a, b) => a.at - b.at);
  return placed.slice(0, 100).map(({ text }) => text);
}
