import { describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { argumentLines, commandLine, script } from './script.ts';

const echo = script`
IFS= read -r word
printf 'it'"'"'s %s\n' "$word"
cat
`;

describe('commandLine()', () => {
  it('runs as it was written, with arguments and data from standard input', () => {
    const evil = `'; touch /tmp/x; $(id) \`id\` "`;
    const printed = execFileSync('/bin/sh', ['-c', commandLine(echo, false)], {
      input: `${argumentLines([evil])}data`,
    });
    expect(printed.toString()).toBe(`it's ${evil}\ndata`);
  });
  it('goes through sudo without a question', () => {
    expect(commandLine(echo, true)).toMatch(/^sudo -n \/bin\/sh -c '/);
  });
});

describe('argumentLines()', () => {
  for (const value of ['a\nb', 'a\0b'])
    it(`refuses ${JSON.stringify(value)}`, () => {
      expect(() => argumentLines([value])).toThrow('line break');
    });
});
