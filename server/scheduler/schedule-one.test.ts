import { describe, expect, it } from '@jest/globals';
import type { Node } from '../../openapi/generated/types.ts';
import { podInfoOf } from './node-info.ts';
import { Nominations } from './nominations.ts';
import { filterPlugins, scorePlugins } from './plugins/index.ts';
import { enoughNodes, Placer } from './schedule-one.ts';
import { Snapshot } from './snapshot.ts';

function nodeOf(name: string, more: Partial<Node> = {}): Node {
  return {
    metadata: { name, labels: { name } },
    status: { allocatable: { cpu: '4', memory: '8Gi', pods: '110' } },
    ...more,
  };
}
const candidate = {
  metadata: { name: 'p', namespace: 'd', uid: 'p' },
  spec: { containers: [{ name: 'c', image: 'web' }] },
};

function choose(nodes: readonly Node[], spec: object = {}): string | undefined {
  const snapshot = new Snapshot();
  for (const node of nodes) snapshot.setNode(node);
  const placer = new Placer({ filters: filterPlugins, scores: scorePlugins }, () => 0.5);
  return placer.place(
    podInfoOf({ ...candidate, spec: { ...candidate.spec, ...spec } }),
    snapshot,
    new Nominations(),
  ).node?.name;
}

describe('enoughNodes()', () => {
  const cases = [
    [50, 50],
    [100, 100],
    [1000, 420],
    [5000, 500],
    [10_000, 500],
  ] as const;
  for (const [count, want] of cases)
    it(`of ${count} nodes ${want} that fit are enough`, () => {
      expect(enoughNodes(count)).toBe(want);
    });
});

describe('Placer.place()', () => {
  it('prefers the node that has the image', () => {
    const images = [{ names: ['web:latest'], sizeBytes: 900_000_000 }];
    const status = { allocatable: { cpu: '4', memory: '8Gi', pods: '110' }, images };
    expect(choose([nodeOf('a'), nodeOf('b', { status }), nodeOf('c')])).toBe('b');
  });

  it('prefers what the pod prefers', () => {
    const preference = { matchExpressions: [{ key: 'name', operator: 'In', values: ['c'] }] };
    const affinity = {
      nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, preference }] },
    };
    expect(choose([nodeOf('a'), nodeOf('b'), nodeOf('c')], { affinity })).toBe('c');
  });

  it('avoids a node that asks to stay away', () => {
    const spec = { taints: [{ key: 'k', effect: 'PreferNoSchedule' }] };
    expect(choose([nodeOf('a', { spec }), nodeOf('b'), nodeOf('c', { spec })])).toBe('b');
  });

  it('finds nothing on no nodes', () => {
    expect(choose([])).toBeUndefined();
  });
});

describe('Snapshot', () => {
  it('keeps pods of a node that is not there yet, and counts them when it comes', () => {
    const snapshot = new Snapshot();
    const pod = podInfoOf({
      ...candidate,
      spec: { containers: [{ name: 'c', resources: { requests: { cpu: '3' } } }] },
    });
    snapshot.place(pod, 'late');
    expect(snapshot.nodeCount).toBe(0);
    snapshot.setNode(nodeOf('late'));
    expect(snapshot.info('late')?.requested['cpu']).toBe(3000);
    snapshot.removeNode('late');
    snapshot.remove('p');
    expect(snapshot.info('late')).toBeUndefined();
  });

  it('moves a pod that turns up elsewhere', () => {
    const snapshot = new Snapshot();
    for (const name of ['a', 'b']) snapshot.setNode(nodeOf(name));
    const pod = podInfoOf(candidate);
    snapshot.place(pod, 'a');
    snapshot.place(pod, 'b');
    expect([snapshot.info('a')?.pods.size, snapshot.info('b')?.pods.size]).toEqual([0, 1]);
  });
});
