import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { EndpointSlice, Pod, Service } from '../../../openapi/generated/types.ts';
import { backendsOf } from './endpoints-of.ts';
import { planSlices } from './slice-plan.ts';

const service: Service = {
  metadata: { name: 'web', namespace: 'default', uid: 'svc' },
  spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 'http' }] },
};

/** `port` is what the pod calls "http": pods with different ones share no slice. */
function podOf(id: number, ready: boolean, port: number): Pod {
  return {
    metadata: { name: `p${id}`, namespace: 'default', uid: `u${id}` },
    spec: { nodeName: 'n', containers: [{ name: 'c', ports: [{ name: 'http', containerPort: port }] }] },
    status: {
      podIP: `10.0.${id >> 8}.${id & 255}`,
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
    },
  };
}

function apply(
  known: readonly EndpointSlice[],
  pods: readonly Pod[],
  serial: number,
): readonly EndpointSlice[] {
  const plan = planSlices(service, backendsOf(service, pods), known, () => undefined);
  const updated = new Map(plan.update.map((slice) => [slice.metadata?.name, slice]));
  const removed = new Set(plan.remove.map((slice) => slice.metadata?.name));
  const kept = known
    .filter((slice) => !removed.has(slice.metadata?.name))
    .map((slice) => updated.get(slice.metadata?.name) ?? slice);
  return [
    ...kept,
    ...plan.create.map((slice, i) => ({
      ...slice,
      metadata: { ...slice.metadata, name: `s${serial}-${i}` },
    })),
  ];
}

const told = (slices: readonly EndpointSlice[]): readonly string[] =>
  slices
    .flatMap((slice) =>
      (slice.endpoints ?? []).map(
        (each) =>
          `${each.targetRef?.name ?? ''} ${String(each.conditions?.ready)} ${slice.ports?.[0]?.port ?? 0}`,
      ),
    )
    .sort();

describe('planSlices()', () => {
  it('tells every pod once, in slices of at most 100, whatever was there before', () => {
    const pods = fc.uniqueArray(
      fc.record({ id: fc.nat(400), ready: fc.boolean(), port: fc.constantFrom(80, 81) }),
      {
        selector: ({ id }) => id,
        maxLength: 260,
      },
    );
    fc.assert(
      fc.property(fc.array(pods, { minLength: 1, maxLength: 5 }), (history) => {
        let slices: readonly EndpointSlice[] = [];
        for (const [serial, state] of history.entries()) {
          const present = state.map(({ id, ready, port }) => podOf(id, ready, port));
          slices = apply(slices, present, serial);
          expect(told(slices)).toEqual(
            state.map(({ id, ready, port }) => `p${id} ${String(ready)} ${port}`).sort(),
          );
          expect(Math.max(...slices.map((slice) => slice.endpoints?.length ?? 0))).toBeLessThanOrEqual(100);
          expect(slices.length).toBeGreaterThan(0);
          const again = planSlices(service, backendsOf(service, present), slices, () => undefined);
          expect(again).toEqual({ create: [], update: [], remove: [] });
        }
      }),
      { numRuns: 60 },
    );
  });
});
