import type { Readable } from 'node:stream';

const lineBytesMax = 1024 * 1024;

/** The JSON values of a stream that has one a line. Leaving the loop destroys the stream. */
export async function* jsonLines<T>(source: Readable): AsyncGenerator<T> {
  let rest = '';
  source.setEncoding('utf8');
  for await (const chunk of source as AsyncIterable<string>) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > lineBytesMax)
      throw new RangeError(`Cannot read a line of JSON: over ${lineBytesMax} bytes`);
    for (const line of lines) if (line.trim() !== '') yield JSON.parse(line) as T;
  }
  if (rest.trim() !== '') yield JSON.parse(rest) as T;
}
