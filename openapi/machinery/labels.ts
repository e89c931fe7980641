import { checkLabelKey, checkLabelValue } from './names.ts';

export type Labels = Readonly<Record<string, string>>;

export type Operator = '=' | '==' | '!=' | 'in' | 'notin' | 'exists' | '!' | 'gt' | 'lt';

export interface Requirement {
  readonly key: string;
  readonly operator: Operator;
  /** Sorted, without repeats. */
  readonly values: readonly string[];
}

/** All must hold. None: everything matches. */
export type LabelSelector = readonly Requirement[];

/** What a selector that is null in an object means: nothing matches. */
export const nothing: LabelSelector = [{ key: '', operator: 'in', values: [] }];
export const everything: LabelSelector = [];

/** metav1.LabelSelector, as objects carry it. */
export interface LabelSelectorObject {
  readonly matchLabels?: Labels;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values?: readonly string[];
  }[];
}

/** Its message is Kubernetes' own. */
export class SelectorError extends Error {
  override readonly name = 'SelectorError';
}

export function matchesLabels(selector: LabelSelector, labels: Labels | undefined): boolean {
  return selector.every((requirement) => matchesRequirement(requirement, labels ?? {}));
}

function matchesRequirement({ key, operator, values }: Requirement, labels: Labels): boolean {
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
  switch (operator) {
    case '=':
    case '==':
    case 'in':
      return value !== undefined && values.includes(value);
    case '!=':
    case 'notin':
      return value === undefined || !values.includes(value);
    case 'exists':
      return value !== undefined;
    case '!':
      return value === undefined;
    case 'gt':
    case 'lt':
      return value !== undefined && compares(operator, value, values[0] ?? '');
  }
}

const integer = /^[+-]?[0-9]+$/;

function compares(operator: 'gt' | 'lt', value: string, bound: string): boolean {
  if (!isInt64(value) || !isInt64(bound)) return false;
  return operator === 'gt' ? BigInt(value) > BigInt(bound) : BigInt(value) < BigInt(bound);
}

function isInt64(text: string): boolean {
  if (!integer.test(text) || text.length > 20) return false;
  const number = BigInt(text);
  return number >= -(2n ** 63n) && number < 2n ** 63n;
}

/** The selector of an object; of undefined it selects nothing. Throws SelectorError. */
export function selectorOf(object: LabelSelectorObject | undefined): LabelSelector {
  if (object === undefined) return nothing;
  const requirements: Requirement[] = Object.entries(object.matchLabels ?? {}).map(([key, value]) =>
    requirement(key, '=', [value]),
  );
  for (const { key, operator, values = [] } of object.matchExpressions ?? []) {
    requirements.push(requirement(key, operatorOf(operator), values));
  }
  return sorted(requirements);
}

/** A selector in the old form, as Services and ReplicationControllers have it. Empty: everything. */
export function selectorOfLabels(labels: Labels): LabelSelector {
  return sorted(Object.entries(labels).map(([key, value]) => ({ key, operator: '=', values: [value] })));
}

function operatorOf(operator: string): Operator {
  switch (operator) {
    case 'In':
      return 'in';
    case 'NotIn':
      return 'notin';
    case 'Exists':
      return 'exists';
    case 'DoesNotExist':
      return '!';
    default:
      throw new SelectorError(`${JSON.stringify(operator)} is not a valid label selector operator`);
  }
}

/** Reads a selector as clients send it in a query: `app=a,tier in (x,y),!old,n>1`. Throws SelectorError. */
export function parseLabelSelector(text: string): LabelSelector {
  const tokens = tokenize(text);
  const requirements: Requirement[] = [];
  let position = 0;
  for (;;) {
    const first = tokens[position] ?? end;
    if (first.kind === 'end') return sorted(requirements);
    if (!startsRequirement(first)) {
      throw new SelectorError(`found '${first.text}', expected: !, identifier, or 'end of string'`);
    }
    const reading: Reading = { tokens, position };
    requirements.push(readRequirement(reading));
    position = reading.position;
    const next = tokens[position++] ?? end;
    if (next.kind === 'end') return sorted(requirements);
    if (next.text !== ',') throw new SelectorError(`found '${next.text}', expected: ',' or 'end of string'`);
    const after = tokens[position] ?? end;
    if (!startsRequirement(after)) {
      throw new SelectorError(`found '${after.text}', expected: identifier after ','`);
    }
  }
}

