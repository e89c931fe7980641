import { stringify } from 'yaml';
import { parseYaml } from '../../../openapi/machinery/parse.ts';
import type { Codec } from './codec.ts';

export const yamlCodec: Codec = {
  mediaType: 'application/yaml',
  parse: (bytes) => parseYaml(bytes, { largeIntegers: 'note' }),
  encode(json) {
    const text = stringify(JSON.parse(json.toString('utf8')), {
      sortMapEntries: true,
      aliasDuplicateObjects: false,
      version: '1.1',
    });
    return Buffer.from(text);
  },
};
