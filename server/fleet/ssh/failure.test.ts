import { describe, expect, it } from '@jest/globals';
import { printable } from './failure.ts';

describe('printable()', () => {
  it('takes terminal escapes and other control characters out', () => {
    expect(printable('\u001b[31mred\u001b[0m\u0007 \u202etxt\r\n')).toBe('[31mred[0m txt');
  });
  it('keeps the end of what is too long', () => {
    expect(printable(`${'a'.repeat(50)}end`, 5)).toBe('…aaend');
  });
});
