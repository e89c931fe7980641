import { describe, expect, it } from '@jest/globals';
import type { Resource } from '../../../openapi/machinery/resource.ts';
import { chooseServed, followServed, type ServedResources } from './served.ts';

const resource = (plural: string): Resource => ({
  group: 'example.com',
  version: 'v1',
  kind: plural,
  plural,
  namespaced: true,
});

/** Resources that a test changes. */
function changing(
  ...first: readonly string[]
): ServedResources & { set(...plurals: readonly string[]): void } {
  let list = first.map(resource);
  const listeners = new Set<() => void>();
  return {
    list: () => list,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    set(...plurals) {
      list = plurals.map(resource);
      for (const listener of listeners) listener();
    },
  };
}

describe('followServed()', () => {
  it('watches what comes later, as long as it is there', () => {
    const served = changing('a');
    const log: string[] = [];
    const end = followServed(
      served,
      (each) => ({ resource: each, keys: () => [] }),
      ({ resource: { plural } }) => {
        log.push(`+${plural}`);
        return () => log.push(`-${plural}`);
      },
    );
    served.set('a', 'b');
    served.set('a', 'b', 'c');
    served.set('a', 'c');
    served.set('c');
    end();
    served.set('d');
    expect(log).toEqual(['+b', '+c', '-b', '-c']);
  });
});

describe('chooseServed()', () => {
  it('chooses anew only when something changed', () => {
    const served = changing('a', 'b');
    const chosen = chooseServed(served, (all) => all.filter(({ plural }) => plural !== 'a'));
    const first = chosen.list();
    expect(first.map(({ plural }) => plural)).toEqual(['b']);
    expect(chosen.list()).toBe(first);
    served.set('c');
    expect(chosen.list().map(({ plural }) => plural)).toEqual(['c']);
  });
});
