import { decode, DecodeError } from '../../../openapi/machinery/decode.ts';
import { findSchema } from '../../../openapi/generated/schemas.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../../openapi/machinery/json.ts';
import type { KubeObject } from '../../../openapi/machinery/object.ts';
import { ParseError, strictFaults, type Parsed } from '../../../openapi/machinery/parse.ts';
import { jsonKind } from '../../../openapi/machinery/patch/patch-error.ts';
import type { GroupVersionKind, KindSchema } from '../../../openapi/machinery/schema.ts';
import { badRequest, invalid, invalidValue, type StatusError } from '../../../openapi/machinery/status.ts';
import type { InputCodec } from './codec.ts';
import { decodeKnown } from './known-specs.ts';
import { withSentReset } from './sent-managers.ts';

export type FieldValidation = 'Ignore' | 'Warn' | 'Strict';

/** What a body is expected to be. */
export interface Expected {
  readonly kind: GroupVersionKind;
  readonly schema: KindSchema;
  readonly fieldValidation: FieldValidation;
  readonly warn: (text: string) => void;
  /** Other group versions of the same kind that may be sent: "policy/v1beta1". */
  readonly otherVersions?: readonly string[];
  /** Many objects come with the same spec: it is decoded once. */
  readonly specsRecur?: boolean;
  /** Options of a request: any group version will do, and errors are told without saying what was expected. */
  readonly isOptions?: boolean;
}

interface TypeOfBody {
  readonly apiVersion: string;
  readonly kind: string;
}

/** Reads an object from a body, defaults not yet filled in. Throws BadRequest with Kubernetes' texts. */
export function decodeBody(codec: InputCodec, bytes: Uint8Array, expected: Expected): KubeObject {
  const parsed = parseBody(codec, bytes, expected);
  const value = objectValue(parsed.value, bytes, expected);
  const sent = typeOf(value, bytes, expected);
  if (expected.schema.kind === 'dynamic') refuseMissingKind(sent, bytes, expected);
  const gvk = withDefaults(sent, bytes, expected);
  if (expected.schema.kind === 'object') refuseOtherKinds(gvk, expected);
  const object = decodeValue(value, parsed, gvk, expected);
  if (expected.schema.kind === 'dynamic') refuseOtherType(sent, object, expected);
  else refuseOtherVersions(gvk, expected);
  const typed = { ...object, apiVersion: apiVersionText(expected.kind), kind: expected.kind.kind };
  return withSentReset(typed, value);
}

/** A custom object must say of what kind it is: no Go type stands behind the path. */
function refuseMissingKind({ kind }: TypeOfBody, bytes: Uint8Array, expected: Expected): void {
  if (kind !== '') return;
  const text = Buffer.from(bytes).toString('utf8');
  throw unrecognized(`Object 'Kind' is missing in '${text}'`, bytes, expected);
}

function refuseOtherType(
  { apiVersion, kind }: TypeOfBody,
  object: KubeObject,
  { kind: wanted }: Expected,
): void {
  if (apiVersion !== apiVersionText(wanted)) {
    throw badRequest(
      `the API version in the data (${apiVersion}) does not match the expected API version (${apiVersionText(wanted)})`,
    );
  }
  refuseOtherCustomKind(kind, object, wanted);
}

/** Throws Invalid, in the name of the kind that was sent. */
export function refuseOtherCustomKind(sent: string, object: KubeObject, wanted: GroupVersionKind): void {
  if (sent === wanted.kind) return;
  throw invalid({ group: wanted.group, plural: '', kind: sent }, object.metadata?.name ?? '', [
    invalidValue('kind', sent, `must be ${wanted.kind}`),
  ]);
}

function decodeValue(
  value: JsonObject,
  parsed: Parsed,
  gvk: GroupVersionKind,
  expected: Expected,
): KubeObject {
  try {
    const { object, unknown } = (expected.specsRecur === true ? decodeKnown : decode)(expected.schema, value);
    checkStrict(faultsOf(parsed, unknown, expected), expected, (text) => cannotHandle(gvk, expected, text));
    return object;
  } catch (error) {
    if (error instanceof DecodeError) throw cannotHandle(gvk, expected, error.message);
    throw error;
  }
}

/** A warning of each doubled key of YAML says where it is; an error says it of all together. */
function faultsOf(
  parsed: Parsed,
  unknown: readonly string[],
  { fieldValidation }: Expected,
): readonly string[] {
  const { yamlFaults = [] } = parsed;
  if (fieldValidation === 'Strict' || yamlFaults.length === 0) return strictFaults(parsed, unknown);
  return [...yamlFaults, ...unknown.map((path) => `unknown field ${JSON.stringify(path)}`)];
}

/** Tells of unknown and doubled fields as the client wishes: a warning each, an error of all, or nothing. */
export function checkStrict(
  faults: readonly string[],
  { fieldValidation, warn }: Pick<Expected, 'fieldValidation' | 'warn'>,
  refusal: (text: string) => Error,
): void {
  if (faults.length === 0 || fieldValidation === 'Ignore') return;
  if (fieldValidation === 'Strict') throw refusal(`strict decoding error: ${faults.join(', ')}`);
  for (const fault of faults) warn(fault);
}

