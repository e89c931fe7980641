import type { YAMLError } from 'yaml';

/** What libyaml says where the yaml package says something else, and where it finds it. */
interface Wording {
  readonly pattern: RegExp;
  readonly words: string | ((error: YAMLError, text: string) => string);
  /** libyaml's scanner counts lines from 1, its parser from 0. */
  readonly scanner: boolean;
  /** The place that libyaml complains about, if not the package's. */
  readonly at?: (error: YAMLError, text: string) => number;
}

const noToken = 'found character that cannot start any token';

/** The first whose pattern fits `CODE message` counts. */
const wordings: readonly Wording[] = [
  { pattern: /^TAB_AS_INDENT/, words: tabWords, scanner: true },
  { pattern: /^BAD_SCALAR_START/, words: noToken, scanner: true },
  { pattern: /^\w+ Flow (?:map|sequence)/, words: flowWords, scanner: false, at: flowEnd },
  {
    pattern: /block sequence may not be used|Unexpected block-seq-ind/,
    words: expected('key'),
    scanner: false,
  },
  { pattern: /^MULTILINE_IMPLICIT_KEY/, words: expected('key'), scanner: false },
  {
    pattern: /^BLOCK_AS_IMPLICIT_KEY/,
    words: 'mapping values are not allowed in this context',
    scanner: true,
    at: nextColon,
  },
  {
    pattern: /All sequence items|Unexpected scalar at node end/,
    words: expected("'-' indicator"),
    scanner: false,
  },
  { pattern: /All mapping items/, words: expected('key'), scanner: false },
  { pattern: /Implicit map keys/, words: "could not find expected ':'", scanner: true, at: afterEnd },
  { pattern: /Missing closing/, words: 'found unexpected end of stream', scanner: true, at: atEnd },
  { pattern: /directives-end/, words: 'found unknown directive name', scanner: true },
  { pattern: /^BAD_DQ_ESCAPE/, words: 'found unknown escape character', scanner: true },
  { pattern: /Block scalar header/, words: expected('comment or line break'), scanner: true },
  { pattern: /^UNEXPECTED_TOKEN/, words: expected('node content'), scanner: false },
];

/** The message of Go's YAML reader, with the line, which it leaves out on the first. */
export function yamlErrorText(error: YAMLError, text: string): string {
  const wording = wordings.find(({ pattern }) => pattern.test(`${error.code} ${error.message}`));
  const { words, scanner = false, at } = wording ?? { words: lowerFirst(error.message) };
  const line = lineIndex(text, at === undefined ? error.pos[0] : at(error, text));
  const where = line === 0 ? '' : `line ${String(scanner ? line + 1 : line)}: `;
  return `yaml: ${where}${typeof words === 'string' ? words : words(error, text)}`;
}

/** Go's words for an alias that nothing stands for; undefined for other errors that reading aliases throws. */
export function aliasErrorText(message: string): string | undefined {
  if (/alias count/i.test(message)) return 'yaml: document contains excessive aliasing';
  const anchor = /^Unresolved alias .*: (.*)$/.exec(message)?.[1];
  return anchor === undefined ? undefined : `yaml: unknown anchor '${anchor}' referenced`;
}

function expected(what: string): string {
  return `did not find expected ${what}`;
}

function lowerFirst(message: string): string {
  return message.charAt(0).toLowerCase() + message.slice(1);
}

/** From 0. libyaml ends the last line, so that the end of the text is on one more. */
function lineIndex(text: string, offset: number): number {
  let line = 0;
  for (let at = text.indexOf('\n'); at >= 0 && at < offset; at = text.indexOf('\n', at + 1)) line++;
  return line + (offset > text.length && !text.endsWith('\n') ? 1 : 0);
}

/** A tab where a plain text may go on is said to break indentation; elsewhere it is no token. */
function tabWords(error: YAMLError, text: string): string {
  const before = text.slice(0, error.pos[0]).trimEnd();
  return before === '' || /[-:"'\]}]$/.test(before)
    ? noToken
    : 'found a tab character that violates indentation';
}

function flowWords(error: YAMLError, text: string): string {
  const before = text.slice(0, error.pos[0]).trimEnd();
  if (/[[{]$/.test(before)) return expected('node content');
  return expected(error.message.includes('map') ? "',' or '}'" : "',' or ']'");
}

function flowEnd(error: YAMLError, text: string): number {
  return error.pos[0] >= text.length ? text.length + 1 : error.pos[0];
}

function nextColon(error: YAMLError, text: string): number {
  const found = text.slice(error.pos[0]).search(/:(?:\s|$)/);
  return found < 0 ? error.pos[0] : error.pos[0] + found;
}

function afterEnd(_error: YAMLError, text: string): number {
  return text.length + 1;
}

function atEnd(_error: YAMLError, text: string): number {
  return text.length;
}