interface Token {
  readonly kind: 'word' | 'symbol' | 'end' | 'error';
  readonly text: string;
}

interface Reading {
  readonly tokens: readonly Token[];
  position: number;
}

const end: Token = { kind: 'end', text: '' };
const tokenPattern = /[ \t\r\n]*(?:([=!(),<>]+)|([^=!(),<> \t\r\n\0]+)|(\0))/y;
const symbols = ['==', '!=', '=', '!', '(', ')', ',', '<', '>'];

function tokenize(text: string): readonly Token[] {
  const tokens: Token[] = [];
  tokenPattern.lastIndex = 0;
  for (let match = tokenPattern.exec(text); match !== null; match = tokenPattern.exec(text)) {
    const [, run = '', word] = match;
    if (run === '' && word === undefined) break; // A zero byte ends the selector.
    if (word !== undefined) tokens.push({ kind: 'word', text: word });
    else tokens.push(...symbolTokens(run));
  }
  return tokens;
}

function symbolTokens(run: string): readonly Token[] {
  const tokens: Token[] = [];
  let rest = run;
  while (rest !== '') {
    const found = symbols.find((symbol) => rest.startsWith(symbol)) ?? rest;
    tokens.push({ kind: 'symbol', text: found });
    rest = rest.slice(found.length);
  }
  return tokens;
}

function startsRequirement({ kind, text }: Token): boolean {
  return kind === 'word' || text === '!';
}

function readRequirement(reading: Reading): Requirement {
  try {
    return readOne(reading);
  } catch (error) {
    if (error instanceof SelectorError)
      throw new SelectorError(`unable to parse requirement: ${error.message}`);
    throw error;
  }
}

function readOne(reading: Reading): Requirement {
  let token = take(reading);
  const negated = token.kind === 'symbol' && token.text === '!';
  if (negated) token = take(reading);
  if (token.kind !== 'word') throw new SelectorError(`found '${token.text}', expected: identifier`);
  const key = token.text;
  const faults = checkLabelKey(key);
  if (faults.length > 0) throw invalid('<nil>', key, faults);
  if (negated) return requirement(key, '!', []);
  const next = peek(reading);
  if (next.kind === 'end' || next.text === ',') return requirement(key, 'exists', []);
  const operator = readOperator(reading);
  const values = operator === 'in' || operator === 'notin' ? readValues(reading) : readExactValue(reading);
  return requirement(key, operator, values);
}

const operators: Readonly<Record<string, Operator>> = {
  in: 'in',
  notin: 'notin',
  '=': '=',
  '==': '==',
  '!=': '!=',
  '>': 'gt',
  '<': 'lt',
};

function readOperator(reading: Reading): Operator {
  const { text } = take(reading);
  const operator = Object.hasOwn(operators, text) ? operators[text] : undefined;
  if (operator !== undefined) return operator;
  throw new SelectorError(`found '${text}', expected: in, notin, =, ==, !=, gt, lt`);
}

/** `(a,b)`; a missing element is the empty text, and `()` holds it alone. */
function readValues(reading: Reading): readonly string[] {
  const open = take(reading);
  if (open.text !== '(') throw new SelectorError(`found '${open.text}' expected: '('`);
  const first = peek(reading);
  if (first.text === ')') {
    take(reading);
    return [''];
  }
  if (first.kind !== 'word' && first.text !== ',') {
    throw new SelectorError(`found '${first.text}', expected: ',', ')' or identifier`);
  }
  const values = readList(reading);
  if (take(reading).text !== ')') throw new SelectorError(`found '${first.text}', expected: ')'`);
  return values;
}

