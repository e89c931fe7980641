import { describe, expect, it } from '@jest/globals';
import {
  configMapKey,
  dns1035Label,
  dnsLabel,
  dnsSubdomain,
  envVarName,
  labelValue,
  pathSegment,
  portName,
  qualifiedName,
} from './names.ts';

describe('names', () => {
  it.each([
    {
      rule: dnsLabel,
      good: ['a', '0', 'a-b', 'x'.repeat(63)],
      bad: ['', 'A', '-a', 'a.', 'a.b', 'x'.repeat(64), 'a\n'],
    },
    { rule: dns1035Label, good: ['a', 'a0'], bad: ['0a', '', 'a_b'] },
    { rule: dnsSubdomain, good: ['a.b', '0', 'x'.repeat(253)], bad: ['a..b', '.a', 'A', 'x'.repeat(254)] },
    {
      rule: qualifiedName,
      good: ['a', 'A_b.c', 'example.com/x', 'x'.repeat(63)],
      bad: ['', '/a', 'a/', 'a/b/c', 'Upper.com/a', 'a b', 'x'.repeat(64)],
    },
    { rule: labelValue, good: ['', 'a', 'A_b.c', 'x'.repeat(63)], bad: ['-a', 'a b', 'x'.repeat(64)] },
    { rule: configMapKey, good: ['a', '.b', 'A_b-c'], bad: ['', '.', '..', '..a', 'a/b'] },
    { rule: envVarName, good: ['A', 'a.b', '1 2'], bad: ['', 'A=b', 'ä'] },
    { rule: portName, good: ['http', 'web-1'], bad: ['', '80', 'a--b', '-a', 'HTTP', 'x'.repeat(16)] },
    { rule: pathSegment, good: ['system:node'], bad: ['.', '..', 'a/b', '100%'] },
  ])('$rule.name', ({ rule, good, bad }) => {
    expect(good.filter((value) => rule(value).length > 0)).toEqual([]);
    expect(bad.filter((value) => rule(value).length === 0)).toEqual([]);
  });

  it('says why as Kubernetes does', () => {
    expect(dnsLabel('A')).toEqual([
      "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
    ]);
  });
});