function parseBody(codec: InputCodec, bytes: Uint8Array, expected: Expected): Parsed {
  try {
    return codec.parse(bytes);
  } catch (error) {
    // A document nested beyond what the stack holds is as wrong as one beyond the limit.
    if ((error as Error).name === 'RangeError') throw badRequest('exceeded max depth');
    if (!(error instanceof ParseError)) throw error;
    const why =
      codec.mediaType === 'application/json'
        ? `couldn't get version/kind; json parse error: ${error.message}`
        : error.message;
    throw unrecognized(why, bytes, expected);
  }
}

const typeStruct =
  'Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }';

function objectValue(value: JsonValue, bytes: Uint8Array, expected: Expected): JsonObject {
  if (value === null) return {};
  if (isJsonObject(value)) return value;
  const text = `couldn't get version/kind; json parse error: json: cannot unmarshal ${jsonKind(value)} into ${typeStruct}`;
  throw unrecognized(text, bytes, expected);
}

function typeOf(value: JsonObject, bytes: Uint8Array, expected: Expected): TypeOfBody {
  const { apiVersion, kind } = value;
  for (const [field, found] of Object.entries({ apiVersion, kind })) {
    if (found === undefined || found === null || typeof found === 'string') continue;
    const text = `couldn't get version/kind; json parse error: json: cannot unmarshal ${jsonKind(found)} into Go struct field .${field} of type string`;
    throw unrecognized(text, bytes, expected);
  }
  return { apiVersion: (apiVersion ?? '') as string, kind: (kind ?? '') as string };
}

function withDefaults(sent: TypeOfBody, bytes: Uint8Array, expected: Expected): GroupVersionKind {
  const parts = sent.apiVersion.split('/');
  if (parts.length > 2)
    throw unrecognized(`unexpected GroupVersion string: ${sent.apiVersion}`, bytes, expected);
  const kind = sent.kind === '' ? expected.kind.kind : sent.kind;
  if (sent.apiVersion === '' || sent.apiVersion === '/') return { ...expected.kind, kind };
  const [first = '', second] = parts;
  return second === undefined ? { group: '', version: first, kind } : { group: first, version: second, kind };
}

function refuseOtherKinds(gvk: GroupVersionKind, expected: Expected): void {
  const why = otherKindProblem(gvk, expected.kind);
  if (why === undefined || (gvk.kind === expected.kind.kind && isOtherVersion(gvk, expected))) return;
  throw cannotHandle(gvk, expected, expected.isOptions === true ? notRegistered(gvk) : why);
}

/** Why an object of one kind cannot be read as another; undefined when it can, if perhaps in another version. */
export function otherKindProblem(gvk: GroupVersionKind, wanted: GroupVersionKind): string | undefined {
  if (gvk.kind === wanted.kind && sameVersion(gvk, wanted)) return undefined;
  if (findSchema(gvk) === undefined) {
    return notRegistered(gvk);
  }
  if (gvk.kind === wanted.kind) return undefined;
  return `converting (${gvk.version}.${gvk.kind}) to (${internalPackage(wanted.group)}.${wanted.kind}): unknown conversion`;
}

/** The kind in another version: readable, but not here. */
function refuseOtherVersions(gvk: GroupVersionKind, expected: Expected): void {
  if (sameVersion(gvk, expected.kind) || isOtherVersion(gvk, expected)) return;
  throw badRequest(
    `the API version in the data (${apiVersionText(gvk)}) does not match the expected API version (${apiVersionText(expected.kind)})`,
  );
}

function notRegistered(gvk: GroupVersionKind): string {
  return `no kind ${JSON.stringify(gvk.kind)} is registered for version ${JSON.stringify(apiVersionText(gvk))} in scheme "pkg/runtime/scheme.go:111"`;
}

function sameVersion(a: GroupVersionKind, b: GroupVersionKind): boolean {
  return a.group === b.group && a.version === b.version;
}

function isOtherVersion(gvk: GroupVersionKind, { otherVersions = [], isOptions }: Expected): boolean {
  return isOptions === true || otherVersions.includes(apiVersionText(gvk));
}

/** Where Kubernetes keeps the internal form of a group's kinds. */
function internalPackage(group: string): string {
  if (group === '' || group === 'events.k8s.io') return 'core';
  return group.split('.')[0] ?? group;
}

export function apiVersionText({ group, version }: Pick<GroupVersionKind, 'group' | 'version'>): string {
  return group === '' ? version : `${group}/${version}`;
}

function cannotHandle(gvk: GroupVersionKind, expected: Expected, why: string): StatusError {
  if (expected.isOptions === true) return badRequest(why);
  return badRequest(
    `${gvk.kind} in version ${JSON.stringify(gvk.version)} cannot be handled as a ${expected.kind.kind}: ${why}`,
  );
}

function unrecognized(why: string, bytes: Uint8Array, expected: Expected): StatusError {
  if (expected.isOptions === true) return badRequest(why);
  return badRequest(
    `the object provided is unrecognized (must be of type ${expected.kind.kind}): ${why} (${summaryOf(bytes)})`,
  );
}

const summaryBytesMax = 30;

/** The beginning of a body: as text when it looks like JSON, else in hexadecimal. */
function summaryOf(bytes: Uint8Array): string {
  if (bytes.length === 0) return '<empty>';
  const isCut = bytes.length > summaryBytesMax;
  const begin = Buffer.from(bytes.subarray(0, summaryBytesMax));
  const text = begin[0] === 0x7b ? begin.toString('utf8') : begin.toString('hex');
  return isCut ? `${text} ...` : text;
}
