import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { findSchema } from '../../generated/schemas.ts';
import { decodeProtobuf } from './decode-protobuf.ts';

/** A protobuf writer of a few lines, for the tests' bodies. */
function varint(value: bigint | number): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  do {
    const more = rest > 0x7fn;
    bytes.push(Number(rest & 0x7fn) | (more ? 0x80 : 0));
    rest >>= 7n;
  } while (rest > 0n);
  return Buffer.from(bytes);
}
function text(number: number, content: string | Buffer): Buffer {
  const bytes = Buffer.from(content);
  return Buffer.concat([varint((number << 3) | 2), varint(bytes.length), bytes]);
}
function number(field: number, value: bigint | number): Buffer {
  return Buffer.concat([varint(field << 3), varint(value)]);
}
function envelope(apiVersion: string, kind: string, ...body: Buffer[]): Buffer {
  const type = Buffer.concat([text(1, apiVersion), text(2, kind)]);
  return Buffer.concat([Buffer.from('k8s\0'), text(1, type), text(2, Buffer.concat(body))]);
}
const empty = Buffer.alloc(0);

describe('decodeProtobuf()', () => {
  it('reads a namespace as kubectl sends it: zero values are absent', () => {
    const metadata = [
      text(1, 'web'),
      text(2, ''),
      text(3, ''),
      text(4, ''),
      text(5, ''),
      text(6, ''),
      number(7, 0),
      text(8, empty),
    ];
    const body = envelope(
      'v1',
      'Namespace',
      text(1, Buffer.concat(metadata)),
      text(2, empty),
      text(3, text(1, '')),
    );
    expect(decodeProtobuf(body, findSchema)).toEqual({
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: 'web' },
      spec: {},
      status: {},
    });
  });

  it('reads maps, bytes, pointers, quantities, times and int-or-strings', () => {
    const secret = envelope(
      'v1',
      'Secret',
      text(
        1,
        Buffer.concat([
          text(1, 's'),
          text(8, Buffer.concat([number(1, 1_700_000_000)])),
          text(11, Buffer.concat([text(1, 'a'), text(2, 'b')])),
        ]),
      ),
      text(2, Buffer.concat([text(1, 'k'), text(2, Buffer.from([1, 2, 255]))])),
      number(5, 0),
    );
    expect(decodeProtobuf(secret, findSchema)).toEqual({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 's', creationTimestamp: '2023-11-14T22:13:20Z', labels: { a: 'b' } },
      data: { k: 'AQL/' },
      immutable: false,
    });
  });

  it('puts the fields of an embedded message where JSON has them', () => {
    const emptyDir = text(2, text(2, text(1, 'Memory')));
    const volume = text(1, Buffer.concat([text(1, 'scratch'), emptyDir]));
    const pod = envelope('v1', 'Pod', text(2, volume));
    expect(decodeProtobuf(pod, findSchema)).toMatchObject({
      spec: { volumes: [{ name: 'scratch', emptyDir: { medium: 'Memory' } }] },
    });
  });

  it('keeps a key named __proto__ a plain key', () => {
    const entry = text(2, Buffer.concat([text(1, '__proto__'), text(2, 'x')]));
    const decoded = decodeProtobuf(envelope('v1', 'ConfigMap', entry), findSchema);
    expect(Object.keys(decoded['data'] as object)).toEqual(['__proto__']);
    expect(({} as Record<string, unknown>)['x']).toBeUndefined();
  });

  const bad = [
    { name: 'no magic', bytes: Buffer.from('{}'), want: /does not appear to be a protobuf message/ },
    { name: 'an unknown kind', bytes: envelope('v1', 'Nothing'), want: /no kind "Nothing"/ },
    { name: 'a cut message', bytes: envelope('v1', 'Pod').subarray(0, -1), want: /unexpected EOF/ },
    {
      name: 'an integer that JSON would round',
      bytes: envelope('v1', 'Namespace', text(1, number(7, 2n ** 60n))),
      want: /out of range/,
    },
  ];
  for (const { name, bytes, want } of bad)
    it(`refuses ${name}`, () => {
      expect(() => decodeProtobuf(bytes, findSchema)).toThrow(want);
    });

  it('ends with an object or a ParseError, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (junk) => {
        try {
          expect(typeof decodeProtobuf(envelope('v1', 'Pod', Buffer.from(junk)), findSchema)).toBe('object');
        } catch (error) {
          expect((error as Error).name).toBe('ParseError');
        }
      }),
    );
  });
});
