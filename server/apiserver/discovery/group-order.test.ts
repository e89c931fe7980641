import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { compareVersions } from './group-order.ts';

describe('compareVersions', () => {
  it('puts stable first, then beta, then alpha, the higher first, and what is no version last', () => {
    const ordered = ['v10', 'v2', 'v1', 'v11beta2', 'v2beta1', 'v1beta2', 'v1alpha1', 'foo10', 'version'];
    expect([...ordered].reverse().sort(compareVersions)).toEqual(ordered);
  });

  it('is an order', () => {
    const version = fc.stringMatching(/^v\d{1,2}((alpha|beta)\d)?$|^[a-z]{1,3}$/);
    fc.assert(
      fc.property(version, version, (a, b) => {
        fc.pre(a !== b);
        expect(Math.sign(compareVersions(a, b))).toBe(-Math.sign(compareVersions(b, a)));
      }),
    );
  });
});
