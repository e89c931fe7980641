import { describe, expect, it } from '@jest/globals';
import type { Node, Pod } from '../../openapi/generated/types.ts';
import { planPodGc } from './podgc.ts';

function pod(
  name: string,
  fields: { node?: string; phase?: string; deleting?: boolean; created?: string } = {},
): Pod {
  return {
    metadata: {
      name,
      creationTimestamp: fields.created ?? '2026-01-01T00:00:00Z',
      ...(fields.deleting === true ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}),
    },
    spec: { containers: [], ...(fields.node === undefined ? {} : { nodeName: fields.node }) },
    status: { phase: fields.phase ?? 'Running' },
  };
}

const known: Readonly<Record<string, Node>> = {
  up: { metadata: { name: 'up' }, status: { conditions: [{ type: 'Ready', status: 'True' }] } },
  out: {
    metadata: { name: 'out' },
    spec: { taints: [{ key: 'node.kubernetes.io/out-of-service', effect: 'NoExecute' }] },
    status: { conditions: [{ type: 'Ready', status: 'Unknown' }] },
  },
};

function plan(
  all: readonly Pod[],
  goneSince = new Map<string, number>(),
  nowMs = 0,
): Readonly<Record<string, readonly (string | undefined)[]>> {
  const result = planPodGc(all, { nodeOf: (name) => known[name], goneSince, nowMs, terminatedMax: 2 });
  return Object.fromEntries(
    Object.entries(result).map(([reason, pods]) => [
      reason,
      (pods as readonly Pod[]).map((each) => each.metadata?.name),
    ]),
  );
}

describe('planPodGc()', () => {
  it('lets the oldest ended pods beyond the number go', () => {
    const ended = ['2026-01-03', '2026-01-01', '2026-01-02'].map((day) =>
      pod(day, { node: 'up', phase: 'Succeeded', created: `${day}T00:00:00Z` }),
    );
    expect(plan(ended)['terminated']).toEqual(['2026-01-01']);
  });

  it('gives a node that is gone 40 seconds to return', () => {
    const goneSince = new Map<string, number>();
    const lost = [pod('p', { node: 'gone' })];
    expect(plan(lost, goneSince, 1000)['orphaned']).toEqual([]);
    expect(plan(lost, goneSince, 40_999)['orphaned']).toEqual([]);
    expect(plan(lost, goneSince, 41_000)['orphaned']).toEqual(['p']);
  });

  it('forgets that a node was gone when it returns', () => {
    const goneSince = new Map([['up', 0]]);
    plan([pod('p', { node: 'up' })], goneSince, 100_000);
    expect(goneSince.size).toBe(0);
  });

  it('ends a pod that is being deleted and has no node', () => {
    expect(plan([pod('p', { deleting: true }), pod('q')])['unscheduled']).toEqual(['p']);
  });

  it('ends pods being deleted of a node that is out of service', () => {
    expect(
      plan([
        pod('p', { node: 'out', deleting: true }),
        pod('q', { node: 'out' }),
        pod('r', { node: 'up', deleting: true }),
      ])['outOfService'],
    ).toEqual(['p']);
  });
});
