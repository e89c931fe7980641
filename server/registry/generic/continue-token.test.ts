import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { continueText, parseContinue } from './continue-token.ts';

function encoded(token: unknown): string {
  return Buffer.from(JSON.stringify(token)).toString('base64url');
}

describe('parseContinue()', () => {
  it('reads what continueText() wrote', () => {
    const name = fc.stringMatching(/^[a-z0-9-]{1,20}$/);
    fc.assert(
      fc.property(fc.integer({ min: 1 }), name, name, (revision, namespace, object) => {
        const token = { revision, startKey: `${namespace}/${object}\u0000` };
        expect(parseContinue(continueText(token))).toEqual(token);
      }),
    );
  });

  it('refuses anything else with BadRequest, whatever it is', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(() => parseContinue(text)).toThrow('continue key is not valid');
      }),
    );
  });

  const wrong = [
    { token: { v: 'meta.k8s.io/v2', rv: 1, start: 'a' }, text: 'does not recognize this encoded version' },
    { token: { v: 'meta.k8s.io/v1', rv: 0, start: 'a' }, text: 'incorrect encoded start resourceVersion' },
    { token: { v: 'meta.k8s.io/v1', rv: 1, start: '' }, text: 'encoded start key empty' },
    { token: { v: 'meta.k8s.io/v1', rv: 1, start: '../x' }, text: '../x' },
    { token: { v: 'meta.k8s.io/v1', rv: '1', start: 'a' }, text: 'cannot unmarshal string' },
    { token: [], text: 'cannot unmarshal array' },
  ];
  for (const { token, text } of wrong) {
    it(`refuses ${JSON.stringify(token)}`, () => {
      expect(() => parseContinue(encoded(token))).toThrow(text);
    });
  }
});
