import { describe, expect, it } from '@jest/globals';
import { configMaps, pods } from '../../../openapi/generated/resources.ts';
import type { Strategy } from '../strategy.ts';
import { collectorFinalizers, graceOf, markedAsDeleted } from './deletion.ts';

const plain: Strategy = { resource: configMaps };
const orphaning: Strategy = { resource: configMaps, defaultPropagation: 'Orphan' };
const graceful: Strategy = { resource: pods, gracePeriodSeconds: (_object, requested) => requested ?? 30 };
const now = Date.parse('2026-01-02T03:04:05Z');

describe('collectorFinalizers()', () => {
  const cases = [
    { name: 'nothing asked for', strategy: plain, old: [], options: {}, want: undefined },
    {
      name: 'Foreground',
      strategy: plain,
      old: ['x/y'],
      options: { propagationPolicy: 'Foreground' },
      want: ['x/y', 'foregroundDeletion'],
    },
    { name: 'Orphan', strategy: plain, old: [], options: { propagationPolicy: 'Orphan' }, want: ['orphan'] },
    {
      name: 'Background over an earlier Orphan',
      strategy: plain,
      old: ['orphan'],
      options: { propagationPolicy: 'Background' },
      want: [],
    },
    {
      name: 'another policy than before',
      strategy: plain,
      old: ['foregroundDeletion'],
      options: { propagationPolicy: 'Orphan' },
      want: ['orphan'],
    },
    {
      name: 'what the object says',
      strategy: orphaning,
      old: ['foregroundDeletion'],
      options: {},
      want: undefined,
    },
    { name: 'the default of the kind', strategy: orphaning, old: [], options: {}, want: ['orphan'] },
    {
      name: 'orphanDependents=false over the default',
      strategy: orphaning,
      old: [],
      options: { orphanDependents: false },
      want: undefined,
    },
  ] as const;
  for (const { name, strategy, old, options, want } of cases) {
    it(`follows ${name}`, () => {
      expect(collectorFinalizers(strategy, { finalizers: old }, options)).toEqual(want);
    });
  }
});

describe('graceOf()', () => {
  it('is none for kinds without a grace', () => {
    expect(graceOf(plain, {}, { gracePeriodSeconds: 60 }, now)).toEqual({ kind: 'none' });
  });

  it('sets the time at which the object will go, and counts a generation', () => {
    expect(graceOf(graceful, { metadata: { generation: 1 } }, {}, now)).toMatchObject({
      kind: 'graceful',
      seconds: 30,
      object: {
        metadata: {
          generation: 2,
          deletionTimestamp: '2026-01-02T03:04:35Z',
          deletionGracePeriodSeconds: 30,
        },
      },
    });
  });

  it('takes a negative wish for one second', () => {
    expect(graceOf(graceful, {}, { gracePeriodSeconds: -5 }, now)).toMatchObject({ seconds: 1 });
  });

  const begun = { metadata: { deletionTimestamp: '2026-01-02T03:05:05Z', deletionGracePeriodSeconds: 60 } };
  it('becomes shorter, counted from the first deletion', () => {
    expect(graceOf(graceful, begun, { gracePeriodSeconds: 20 }, now)).toMatchObject({
      object: { metadata: { deletionTimestamp: '2026-01-02T03:04:25Z', deletionGracePeriodSeconds: 20 } },
    });
  });

  for (const wish of [60, 90, undefined]) {
    it(`stays as it is for a later wish of ${String(wish)}`, () => {
      const options = wish === undefined ? {} : { gracePeriodSeconds: wish };
      expect(graceOf(graceful, begun, options, now)).toEqual({ kind: 'pending' });
    });
  }
});

describe('markedAsDeleted()', () => {
  it('sets the time once', () => {
    const first = markedAsDeleted({ metadata: { generation: 3 } }, now);
    expect(first.metadata).toEqual({
      generation: 4,
      deletionTimestamp: '2026-01-02T03:04:05Z',
      deletionGracePeriodSeconds: 0,
    });
    expect(markedAsDeleted(first, now + 60_000)).toEqual(first);
  });
});
