import type { Parsed } from '../../../openapi/machinery/parse.ts';

/** One media type of request bodies. */
export interface InputCodec {
  readonly mediaType: string;
  /** Throws ParseError. */
  parse(bytes: Uint8Array): Parsed;
}

/** One media type of requests and answers. Inside, an object is always its JSON bytes. */
export interface Codec extends InputCodec {
  /** The body of an answer, from the object's JSON. */
  encode(json: Buffer, pretty: boolean): Buffer;
  /** What a watch in this type is called; undefined when there is none. */
  readonly streamMediaType?: string;
  /** One event of a watch, from its object's JSON. */
  encodeEvent?(type: string, json: Buffer): Buffer;
}
