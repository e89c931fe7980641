import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Frame, FrameReader, FrameType, controlFrame, dataFrameHeader, words } from './frame.ts';

function framesOf(chunks: readonly Buffer[]): { data: Buffer; fins: number; control: number[] } {
  const reader = new FrameReader();
  const frames = chunks.flatMap((chunk) => {
    reader.push(chunk);
    return [...rest(reader)];
  });
  const data = frames.flatMap((frame) => (frame.kind === 'data' ? [frame] : []));
  return {
    data: Buffer.concat(data.map(({ payload }) => payload)),
    fins: data.filter(({ fin }) => fin).length,
    control: frames.flatMap((frame) => (frame.kind === 'control' ? [frame.type] : [])),
  };
}

function* rest(reader: FrameReader): Generator<Frame> {
  for (let frame = reader.next(); frame !== undefined; frame = reader.next()) yield frame;
}

function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const at = [0, ...places.map((place) => place % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  return at.slice(1).map((end, i) => bytes.subarray(at[i], end));
}

describe('FrameReader', () => {
  it('reads the same frames however the bytes are cut', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        fc.array(fc.nat(), { maxLength: 12 }),
        (payload, places) => {
          const bytes = Buffer.concat([
            controlFrame(FrameType.ping, words(1)),
            dataFrameHeader(1, payload.length, false),
            payload,
            dataFrameHeader(1, 0, true),
            controlFrame(FrameType.goAway, words(1, 0)),
          ]);
          const { data, fins, control } = framesOf(cut(bytes, places));
          expect(data.equals(Buffer.from(payload))).toBe(true);
          expect(fins).toBe(1);
          expect(control).toEqual([FrameType.ping, FrameType.goAway]);
        },
      ),
    );
  });

  it('hands a data frame on before all of it is there', () => {
    const reader = new FrameReader();
    reader.push(Buffer.concat([dataFrameHeader(3, 1000, true), Buffer.from('part')]));
    expect(reader.next()).toEqual({ kind: 'data', streamId: 3, fin: false, payload: Buffer.from('part') });
    expect(reader.next()).toBeUndefined();
  });

  it('refuses a control frame without bounds', () => {
    const reader = new FrameReader();
    reader.push(controlFrame(FrameType.synStream, Buffer.alloc(64 * 1024 + 1)).subarray(0, 8));
    expect(() => reader.next()).toThrow(RangeError);
  });
});
