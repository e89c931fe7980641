/**
 * What names may look like, with Kubernetes' texts. Each check returns its complaints: none means good. Lengths are in bytes.
 * `generated` in the name checks: the text is a generateName, whose end may be a dash.
 */

export const labelLengthMax = 63;
export const subdomainLengthMax = 253;

const label = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const subdomain = `${label}(\\.${label})*`;
const label1035 = '[a-z]([-a-z0-9]*[a-z0-9])?';
const qualified = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';

const labelPattern = whole(label);
const subdomainPattern = whole(subdomain);
const label1035Pattern = whole(label1035);
const wildcardPattern = whole(`\\*\\.${subdomain}`);
const qualifiedPattern = whole(qualified);
const labelValuePattern = whole(`(${qualified})?`);
const configKeyPattern = /^[-._a-zA-Z0-9]+$/;
const headerPattern = /^[-A-Za-z0-9]+$/;
const percentPattern = /^[0-9]+%$/;

function whole(pattern: string): RegExp {
  return new RegExp(`^(?:${pattern})$`);
}

function tooLong(value: string, max: number): readonly string[] {
  return Buffer.byteLength(value) > max ? [`must be no more than ${String(max)} bytes`] : [];
}

/** "… (e.g. 'a',  or 'b', regex used for validation is 'r')" */
export function patternText(message: string, pattern: string, ...examples: readonly string[]): string {
  const list = examples.map((example) => `'${example}', `).join(' or ');
  return `${message} (${list === '' ? '' : `e.g. ${list}`}regex used for validation is '${pattern}')`;
}

export function checkDns1123Label(value: string): readonly string[] {
  const faults = [...tooLong(value, labelLengthMax)];
  if (labelPattern.test(value)) return faults;
  const text =
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character";
  const dotted = subdomainPattern.test(value);
  return [...faults, dotted ? 'must not contain dots' : patternText(text, label, 'my-name', '123-abc')];
}

export function checkDns1123Subdomain(value: string): readonly string[] {
  const faults = tooLong(value, subdomainLengthMax);
  if (subdomainPattern.test(value)) return faults;
  const text =
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character";
  return [...faults, patternText(text, subdomain, 'example.com')];
}

export function checkDns1035Label(value: string): readonly string[] {
  const faults = tooLong(value, labelLengthMax);
  if (label1035Pattern.test(value)) return faults;
  const text =
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character";
  return [...faults, patternText(text, label1035, 'my-name', 'abc-123')];
}

export function checkWildcardSubdomain(value: string): readonly string[] {
  const faults = tooLong(value, subdomainLengthMax);
  if (wildcardPattern.test(value)) return faults;
  const text =
    "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character";
  return [...faults, patternText(text, `\\*\\.${subdomain}`, '*.example.com')];
}

const qualifiedText =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";

const qualifiedExamples = patternText(qualifiedText, qualified, 'MyName', 'my.name', '123-abc');

