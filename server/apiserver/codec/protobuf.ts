import { findSchema } from '../../../openapi/generated/schemas.ts';
import { decodeProtobuf } from '../../../openapi/machinery/protobuf/decode-protobuf.ts';
import type { InputCodec } from './codec.ts';

/** Read, not written: clients that send it accept JSON too. */
export const protobufCodec: InputCodec = {
  mediaType: 'application/vnd.kubernetes.protobuf',
  parse: (bytes) => ({ value: decodeProtobuf(bytes, findSchema), duplicates: [] }),
};
