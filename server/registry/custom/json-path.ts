import { isJsonObject, type JsonArray, type JsonValue } from '../../../openapi/machinery/json.ts';

/** One step of a path: what it finds in a value. */
type Step = (value: JsonValue) => readonly JsonValue[];

/** The values that a path finds. */
export type JsonPath = (value: JsonValue) => readonly JsonValue[];

/** Its message says what stands where. */
export class JsonPathError extends Error {
  override readonly name = 'JsonPathError';
}

/**
 * Reads a path as kubectl and printer columns write it: `.spec.size`, `.items[0]`, `['a.b']`, `[*]`, `[1:3]`, `..name`,
 * `.conditions[?(@.type=="Ready")].status`. Throws JsonPathError.
 */
export function parseJsonPath(text: string): JsonPath {
  const steps: Step[] = [];
  for (let at = 0; at < text.length;) {
    const read = text[at] === '[' ? readBracket(text, at) : readDot(text, at);
    steps.push(read.step);
    at = read.end;
  }
  return (value) => {
    let found: readonly JsonValue[] = [value];
    for (const step of steps) found = found.flatMap(step);
    return found;
  };
}

interface Read {
  readonly step: Step;
  readonly end: number;
}

function readDot(text: string, at: number): Read {
  if (text[at] !== '.')
    throw new JsonPathError(`unrecognized character in action: ${text.slice(at, at + 1)}`);
  const recursive = text[at + 1] === '.';
  const start = at + (recursive ? 2 : 1);
  const name = /^(?:\\.|[^.[\]\\])*/.exec(text.slice(start))?.[0] ?? '';
  const end = start + name.length;
  const field = name.replaceAll(/\\(.)/g, '$1');
  const step: Step = field === '' ? (value) => [value] : field === '*' ? everyMember : member(field);
  return { step: recursive ? (value) => descendants(value).flatMap(step) : step, end };
}

function readBracket(text: string, at: number): Read {
  const quoted = /^\[\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")\s*\]/.exec(text.slice(at));
  if (quoted !== null) {
    const name = (quoted[1] ?? quoted[2] ?? '').replaceAll(/\\(.)/g, '$1');
    return { step: member(name), end: at + quoted[0].length };
  }
  const end = closingBracket(text, at);
  const inner = text.slice(at + 1, end).trim();
  if (inner === '*') return { step: everyMember, end: end + 1 };
  const filter = /^\?\((.*)\)$/s.exec(inner);
  if (filter !== null) return { step: readFilter(filter[1] ?? ''), end: end + 1 };
  return { step: readSlice(inner), end: end + 1 };
}

/** The bracket that ends the one at `at`; brackets in quotes and nested ones do not. */
function closingBracket(text: string, at: number): number {
  let depth = 0;
  let quote = '';
  for (let index = at; index < text.length; index++) {
    const character = text[index] ?? '';
    if (quote !== '') {
      if (character === '\\') index++;
      else if (character === quote) quote = '';
    } else if (character === "'" || character === '"') quote = character;
    else if (character === '[') depth++;
    else if (character === ']' && --depth === 0) return index;
  }
  throw new JsonPathError('unterminated array');
}

function readSlice(text: string): Step {
  const parts = text.split(':').map((part) => part.trim());
  if (parts.length > 3 || !parts.every((part) => /^-?\d*$/.test(part)) || text === '') {
    throw new JsonPathError(`invalid array index ${text}`);
  }
  const [from = '', to, by = ''] = parts;
  if (to === undefined) {
    const index = Number(from);
    return (value) => (Array.isArray(value) ? presentItem(value as JsonArray, index) : []);
  }
  const stride = by === '' ? 1 : Number(by);
  if (stride <= 0) throw new JsonPathError('step must be > 0');
  return (value) => {
    if (!Array.isArray(value)) return [];
    const part = (value as JsonArray).slice(
      from === '' ? 0 : Number(from),
      to === '' ? undefined : Number(to),
    );
    return part.filter((_item, index) => index % stride === 0);
  };
}

function presentItem(list: JsonArray, index: number): readonly JsonValue[] {
  const item = list.at(index);
  return item === undefined ? [] : [item];
}

function member(name: string): Step {
  return (value) => {
    const found = isJsonObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
    return found === undefined ? [] : [found];
  };
}

function everyMember(value: JsonValue): readonly JsonValue[] {
  if (Array.isArray(value)) return value as JsonArray;
  return isJsonObject(value) ? Object.values(value).filter((each) => each !== undefined) : [];
}

function descendants(value: JsonValue): readonly JsonValue[] {
  return [value, ...everyMember(value).flatMap(descendants)];
}

const compare: Readonly<Record<string, (a: JsonValue, b: JsonValue) => boolean>> = {
  '==': (a, b) => a === b,
  '!=': (a, b) => a !== b,
  '<=': (a, b) => order(a, b) <= 0,
  '>=': (a, b) => order(a, b) >= 0,
  '<': (a, b) => order(a, b) < 0,
  '>': (a, b) => order(a, b) > 0,
};

function order(a: JsonValue, b: JsonValue): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (typeof a === 'string' && typeof b === 'string') return a === b ? 0 : a < b ? -1 : 1;
  return Number.NaN;
}

/** `@.type=="Ready"`, or a path alone: the items for which it finds something. */
function readFilter(text: string): Step {
  const match = /^(.*?)\s*(==|!=|<=|>=|<|>)\s*(.*)$/s.exec(text.trim());
  if (match === null) {
    const exists = readOperand(text.trim());
    return (value) => everyMember(value).filter((item) => exists(item).length > 0);
  }
  const [, left = '', operator = '', right = ''] = match;
  const holds = compare[operator];
  const [a, b] = [readOperand(left.trim()), readOperand(right.trim())];
  return (value) =>
    everyMember(value).filter((item) => {
      const [x, y] = [a(item)[0], b(item)[0]];
      return x !== undefined && y !== undefined && holds?.(x, y) === true;
    });
}

function readOperand(text: string): JsonPath {
  if (text.startsWith('@')) return parseJsonPath(text.slice(1));
  const quoted = /^(?:'(.*)'|"(.*)")$/s.exec(text);
  if (quoted !== null) return () => [quoted[1] ?? quoted[2] ?? ''];
  if (text === 'true' || text === 'false') return () => [text === 'true'];
  if (/^-?\d+(?:\.\d+)?$/.test(text)) return () => [Number(text)];
  throw new JsonPathError(`unrecognized operand ${text}`);
}
