import { parseJson } from '../../../openapi/machinery/parse.ts';
import type { Codec } from './codec.ts';

const newline = Buffer.from('\n');
const eventEnd = Buffer.from('}\n');
const eventStarts = new Map(
  ['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK', 'ERROR'].map((type) => [
    type,
    Buffer.from(`{"type":"${type}","object":`),
  ]),
);

export const jsonCodec: Codec = {
  mediaType: 'application/json',
  parse: (bytes) => parseJson(bytes, { largeIntegers: 'note' }),
  encode(json, pretty) {
    if (!pretty) return json;
    const text = JSON.stringify(JSON.parse(json.toString('utf8')), undefined, 2);
    return Buffer.concat([Buffer.from(text), newline]);
  },
  streamMediaType: 'application/json;stream=watch',
  encodeEvent(type, json) {
    const start = eventStarts.get(type) ?? Buffer.from(`{"type":${JSON.stringify(type)},"object":`);
    return Buffer.concat([start, json, eventEnd]);
  },
};
