import { StatusError } from '../../../openapi/machinery/status.ts';
import { headerText, type Exchange } from '../exchange.ts';
import type { Codec, InputCodec } from './codec.ts';
import { jsonCodec } from './json.ts';
import { codecs, inputCodecs, mediaTypes, streamMediaTypes } from './codecs.ts';

export type TransformKind = 'Table' | 'PartialObjectMetadata' | 'PartialObjectMetadataList';

/** Another form of the answer that the client asks for: `as=Table;g=meta.k8s.io;v=v1`. */
export interface Transform {
  readonly kind: TransformKind;
  readonly version: 'v1' | 'v1beta1';
}

export interface OutputType {
  readonly codec: Codec;
  readonly transform: Transform | undefined;
  readonly pretty: boolean;
}

export type StreamCodec = Codec & Required<Pick<Codec, 'encodeEvent'>>;

interface Clause {
  readonly type: string;
  readonly quality: number;
  readonly parameters: Readonly<Record<string, string>>;
}

/** Headers seen lately: clients send the same few over and over. */
const parsedHeaders = new Map<string, readonly Clause[]>();
const parsedHeadersMax = 200;

function clausesOf(header: string): readonly Clause[] {
  const known = parsedHeaders.get(header);
  if (known !== undefined) return known;
  const clauses = header
    .split(',')
    .map(parseClause)
    .filter((clause) => clause.type !== '')
    .sort((a, b) => b.quality - a.quality);
  if (parsedHeaders.size >= parsedHeadersMax) parsedHeaders.clear();
  parsedHeaders.set(header, clauses);
  return clauses;
}

function parseClause(text: string): Clause {
  const [type = '', ...rest] = text.split(';').map((part) => part.trim());
  const parameters: Record<string, string> = {};
  for (const part of rest) {
    const equals = part.indexOf('=');
    if (equals > 0) parameters[part.slice(0, equals)] = part.slice(equals + 1).replace(/^"(.*)"$/, '$1');
  }
  const quality = Number(parameters['q'] ?? '1');
  return { type, quality: Number.isFinite(quality) ? quality : 0, parameters };
}

export interface OutputOptions {
  /** Whether the answer can be a Table. */
  readonly tables: boolean;
  /** A list or watch, whose path offers streams too. */
  readonly streams: boolean;
}

/** The form of the answer. Throws NotAcceptable. */
export function negotiateOutput(exchange: Exchange, options: OutputOptions): OutputType {
  const header = headerText(exchange, 'accept');
  const clauses = clausesOf(header === '' ? '*/*' : header);
  const offered = [...mediaTypes, ...(options.streams ? streamMediaTypes : [])];
  if (!clauses.some(({ type }) => type === '*/*' || mediaTypes.includes(type))) {
    throw new StatusError(
      'NotAcceptable',
      `406: Not Acceptable\n\nAvailable representations: ${offered.join(', ')}`,
      { details: {} },
    );
  }
  for (const clause of clauses) {
    for (const codec of codecs) {
      if (!covers(clause.type, codec.mediaType)) continue;
      const transform = transformOf(clause, options.tables);
      if (transform === 'refused' || refusesStream(clause, codec, options)) continue;
      return { codec, transform, pretty: wantsPretty(exchange, clause) };
    }
  }
  throw new StatusError(
    'NotAcceptable',
    `only the following media types are accepted: ${mediaTypes.join(', ')}`,
  );
}

function refusesStream({ parameters }: Clause, codec: Codec, options: OutputOptions): boolean {
  const { stream } = parameters;
  if (stream === undefined || stream === '') return false;
  return stream !== 'watch' || !options.streams || codec.streamMediaType === undefined;
}

/** The codec of a watch. Throws NotAcceptable for a type that has no stream. */
export function streamCodec({ codec }: OutputType): StreamCodec {
  if (!isStreamCodec(codec)) {
    throw new StatusError(
      'NotAcceptable',
      `only the following media types are accepted: ${streamMediaTypes.join(', ')}`,
    );
  }
  return codec;
}

function isStreamCodec(codec: Codec): codec is StreamCodec {
  return codec.encodeEvent !== undefined;
}

/** For errors: the first type that can be had, whatever form of it was asked for; else JSON. */
export function negotiateError(exchange: Exchange): { readonly codec: Codec; readonly pretty: boolean } {
  const clauses = clausesOf(headerText(exchange, 'accept'));
  for (const clause of clauses) {
    const codec = codecs.find((each) => covers(clause.type, each.mediaType));
    if (codec !== undefined) return { codec, pretty: wantsPretty(exchange, clause) };
  }
  return { codec: jsonCodec, pretty: false };
}

function covers(range: string, type: string): boolean {
  if (range === '*/*' || range === type) return true;
  return range.endsWith('/*') && type.startsWith(range.slice(0, -1));
}

function transformOf({ parameters }: Clause, tables: boolean): Transform | undefined | 'refused' {
  const { as, g, v } = parameters;
  if (as === undefined && g === undefined && v === undefined) return undefined;
  if (g !== 'meta.k8s.io' || (v !== 'v1' && v !== 'v1beta1')) return 'refused';
  if (as === 'Table') return tables ? { kind: as, version: v } : 'refused';
  if (as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList') return { kind: as, version: v };
  return 'refused';
}

/** For people: asked for, or by what they have at hand. */
function wantsPretty(exchange: Exchange, { parameters }: Clause): boolean {
  if (parameters['pretty'] === '1') return true;
  const mark = exchange.url.indexOf('?');
  if (mark >= 0 && exchange.url.includes('pretty', mark)) {
    const value = new URLSearchParams(exchange.url.slice(mark + 1)).get('pretty');
    if (value !== null) return value !== '0' && value.toLowerCase() !== 'false';
  }
  return /^(?:curl|Wget|Mozilla\/5\.0)/.test(headerText(exchange, 'user-agent'));
}

/** The codec of a request's body. Throws UnsupportedMediaType. */
export function negotiateInput(exchange: Exchange): InputCodec {
  const header = headerText(exchange, 'content-type');
  if (header === '') return jsonCodec;
  const type = (header.split(';')[0] ?? '').trim().toLowerCase();
  const codec = inputCodecs.find((each) => each.mediaType === type);
  if (codec === undefined) throw unsupported(mediaTypes);
  return codec;
}

export function unsupported(accepted: readonly string[]): StatusError {
  return new StatusError(
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`,
  );
}
