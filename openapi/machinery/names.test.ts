import { describe, expect, it } from '@jest/globals';
import {
  checkConfigMapKey,
  checkDns1035Label,
  checkDns1123Label,
  checkDns1123Subdomain,
  checkEnvName,
  checkHttpHeaderName,
  checkLabelKey,
  checkLabelValue,
  checkPathSegment,
  checkPercent,
  checkPortName,
  checkPortNumber,
  checkWildcardSubdomain,
  generateName,
  nameCheck,
  safeEncode,
} from './names.ts';

const label =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const key =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

describe('names', () => {
  const cases: readonly { name: string; got: readonly string[]; want: readonly string[] }[] = [
    { name: 'a label may be digits', got: checkDns1123Label('123'), want: [] },
    { name: 'a label has no capitals', got: checkDns1123Label('A'), want: [label] },
    { name: 'a label has no dots', got: checkDns1123Label('a.b'), want: ['must not contain dots'] },
    {
      name: 'a label is short',
      got: checkDns1123Label('a'.repeat(64)),
      want: ['must be no more than 63 bytes'],
    },
    { name: 'a subdomain has dots', got: checkDns1123Subdomain('a.b-c.d'), want: [] },
    {
      name: 'a 1035 label does not begin with a digit',
      got: checkDns1035Label('1a').map((each) => each.slice(0, 16)),
      want: ['a DNS-1035 label'],
    },
    { name: 'a wildcard has a star', got: checkWildcardSubdomain('*.a.b'), want: [] },
    { name: 'a key may have a prefix', got: checkLabelKey('a.b/C_d.e'), want: [] },
    { name: 'a key has no empty prefix', got: checkLabelKey('/a'), want: ['prefix part must be non-empty'] },
    {
      name: 'a key has a name',
      got: checkLabelKey(''),
      want: ['name part must be non-empty', `name part ${key}`],
    },
    {
      name: 'a key has one slash',
      got: checkLabelKey('a/b/c'),
      want: [
        `a valid label key ${key} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
      ],
    },
    { name: 'a label value may be empty', got: checkLabelValue(''), want: [] },
    {
      name: 'a label value is counted in bytes',
      got: checkLabelValue('é'.repeat(32)).slice(0, 1),
      want: ['must be no more than 63 bytes'],
    },
    { name: 'a config key may begin with a dot', got: checkConfigMapKey('.a'), want: [] },
    { name: 'a config key is no parent folder', got: checkConfigMapKey('..'), want: ["must not be '..'"] },
    { name: 'an env name may be odd', got: checkEnvName('a b:c'), want: [] },
    {
      name: 'an env name has no equals sign',
      got: checkEnvName('a=b'),
      want: [
        "a valid environment variable name must consist only of printable ASCII characters other than '='",
      ],
    },
    {
      name: 'a port name has a letter',
      got: checkPortName('80'),
      want: ['must contain at least one letter (a-z)'],
    },
    {
      name: 'a port is above zero',
      got: checkPortNumber(0),
      want: ['must be between 1 and 65535, inclusive'],
    },
    {
      name: 'a percentage has its sign',
      got: checkPercent('5'),
      want: [
        "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')",
      ],
    },
    { name: 'a header is a token', got: checkHttpHeaderName('X-A'), want: [] },
    {
      name: 'a path segment has no slash',
      got: checkPathSegment('a/%'),
      want: ["may not contain '/'", "may not contain '%'"],
    },
  ];
  for (const { name, got, want } of cases)
    it(name, () => {
      expect(got).toEqual(want);
    });

  it('may end in a dash when a suffix follows', () => {
    const check = nameCheck(checkDns1123Label);
    expect(check('web-', true)).toEqual([]);
    expect(check('web-', false)).toEqual([label]);
  });

  it('are checked in time that grows with their length only', () => {
    const long = `${'a-'.repeat(100_000)}!`;
    expect([...checkDns1123Subdomain(long), ...checkLabelKey(long)]).toHaveLength(4);
  });
});

describe('generateName()', () => {
  it('adds five letters that spell nothing', () => {
    expect(generateName('web-', () => 0)).toBe('web-bbbbb');
    expect(generateName('web-', () => 0.999)).toBe('web-99999');
  });

  it('cuts a long base, so that the name stays a label', () => {
    expect(generateName('a'.repeat(70), () => 0)).toHaveLength(63);
  });
});

describe('safeEncode()', () => {
  it('spells a hash in the same letters', () => {
    expect(safeEncode('1234567890')).toBe('56789bcdf4');
  });
});
