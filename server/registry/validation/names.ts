/** Checks of texts. Each returns its faults as they stand behind `Invalid value: "x": `; none for a good text. */
export type TextCheck = (value: string) => readonly string[];

const label = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const subdomain = `${label}(\\.${label})*`;
const wildcard = `\\*\\.${subdomain}`;
const label1035 = '[a-z]([-a-z0-9]*[a-z0-9])?';
const qualified = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const configKey = '[-._a-zA-Z0-9]+';
const header = '[-A-Za-z0-9]+';
const percent = '[0-9]+%';

export function dnsLabel(value: string): readonly string[] {
  return [
    ...longerThan(value, 63),
    ...unless(matches(label, value), () =>
      matches(subdomain, value)
        ? 'must not contain dots'
        : regexText(
            "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
            label,
            ['my-name', '123-abc'],
          ),
    ),
  ];
}

export function dnsSubdomain(value: string): readonly string[] {
  return [
    ...longerThan(value, 253),
    ...unless(matches(subdomain, value), () =>
      regexText(
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
        subdomain,
        ['example.com'],
      ),
    ),
  ];
}

/** As dnsSubdomain, and labels may begin with an underscore: search domains. */
export function underscoredSubdomain(value: string): readonly string[] {
  const labels = '_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?';
  const pattern = `${labels}(\\.${labels})*`;
  return [
    ...longerThan(value, 253),
    ...unless(matches(pattern, value), () =>
      regexText(
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character",
        pattern,
        ['example.com'],
      ),
    ),
  ];
}

export function dns1035Label(value: string): readonly string[] {
  return [
    ...longerThan(value, 63),
    ...unless(matches(label1035, value), () =>
      regexText(
        "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
        label1035,
        ['my-name', 'abc-123'],
      ),
    ),
  ];
}

export function wildcardSubdomain(value: string): readonly string[] {
  return [
    ...longerThan(value, 253),
    ...unless(matches(wildcard, value), () =>
      regexText(
        "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
        wildcard,
        ['*.example.com'],
      ),
    ),
  ];
}

const qualifiedText = regexText(
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  qualified,
  ['MyName', 'my.name', '123-abc'],
);

/** Keys of labels and annotations, names of resources: "name" or "prefix.example/name". */
export function qualifiedName(value: string): readonly string[] {
  const parts = value.split('/');
  if (parts.length > 2) {
    return [
      `a valid label key ${qualifiedText} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  }
  const name = parts[parts.length - 1] ?? '';
  return [
    ...(parts.length === 2 ? prefixFaults(parts[0] ?? '') : []),
    ...(name === '' ? ['name part must be non-empty'] : []),
    ...(name.length > 63 ? ['name part must be no more than 63 bytes'] : []),
    ...unless(matches(qualified, name), () => `name part ${qualifiedText}`),
  ];
}

function prefixFaults(prefix: string): readonly string[] {
  if (prefix === '') return ['prefix part must be non-empty'];
  return dnsSubdomain(prefix).map(
    (fault) => `prefix part ${fault.replace(/^(must be no more than \d+) characters$/, '$1 bytes')}`,
  );
}

export function labelValue(value: string): readonly string[] {
  return [
    ...(Buffer.byteLength(value) > 63 ? ['must be no more than 63 bytes'] : []),
    ...unless(value === '' || matches(qualified, value), () =>
      regexText(
        "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
        `(${qualified})?`,
        ['MyValue', 'my_value', '12345'],
      ),
    ),
  ];
}

/** Keys of ConfigMaps and Secrets. */
export function configMapKey(value: string): readonly string[] {
  return [
    ...longerThan(value, 253),
    ...unless(matches(configKey, value), () =>
      regexText("a valid config key must consist of alphanumeric characters, '-', '_' or '.'", configKey, [
        'key.name',
        'KEY_NAME',
        'key-name',
      ]),
    ),
    ...parentFaults(value),
  ];
}

/** Any printable ASCII but "=". */
export function envVarName(value: string): readonly string[] {
  return /^[\x20-\x3c\x3e-\x7e]+$/.test(value)
    ? []
    : ["a valid environment variable name must consist only of printable ASCII characters other than '='"];
}

export function httpHeaderName(value: string): readonly string[] {
  return unless(matches(header, value), () =>
    regexText("a valid HTTP header must consist of alphanumeric characters or '-'", header, [
      'X-Header-Name',
    ]),
  );
}

export function percentText(value: string): readonly string[] {
  return unless(matches(percent, value), () =>
    regexText("a valid percent string must be a numeric string followed by an ending '%'", percent, [
      '1%',
      '93%',
    ]),
  );
}

/** Names of container ports and Service target ports. */
export function portName(value: string): readonly string[] {
  return [
    ...longerThan(value, 15),
    ...(/^[-a-z0-9]+$/.test(value)
      ? []
      : ['must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)']),
    ...(/[a-z]/.test(value) ? [] : ['must contain at least one letter (a-z)']),
    ...(value.includes('--') ? ['must not contain consecutive hyphens'] : []),
    ...(/^-|-$/.test(value) ? ['must not begin or end with a hyphen'] : []),
  ];
}

/** What may stand in one segment of a path: names of roles and bindings. */
export function pathSegment(value: string): readonly string[] {
  if (value === '.' || value === '..') return [`may not be '${value}'`];
  return ['/', '%'].filter((each) => value.includes(each)).map((each) => `may not contain '${each}'`);
}

/** For Strategy.validateName: a prefix may end in a dash, since something follows. */
export function nameRule(check: TextCheck): (name: string, prefix: boolean) => readonly string[] {
  return (name, prefix) => check(prefix && name.endsWith('-') ? `${name.slice(0, -1)}a` : name);
}

/** A value that a client may use as text behind "e.g.", with the pattern, as Kubernetes words it. */
export function regexText(message: string, pattern: string, examples: readonly string[]): string {
  const list = examples.map((each) => `'${each}', `).join(' or ');
  return `${message} (e.g. ${list}regex used for validation is '${pattern}')`;
}

export function longerThan(value: string, max: number): readonly string[] {
  return Buffer.byteLength(value) > max ? [`must be no more than ${max} characters`] : [];
}

const compiled = new Map<string, RegExp>();

function matches(pattern: string, value: string): boolean {
  let whole = compiled.get(pattern);
  if (whole === undefined) compiled.set(pattern, (whole = new RegExp(`^${pattern}$`)));
  return value.length <= 1024 && whole.test(value);
}

function unless(good: boolean, fault: () => string): readonly string[] {
  return good ? [] : [fault()];
}

function parentFaults(value: string): readonly string[] {
  if (value === '.' || value === '..') return [`must not be '${value}'`];
  return value.startsWith('..') ? ["must not start with '..'"] : [];
}
