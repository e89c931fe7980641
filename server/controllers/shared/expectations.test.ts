import { describe, expect, it } from '@jest/globals';
import { FakeClock } from '../../../test/fakes/clock.ts';
import type { Informer } from '../../../openapi/client/informer.ts';
import type { KubeObject } from '../../../openapi/machinery/object.ts';
import { Expectations } from './expectations.ts';

/** Shows `objects`, and all that was written up to `version`. */
function informerOf(version: number, ...objects: readonly KubeObject[]): Informer<KubeObject> {
  return {
    synced: true,
    get: (key) => objects.find((object) => object.metadata?.name === key.name),
    list: () => objects,
    ownedBy: () => [],
    orphans: () => [],
    covers: (resourceVersion) => Number(resourceVersion) <= version,
    subscribe: () => () => undefined,
    waitForSync: () => Promise.resolve(),
  };
}
const pod = (name: string, uid: string, more: object = {}): KubeObject => ({
  metadata: { name, uid, ...more },
});

describe('Expectations', () => {
  it('are settled when nothing was written', () => {
    expect(new Expectations(new FakeClock()).settled('k', informerOf(0))).toBe(true);
  });

  it('wait for the newest creation', () => {
    const expectations = new Expectations(new FakeClock());
    for (const resourceVersion of ['9', '10'])
      expectations.expectCreated('k', pod('p', 'u', { resourceVersion }));
    expect(expectations.settled('k', informerOf(9))).toBe(false);
    expect(expectations.settled('other', informerOf(9))).toBe(true);
    expect(expectations.settled('k', informerOf(10))).toBe(true);
  });

  const shown: readonly { name: string; object: KubeObject | undefined; want: boolean }[] = [
    { name: 'is still shown as it was', object: pod('p', 'u'), want: false },
    { name: 'is shown on its way out', object: pod('p', 'u', { deletionTimestamp: 'now' }), want: true },
    { name: 'is gone', object: undefined, want: true },
    { name: 'has a successor of its name', object: pod('p', 'other'), want: true },
  ];
  for (const { name, object, want } of shown)
    it(`${want ? 'do not wait' : 'wait'} when a deleted object ${name}`, () => {
      const expectations = new Expectations(new FakeClock());
      expectations.expectDeleted('k', pod('p', 'u'));
      expect(expectations.settled('k', informerOf(0, ...(object === undefined ? [] : [object])))).toBe(want);
    });

  it('end after five minutes, lest a lost event stop a controller for ever', async () => {
    const clock = new FakeClock();
    const expectations = new Expectations(clock);
    expectations.expectCreated('k', pod('p', 'u', { resourceVersion: '10' }));
    await clock.advance(300_000);
    expect(expectations.settled('k', informerOf(9))).toBe(false);
    await clock.advance(1);
    expect(expectations.settled('k', informerOf(9))).toBe(true);
  });
});
