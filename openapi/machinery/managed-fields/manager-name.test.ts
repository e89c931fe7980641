import { describe, expect, it } from '@jest/globals';
import { managedFieldsProblems, managerNameProblems, managerOfAgent } from './manager-name.ts';

describe('managerOfAgent()', () => {
  const cases = [
    { agent: 'kubectl/v1.36.3 (linux/amd64)', want: 'kubectl' },
    { agent: 'one two/3', want: 'one two' },
    { agent: '/none', want: '' },
    { agent: 'a\u0007b\u00e9', want: 'ab\u00e9' },
    { agent: 'u'.repeat(130), want: 'u'.repeat(128) },
    { agent: '\u00e9'.repeat(100), want: '\u00e9'.repeat(64) },
  ];
  for (const { agent, want } of cases) {
    it(`names ${JSON.stringify(agent.slice(0, 40))}`, () => {
      expect(managerOfAgent(agent)).toBe(want);
    });
  }
});

describe('managerNameProblems()', () => {
  it('takes what can be printed, up to 128 bytes', () => {
    expect(managerNameProblems(`m ${'é'.repeat(63)}`, 'fieldManager')).toEqual([]);
  });

  it('tells where a character cannot be printed, quoted as Go does', () => {
    expect(managerNameProblems('é\u0007b', 'fieldManager')).toEqual([
      {
        field: 'fieldManager',
        reason: 'FieldValueInvalid',
        message: 'Invalid value: "é\\ab": invalid character U+0007 (at position 2)',
      },
    ]);
  });

  it('is asked of every entry of managedFields', () => {
    expect(managedFieldsProblems([{ manager: 'm' }, { manager: 'm'.repeat(129) }])).toEqual([
      {
        field: 'metadata.managedFields[1].manager',
        reason: 'FieldValueTooLong',
        message: 'Too long: may not be more than 128 bytes',
      },
    ]);
  });
});
