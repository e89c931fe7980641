import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Pod } from '../../openapi/generated/types.ts';
import { podInfoOf, type PodInfo } from './node-info.ts';
import { podTopologySpread } from './plugins/pod-topology-spread.ts';
import { Snapshot } from './snapshot.ts';

const apps = ['web', 'db', 'cache'] as const;
const nodeNames = ['a', 'b', 'c', 'late'] as const;

function podOf(id: number, app: string, more: Pod['spec'] = { containers: [] }): PodInfo {
  const avoid = { topologyKey: 'host', labelSelector: { matchLabels: { app } } };
  const affinity = { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [avoid] } };
  return podInfoOf({
    metadata: { name: `p${id}`, namespace: id % 2 === 0 ? 'even' : 'odd', uid: `p${id}`, labels: { app } },
    spec: { ...more, affinity, priority: id % 3 },
  });
}
const queryFor = (app: string): Parameters<Snapshot['countPods']>[0] => ({
  key: app,
  namespace: app === 'web' ? 'even' : undefined,
  matches: ({ pod }) => pod.metadata?.labels?.['app'] === app,
});

describe('Snapshot', () => {
  it('counts as one who goes through all pods each time', () => {
    const step = fc.record({
      id: fc.nat(7),
      app: fc.constantFrom(...apps),
      node: fc.constantFrom(...nodeNames, undefined),
      asked: fc.constantFrom(...apps),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const snapshot = new Snapshot();
        for (const name of ['a', 'b', 'c']) snapshot.setNode({ metadata: { name, labels: { host: name } } });
        const placed = new Map<string, { readonly info: PodInfo; readonly node: string }>();
        for (const { id, app, node, asked } of steps) {
          const info = podOf(id, app);
          if (node === undefined) {
            snapshot.remove(info.uid);
            placed.delete(info.uid);
          } else {
            snapshot.place(info, node);
            placed.set(info.uid, { info, node });
          }
          const query = queryFor(asked);
          const wanted = new Map<string, number>();
          const terms = new Map<string, number>();
          for (const { info: each, node: where } of placed.values()) {
            terms.set(where, (terms.get(where) ?? 0) + 1);
            const { namespace } = each.pod.metadata ?? {};
            if (!query.matches(each) || (query.namespace ?? namespace) !== namespace) continue;
            wanted.set(where, (wanted.get(where) ?? 0) + 1);
          }
          expect(sorted(snapshot.countPods(query))).toEqual(sorted(wanted));
          const said = new Map<string, number>();
          for (const { byNode } of snapshot.terms.antiAffinity)
            for (const [name, count] of byNode) said.set(name, (said.get(name) ?? 0) + count);
          expect(sorted(said)).toEqual(sorted(terms));
          for (const name of nodeNames) {
            const there = [...placed.values()].filter((each) => each.node === name);
            expect(snapshot.info(name)?.hasLowerThan(2) ?? false).toBe(
              there.some((each) => each.info.priority < 2),
            );
          }
        }
      }),
      { numRuns: 40 },
    );
  });

  it('never lets the zones of spread pods differ by more than they may', () => {
    const zones = fc.array(fc.constantFrom('x', 'y', 'z'), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(zones, fc.integer({ min: 1, max: 3 }), fc.nat(20), (all, maxSkew, count) => {
        const snapshot = new Snapshot();
        for (const [i, zone] of all.entries())
          snapshot.setNode({ metadata: { name: `n${i}`, labels: { zone } } });
        const constraint = {
          maxSkew,
          topologyKey: 'zone',
          whenUnsatisfiable: 'DoNotSchedule',
          labelSelector: { matchLabels: { app: 'web' } },
        };
        const totals = new Map<string, number>(all.map((zone) => [zone, 0]));
        for (let id = 0; id < count; id++) {
          const info = podOf(id * 2, 'web', { containers: [], topologySpreadConstraints: [constraint] });
          const filter = podTopologySpread.preFilter(info, snapshot);
          const fitting = snapshot.nodes.filter((node) => filter?.(node) === undefined);
          expect(fitting.length).toBeGreaterThan(0);
          // Any that fits will do.
          const node = fitting[(id * 7) % fitting.length];
          const zone = node?.node?.metadata?.labels?.['zone'] ?? '';
          totals.set(zone, (totals.get(zone) ?? 0) + 1);
          snapshot.place(info, node?.name ?? '');
          const counts = [...totals.values()];
          expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(maxSkew);
        }
      }),
      { numRuns: 25 },
    );
  });
});

function sorted(counts: ReadonlyMap<string, number>): readonly (readonly [string, number])[] {
  return [...counts].sort(([a], [b]) => (a < b ? -1 : 1));
}
