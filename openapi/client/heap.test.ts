import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Heap } from './heap.ts';

describe('Heap', () => {
  it('gives what was pushed in order, whatever was pushed between', () => {
    fc.assert(
      fc.property(fc.array(fc.option(fc.integer(), { nil: undefined })), (steps) => {
        const heap = new Heap<number>((a, b) => a < b);
        const model: number[] = [];
        for (const step of steps) {
          if (step === undefined) {
            model.sort((a, b) => a - b);
            expect(heap.pop()).toBe(model.shift());
          } else {
            heap.push(step);
            model.push(step);
          }
          expect(heap.length).toBe(model.length);
        }
      }),
    );
  });
});
