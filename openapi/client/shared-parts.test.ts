import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { KubeObject } from '../machinery/object.ts';
import { SharedParts } from './shared-parts.ts';

interface Thing extends KubeObject {
  readonly spec: { readonly list: readonly unknown[]; readonly name: string; readonly more?: unknown };
}

function thing(name: string, owner: string, list: readonly unknown[]): Thing {
  const ownerReferences = [{ apiVersion: 'v1', kind: 'X', name: owner, uid: owner, controller: true }];
  return { metadata: { name, ownerReferences }, spec: { list, name } };
}

describe('SharedParts', () => {
  it('makes one of equal parts of one family', () => {
    const parts = new SharedParts();
    const first = thing('a', 'owner', [{ x: [1, 2] }, { y: 1 }]);
    const second = thing('b', 'owner', [{ x: [1, 2] }, { y: 2 }]);
    parts.share(first);
    parts.share(second);
    expect(second).toEqual(thing('b', 'owner', [{ x: [1, 2] }, { y: 2 }]));
    expect(second.spec.list[0]).toBe(first.spec.list[0]);
    expect(second.spec.list[1]).not.toBe(first.spec.list[1]);
    expect(second.metadata?.ownerReferences).toBe(first.metadata?.ownerReferences);
  });

  it('leaves other families alone', () => {
    const parts = new SharedParts();
    const first = thing('a', 'one', [{ x: 1 }]);
    const second = thing('b', 'two', [{ x: 1 }]);
    parts.share(first);
    parts.share(second);
    expect(second.spec.list[0]).not.toBe(first.spec.list[0]);
  });

  it('takes those without a controller together by their labels', () => {
    const parts = new SharedParts();
    const first = { metadata: { name: 'a', labels: { app: 'x' } }, data: { k: { v: 1 } } };
    const second = { metadata: { name: 'b', labels: { app: 'x' } }, data: { k: { v: 1 } } };
    parts.share(first);
    parts.share(second);
    expect(second.data).toBe(first.data);
  });

  it('never changes what an object says', () => {
    const value = fc.jsonValue({ maxDepth: 4 });
    fc.assert(
      fc.property(value, value, (a, b) => {
        const parts = new SharedParts();
        const before = JSON.stringify(thing('b', 'owner', [b, a]));
        const second = JSON.parse(before) as Thing;
        parts.share(JSON.parse(JSON.stringify(thing('a', 'owner', [a, a]))) as Thing);
        parts.share(second);
        expect(JSON.stringify(second)).toBe(before);
      }),
    );
  });
});
