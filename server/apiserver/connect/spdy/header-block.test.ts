import { constants, deflateSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { adler32, spdyDictionary } from './dictionary.ts';
import { HeaderReader, emptyHeaderBlock } from './header-block.ts';
import { words } from './frame.ts';

function text(value: string): Buffer {
  return Buffer.concat([words(value.length), Buffer.from(value, 'latin1')]);
}

function block(headers: Readonly<Record<string, string>>): Buffer {
  const pairs = Object.entries(headers).flat().map(text);
  return Buffer.concat([words(pairs.length / 2), ...pairs]);
}

function compressed(plain: Buffer): Buffer {
  return deflateSync(plain, { dictionary: spdyDictionary, finishFlush: constants.Z_SYNC_FLUSH });
}

describe('a header block', () => {
  it('is compressed with the dictionary of SPDY/3', () => {
    expect(adler32(spdyDictionary).toString(16)).toBe('e3c6a7c2');
  });

  it('is read with names in lower case', async () => {
    const reader = new HeaderReader();
    const headers = await reader.read(compressed(block({ StreamType: 'stdin', port: '80' })));
    expect([...headers]).toEqual([
      ['streamtype', 'stdin'],
      ['port', '80'],
    ]);
    reader.close();
  });

  it('of ours can be read', async () => {
    const reader = new HeaderReader();
    expect((await reader.read(emptyHeaderBlock(true))).size).toBe(0);
    expect((await reader.read(emptyHeaderBlock(false))).size).toBe(0);
    reader.close();
  });

  it.each([
    { name: 'that is no deflate', bytes: Buffer.from('nonsense') },
    { name: 'that ends early', bytes: compressed(Buffer.concat([words(1, 100), Buffer.from('short')])) },
    { name: 'with too many headers', bytes: compressed(words(1_000_000)) },
    { name: 'that uncompresses to too much', bytes: compressed(Buffer.alloc(1024 * 1024)) },
  ])('$name is refused', async ({ bytes }) => {
    const reader = new HeaderReader();
    await expect(reader.read(bytes)).rejects.toThrow();
    reader.close();
  });
});
