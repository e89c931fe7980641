import { describe, expect, it } from '@jest/globals';
import { levelText, policyOf } from './policy.ts';

const prefix = 'pod-security.kubernetes.io/';

function read(labels: Record<string, string>): Record<string, unknown> {
  const prefixed = Object.fromEntries(Object.entries(labels).map(([key, value]) => [prefix + key, value]));
  const { policy, problems } = policyOf(prefixed);
  const { enforce, audit, warn } = policy;
  const texts = { enforce: levelText(enforce), audit: levelText(audit), warn: levelText(warn) };
  return { ...texts, problems: problems.map(({ field, message }) => `${field}: ${message}`) };
}

const none = 'privileged:latest';

describe('policyOf()', () => {
  it('asks nothing without labels', () => {
    expect(read({})).toEqual({ enforce: none, audit: none, warn: none, problems: [] });
  });

  it('warns of what is enforced, unless warnings have a level of their own', () => {
    expect(read({ enforce: 'baseline', 'enforce-version': 'v1.25' })).toMatchObject({
      warn: 'baseline:v1.25',
    });
    expect(read({ enforce: 'baseline', warn: 'restricted' })).toMatchObject({ warn: 'restricted:latest' });
    expect(read({ enforce: 'restricted', warn: 'privileged' })).toMatchObject({ warn: none });
  });

  it('enforces the strictest of what it cannot read, and tells so', () => {
    expect(read({ enforce: 'strict', 'warn-version': '1.24', audit: 'x' })).toEqual({
      enforce: 'restricted:latest',
      audit: none,
      warn: none,
      problems: [
        `metadata.labels[${prefix}enforce]: Invalid value: "strict": must be one of privileged, baseline, restricted`,
        `metadata.labels[${prefix}audit]: Invalid value: "x": must be one of privileged, baseline, restricted`,
        `metadata.labels[${prefix}warn-version]: Invalid value: "1.24": must be "latest" or "v1.x"`,
      ],
    });
  });
});
