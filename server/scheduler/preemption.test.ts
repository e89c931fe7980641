import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Node, Pod, PodDisruptionBudget } from '../../openapi/generated/types.ts';
import { podInfoOf } from './node-info.ts';
import { Nominations } from './nominations.ts';
import { filterPlugins, scorePlugins } from './plugins/index.ts';
import { findPreemption } from './preemption.ts';
import { Placer } from './schedule-one.ts';
import { Snapshot } from './snapshot.ts';

const placer = new Placer({ filters: filterPlugins, scores: scorePlugins }, () => 0);

function nodeOf(name: string, cpu = '4'): Node {
  return { metadata: { name }, status: { allocatable: { cpu, memory: '8Gi', pods: '110' } } };
}
/** "name:cpu:priority:age", of which age is in minutes. */
function podOf(text: string): Pod {
  const [name = '', cpu = '1', priority = '0', age = '0'] = text.split(':');
  return {
    metadata: { name, namespace: 'd', uid: name, labels: { name } },
    spec: { priority: Number(priority), containers: [{ name: 'c', resources: { requests: { cpu } } }] },
    status: { startTime: new Date(Date.UTC(2026, 0, 1) - Number(age) * 60_000).toISOString() },
  };
}
type Layout = Readonly<Record<string, readonly string[]>>;

function snapshotOf(layout: Layout): Snapshot {
  const snapshot = new Snapshot();
  for (const name of Object.keys(layout)) snapshot.setNode(nodeOf(name));
  for (const [name, pods] of Object.entries(layout))
    for (const text of pods) snapshot.place(podInfoOf(podOf(text)), name);
  return snapshot;
}
function preempt(layout: Layout, pod: string, budgets: readonly PodDisruptionBudget[] = []): string {
  const snapshot = snapshotOf(layout);
  const before = stateOf(snapshot);
  const found = findPreemption({
    pod: podInfoOf(podOf(pod)),
    nodes: snapshot.nodes,
    snapshot,
    placer,
    nominations: new Nominations(),
    budgets,
    startMs: (info) => Date.parse(info.pod.status?.startTime ?? ''),
    random: () => 0,
  });
  expect(stateOf(snapshot)).toEqual(before);
  if (found.candidate === undefined)
    return found.tried.map((reasons) => reasons?.join() ?? 'nobody').join('; ');
  const { node, victims } = found.candidate;
  return `${node.name} without ${victims.map((victim) => victim.uid).join()}`;
}
/** Sums and pods of all nodes, in an order of their own. */
function stateOf(snapshot: Snapshot): unknown {
  return snapshot.nodes.map((node) => [
    node.name,
    node.requested,
    [...node.pods.keys()].sort(),
    [...node.priorities].sort(),
    node.nonZeroCpu,
  ]);
}
function budgetFor(name: string, disruptionsAllowed: number): PodDisruptionBudget {
  return {
    metadata: { namespace: 'd', name },
    spec: { selector: { matchLabels: { name } } },
    status: { disruptionsAllowed, currentHealthy: 1, desiredHealthy: 1, expectedPods: 1 },
  };
}

describe('findPreemption()', () => {
  const cases: readonly {
    name: string;
    layout: Layout;
    pod: string;
    budgets?: readonly PodDisruptionBudget[];
    want: string;
  }[] = [
    { name: 'takes the room of a lower pod', layout: { a: ['x:4'] }, pod: 'p:1:5', want: 'a without x' },
    { name: 'leaves pods of its own priority', layout: { a: ['x:4:5'] }, pod: 'p:1:5', want: 'nobody' },
    {
      name: 'says why it would not do',
      layout: { a: ['x:1', 'y:3:9'] },
      pod: 'p:2:5',
      want: 'Insufficient cpu',
    },
    {
      name: 'takes no more than it needs, and the least important',
      layout: { a: ['x:1:1', 'y:1:2', 'z:2:3'] },
      pod: 'p:1:5',
      want: 'a without x',
    },
    {
      name: 'of equal ones it takes the youngest',
      layout: { a: ['x:2:0:10', 'y:2:0:5'] },
      pod: 'p:1:5',
      want: 'a without y',
    },
    {
      name: 'prefers a node where no budget is broken',
      layout: { a: ['x:4'], b: ['y:4:3'] },
      pod: 'p:1:5',
      budgets: [budgetFor('x', 0)],
      want: 'b without y',
    },
    {
      name: 'keeps whom a budget guards when another will do',
      layout: { a: ['x:2:1', 'y:2:2'] },
      pod: 'p:2:5',
      budgets: [budgetFor('x', 0)],
      want: 'a without y',
    },
    {
      name: 'breaks a budget when there is no other way',
      layout: { a: ['x:4'] },
      pod: 'p:1:5',
      budgets: [budgetFor('x', 0)],
      want: 'a without x',
    },
    {
      name: 'prefers the node with the least important victim',
      layout: { a: ['x:4:3'], b: ['y:4:2'] },
      pod: 'p:1:5',
      want: 'b without y',
    },
    {
      name: 'then the one with fewer victims',
      layout: { a: ['x:2', 'y:2'], b: ['z:4'] },
      pod: 'p:4:5',
      want: 'b without z',
    },
    {
      name: 'then the one whose victims are younger',
      layout: { a: ['x:4:0:10'], b: ['y:4:0:5'] },
      pod: 'p:1:5',
      want: 'b without y',
    },
  ];
  for (const { name, layout, pod, budgets, want } of cases)
    it(name, () => {
      expect(preempt(layout, pod, budgets)).toBe(want);
    });

  it('only ever takes lower pods, and enough of them', () => {
    const pod = fc.record({ cpu: fc.integer({ min: 1, max: 3 }), priority: fc.integer({ min: 0, max: 9 }) });
    const layouts = fc.array(fc.array(pod, { maxLength: 4 }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(layouts, pod, (layout, wanted) => {
        const texts = layout.map((pods, i): [string, readonly string[]] => [
          `n${i}`,
          pods.map(({ cpu, priority }, j) => `p${i}-${j}:${cpu}:${priority}`),
        ]);
        const found = preempt(Object.fromEntries(texts), `p:${wanted.cpu}:${wanted.priority}`);
        const match = /^n(\d) without (.*)$/.exec(found);
        if (match === null) return;
        const victims = new Set(match[2]?.split(','));
        const i = Number(match[1]);
        const left = (layout[i] ?? []).filter((_, j) => !victims.has(`p${i}-${j}`));
        const gone = (layout[i] ?? []).filter((_, j) => victims.has(`p${i}-${j}`));
        expect(gone.every(({ priority }) => priority < wanted.priority)).toBe(true);
        expect(left.reduce((sum, { cpu }) => sum + cpu, wanted.cpu)).toBeLessThanOrEqual(4);
      }),
      { numRuns: 100 },
    );
  });
});
