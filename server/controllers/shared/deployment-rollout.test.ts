import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Deployment, ReplicaSet } from '../../../openapi/generated/types.ts';
import {
  newSetReplicas,
  planOldSets,
  proportionalSizes,
  rolloutBounds,
  totalReplicas,
} from './deployment-rollout.ts';

function deploymentOf(
  replicas: number,
  maxSurge: number | string,
  maxUnavailable: number | string,
): Deployment {
  return {
    metadata: { name: 'd' },
    spec: {
      replicas,
      selector: {},
      template: {},
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge, maxUnavailable } },
    },
  };
}

function setOf(name: string, replicas: number, available: number, maxReplicas?: number): ReplicaSet {
  const annotations =
    maxReplicas === undefined ? {} : { 'deployment.kubernetes.io/max-replicas': String(maxReplicas) };
  return {
    metadata: { name, creationTimestamp: `2026-01-0${name}T00:00:00Z`, annotations },
    spec: { replicas, selector: {} },
    status: { replicas, availableReplicas: available },
  };
}

describe('rolloutBounds()', () => {
  const cases = [
    { replicas: 10, maxSurge: '25%', maxUnavailable: '25%', want: { maxSurge: 3, maxUnavailable: 2 } },
    { replicas: 1, maxSurge: '25%', maxUnavailable: '25%', want: { maxSurge: 1, maxUnavailable: 0 } },
    { replicas: 4, maxSurge: 0, maxUnavailable: '10%', want: { maxSurge: 0, maxUnavailable: 1 } },
    { replicas: 3, maxSurge: 1, maxUnavailable: 9, want: { maxSurge: 1, maxUnavailable: 3 } },
  ] as const;
  for (const { replicas, maxSurge, maxUnavailable, want } of cases)
    it(`of ${replicas} with ${maxSurge} and ${maxUnavailable} are ${JSON.stringify(want)}`, () => {
      expect(rolloutBounds(deploymentOf(replicas, maxSurge, maxUnavailable))).toEqual(want);
    });
});

describe('a rolling update', () => {
  it('keeps its bounds, whenever pods get ready, and ends', () => {
    const bound = fc.oneof(
      fc.nat(6),
      fc.nat(100).map((percent) => `${percent}%`),
    );
    const olds = fc.array(fc.nat(8), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(
        bound,
        bound,
        olds,
        fc.infiniteStream(fc.nat(4)),
        (maxSurge, maxUnavailable, oldSizes, luck) => {
          const replicas = oldSizes.reduce((sum, size) => sum + size, 0);
          const deployment = deploymentOf(replicas, maxSurge, maxUnavailable);
          const bounds = rolloutBounds(deployment);
          const names = [...oldSizes.map((_, index) => String(index + 1)), '9'];
          const sizes = [...oldSizes, 0];
          const available = [...oldSizes, 0];
          for (let round = 0; round < 500; round++) {
            const sets = names.map((name, i) => setOf(name, sizes[i] ?? 0, available[i] ?? 0));
            const newSet = sets.at(-1);
            const grown = newSetReplicas(deployment, sets, newSet);
            const old = sets.slice(0, -1).filter((set) => (set.spec?.replicas ?? 0) > 0);
            if (grown !== newSet?.spec?.replicas) sizes[sizes.length - 1] = grown;
            else
              for (const { set, replicas: size } of planOldSets(deployment, sets, old, newSet)) {
                const index = sets.indexOf(set);
                sizes[index] = size;
                available[index] = Math.min(available[index] ?? 0, size);
              }
            const last = sizes.length - 1;
            available[last] = Math.min(sizes[last] ?? 0, (available[last] ?? 0) + Number(luck.next().value));
            const ready = available.reduce((sum, count) => sum + count, 0);
            expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(
              replicas + bounds.maxSurge,
            );
            expect(ready).toBeGreaterThanOrEqual(replicas - bounds.maxUnavailable);
            if (
              sizes[last] === replicas &&
              ready === replicas &&
              sizes.slice(0, -1).every((size) => size === 0)
            )
              return;
          }
          throw new Error('The rollout never ended');
        },
      ),
    );
  });
});

describe('proportionalSizes()', () => {
  it('gives sizes that add up to what is allowed', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(sizes, fc.nat(120), fc.nat(5), fc.nat(5), (before, wanted, maxSurge, slack) => {
        const total = before.reduce((sum, size) => sum + size, 0);
        const deployment = deploymentOf(wanted, maxSurge, 1);
        const sets = before.map((size, i) => setOf(String(i + 1), size, size, total + slack));
        const after = proportionalSizes(deployment, sets).reduce((sum, { replicas }) => sum + replicas, 0);
        const allowed = wanted === 0 ? 0 : wanted + maxSurge;
        expect(after).toBe(allowed);
        expect(totalReplicas(sets)).toBe(total);
      }),
    );
  });
});
