import type { Codec, InputCodec } from './codec.ts';
import { jsonCodec } from './json.ts';
import { protobufCodec } from './protobuf.ts';
import { yamlCodec } from './yaml.ts';

/** In order of preference: what answers a request that accepts anything. */
export const codecs: readonly Codec[] = [jsonCodec, yamlCodec];
export const inputCodecs: readonly InputCodec[] = [...codecs, protobufCodec];

/** What errors list as accepted; protobuf is among them for clients that know Kubernetes' own list. */
export const mediaTypes = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'];
export const streamMediaTypes = [
  'application/json;stream=watch',
  'application/vnd.kubernetes.protobuf;stream=watch',
];
