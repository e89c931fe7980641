import { describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { parseProbe, probeScript } from './probe.ts';

describe('the probe', () => {
  it('says something true of this machine', () => {
    const text = execFileSync('/bin/sh', ['-c', probeScript], {
      input: '10.0.0.9 5 10.0.0.1 22\n',
      env: { HOME: '/' },
    });
    const probe = parseProbe(`Welcome!\n${text.toString()}`);
    const kernel = execFileSync('uname', ['-r']).toString().trim();
    expect(probe).toMatchObject({ system: 'Linux', kernel, address: '10.0.0.1', uid: process.getuid?.() });
    expect(probe.diskFreeBytes).toBeGreaterThan(0);
  });
});

describe('parseProbe()', () => {
  it('takes nothing but what it knows, in the types that it knows', () => {
    const probe = parseProbe(
      '{"osId":"x\\u001b[31m","uid":"0","missing":["a",1],"__proto__":{"docker":"9"}}',
    );
    expect(probe).toMatchObject({ osId: 'x[31m', uid: 0, missing: ['a'], docker: '' });
  });
  for (const text of ['', 'nothing', '{"osId":', '[]', 'null'])
    it(`refuses ${JSON.stringify(text)}`, () => {
      expect(() => parseProbe(text)).toThrow('Cannot read what the host says of itself');
    });
});