/** A label key, or any other qualified name: `[prefix/]name`. */
export function checkLabelKey(value: string): readonly string[] {
  const parts = value.split('/');
  if (parts.length > 2) {
    return [
      `a valid label key ${qualifiedExamples} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  }
  const name = parts.at(-1) ?? '';
  const faults = parts.length === 2 ? prefixFaults(parts[0] ?? '') : [];
  const length = name === '' ? ['must be non-empty'] : tooLong(name, labelLengthMax);
  const form = qualifiedPattern.test(name) ? [] : [qualifiedExamples];
  return [...faults, ...[...length, ...form].map((fault) => `name part ${fault}`)];
}

function prefixFaults(prefix: string): readonly string[] {
  const faults = prefix === '' ? ['must be non-empty'] : checkDns1123Subdomain(prefix);
  return faults.map((fault) => `prefix part ${fault}`);
}

export function checkLabelValue(value: string): readonly string[] {
  const faults = tooLong(value, labelLengthMax);
  if (labelValuePattern.test(value)) return faults;
  const text =
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
  return [...faults, patternText(text, `(${qualified})?`, 'MyValue', 'my_value', '12345')];
}

export function checkConfigMapKey(value: string): readonly string[] {
  const faults = [...tooLong(value, subdomainLengthMax)];
  if (!configKeyPattern.test(value)) {
    const text = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'";
    faults.push(patternText(text, '[-._a-zA-Z0-9]+', 'key.name', 'KEY_NAME', 'key-name'));
  }
  return [...faults, ...parentFolderFaults(value)];
}

function parentFolderFaults(value: string): readonly string[] {
  if (value === '.') return ["must not be '.'"];
  if (value === '..') return ["must not be '..'"];
  return value.startsWith('..') ? ["must not start with '..'"] : [];
}

/** Any printable ASCII but "=". */
export function checkEnvName(value: string): readonly string[] {
  if (value === '') return ['environment variable name must be non-empty'];
  if (/^[\x20-\x3c\x3e-\x7e]*$/.test(value)) return [];
  return ["a valid environment variable name must consist only of printable ASCII characters other than '='"];
}

export function checkPortName(value: string): readonly string[] {
  const faults = [...tooLong(value, 15)];
  if (!/^[-a-z0-9]+$/.test(value)) {
    faults.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)');
  }
  if (!/[a-z]/.test(value)) faults.push('must contain at least one letter (a-z)');
  if (value.includes('--')) faults.push('must not contain consecutive hyphens');
  if (value.startsWith('-') || value.endsWith('-')) faults.push('must not begin or end with a hyphen');
  return faults;
}

export function checkPortNumber(value: number): readonly string[] {
  return checkRange(value, 1, 65535);
}

export function checkRange(value: number, low: number, high: number): readonly string[] {
  if (value >= low && value <= high) return [];
  return [`must be between ${String(low)} and ${String(high)}, inclusive`];
}

export function checkPercent(value: string): readonly string[] {
  if (percentPattern.test(value)) return [];
  const text = "a valid percent string must be a numeric string followed by an ending '%'";
  return [patternText(text, '[0-9]+%', '1%', '93%')];
}

export function checkHttpHeaderName(value: string): readonly string[] {
  if (headerPattern.test(value)) return [];
  return [
    patternText(
      "a valid HTTP header must consist of alphanumeric characters or '-'",
      '[-A-Za-z0-9]+',
      'X-Header-Name',
    ),
  ];
}

/** One check of an object's name; with `generated`, of its generateName, whose last dash a suffix will follow. */
export type NameCheck = (name: string, generated: boolean) => readonly string[];

export function nameCheck(check: (name: string) => readonly string[]): NameCheck {
  return (name, generated) => check(generated ? withoutTrailingDash(name) : name);
}

/** As Kubernetes does it: the last two characters give way to one that is allowed at the end. */
function withoutTrailingDash(name: string): string {
  return name.length > 1 && name.endsWith('-') ? `${name.slice(0, -2)}a` : name;
}

/** Names of rbac objects and others that only have to be usable as a part of a path. */
export function checkPathSegment(name: string): readonly string[] {
  if (name === '.' || name === '..') return [`may not be '${name}'`];
  return ['/', '%'].filter((each) => name.includes(each)).map((each) => `may not contain '${each}'`);
}

/** Neither vowels nor look-alikes. */
const suffixAlphabet = 'bcdfghjklmnpqrstvwxz2456789';
const suffixLength = 5;

/** A name from a generateName. `random` returns a number from 0 (included) to 1 (excluded). */
export function generateName(base: string, random: () => number): string {
  return base.slice(0, labelLengthMax - suffixLength) + randomSuffix(suffixLength, random);
}

export function randomSuffix(length: number, random: () => number): string {
  let suffix = '';
  for (let i = 0; i < length; i++)
    suffix += suffixAlphabet.charAt(Math.floor(random() * suffixAlphabet.length));
  return suffix;
}

/** Digits made of such letters only: what rand.SafeEncodeString does to a hash, for names like a ReplicaSet's. */
export function safeEncode(text: string): string {
  let encoded = '';
  for (const byte of Buffer.from(text)) encoded += suffixAlphabet.charAt(byte % suffixAlphabet.length);
  return encoded;
}