function readList(reading: Reading): readonly string[] {
  const values: string[] = [];
  for (;;) {
    const token = take(reading);
    const next = peek(reading);
    if (token.kind === 'word') {
      values.push(token.text);
      if (next.text === ')') return values;
      if (next.text !== ',') throw new SelectorError(`found '${next.text}', expected: ',' or ')'`);
    } else if (token.text === ',') {
      if (values.length === 0 || next.text === ',' || next.text === ')') values.push('');
      if (next.text === ')') return values;
    } else {
      throw new SelectorError(`found '${token.text}', expected: ',', or identifier`);
    }
  }
}

function readExactValue(reading: Reading): readonly string[] {
  const next = peek(reading);
  if (next.kind === 'end' || next.text === ',') return [''];
  take(reading);
  if (next.kind !== 'word') throw new SelectorError(`found '${next.text}', expected: identifier`);
  return [next.text];
}

function peek({ tokens, position }: Reading): Token {
  return tokens[position] ?? end;
}

function take(reading: Reading): Token {
  return reading.tokens[reading.position++] ?? end;
}

/** A requirement that holds Kubernetes' rules. Throws SelectorError. */
export function requirement(key: string, operator: Operator, given: readonly string[]): Requirement {
  const values = [...new Set(given)].sort();
  const keyFaults = checkLabelKey(key);
  const faults: SelectorError[] = keyFaults.length === 0 ? [] : [invalid('key', key, keyFaults)];
  const count = valueCountFault(operator, given.length);
  if (count !== undefined) faults.push(invalid('values', given, [count]));
  if (operator === 'gt' || operator === 'lt') {
    given.forEach((value, index) => {
      const text = "for 'Gt', 'Lt' operators, the value must be an integer";
      if (!isInt64(value)) faults.push(invalid(`values[${String(index)}]`, value, [text]));
    });
  }
  values.forEach((value, index) => {
    const valueFaults = checkLabelValue(value);
    if (valueFaults.length > 0) faults.push(invalid(`values[${String(index)}][${key}]`, value, valueFaults));
  });
  if (faults.length > 0) throw new SelectorError(aggregated(faults.map(({ message }) => message)));
  return { key, operator, values };
}

function valueCountFault(operator: Operator, count: number): string | undefined {
  switch (operator) {
    case 'in':
    case 'notin':
      return count === 0 ? "for 'in', 'notin' operators, values set can't be empty" : undefined;
    case '=':
    case '==':
    case '!=':
      return count === 1 ? undefined : 'exact-match compatibility requires one single value';
    case 'exists':
    case '!':
      return count === 0 ? undefined : 'values set must be empty for exists and does not exist';
    default:
      return count === 1 ? undefined : "for 'Gt', 'Lt' operators, exactly one value is required";
  }
}

function invalid(field: string, value: string | readonly string[], faults: readonly string[]): SelectorError {
  return new SelectorError(`${field}: Invalid value: ${JSON.stringify(value)}: ${faults.join('; ')}`);
}

function aggregated(messages: readonly string[]): string {
  const distinct = [...new Set(messages)];
  return distinct.length === 1 ? (distinct[0] ?? '') : `[${distinct.join(', ')}]`;
}

function sorted(requirements: readonly Requirement[]): LabelSelector {
  return [...requirements].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
}

/** As Kubernetes writes a selector, for status.selector and the like. */
export function labelSelectorText(selector: LabelSelector): string {
  return selector.map(requirementText).join(',');
}

function requirementText({ key, operator, values }: Requirement): string {
  switch (operator) {
    case '=':
    case '==':
    case '!=':
      return `${key}${operator}${values[0] ?? ''}`;
    case 'in':
    case 'notin':
      return `${key} ${operator} (${values.join(',')})`;
    case 'gt':
      return `${key}>${values[0] ?? ''}`;
    case 'lt':
      return `${key}<${values[0] ?? ''}`;
    case 'exists':
      return key;
    case '!':
      return `!${key}`;
  }
}
