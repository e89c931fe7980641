import type { JsonValue } from '../../../openapi/machinery/json.ts';
import { parseYaml } from '../../../openapi/machinery/parse.ts';
import type { Codec } from './codec.ts';
import { yamlText } from './yaml-writer.ts';

export const yamlCodec: Codec = {
  mediaType: 'application/yaml',
  parse: (bytes) => parseYaml(bytes, { largeIntegers: 'note' }),
  encode: (json) => Buffer.from(yamlText(JSON.parse(json.toString('utf8')) as JsonValue)),
};
