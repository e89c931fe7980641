import {
  isJsonObject,
  type JsonArray,
  type JsonObject,
  type JsonValue,
} from '../../../openapi/machinery/json.ts';
import type { KubeObject } from '../../../openapi/machinery/object.ts';
import { decode, DecodeError } from '../../../openapi/machinery/decode.ts';
import { goText } from '../../../openapi/machinery/go-text.ts';
import { invariant } from '../../../openapi/machinery/invariant.ts';
import { ParseError, parseJson, strictFaults, type Parsed } from '../../../openapi/machinery/parse.ts';
import { applyJsonPatch, unknownInJsonPatch } from '../../../openapi/machinery/patch/json-patch.ts';
import { applyMergePatch } from '../../../openapi/machinery/patch/merge-patch.ts';
import { PatchError } from '../../../openapi/machinery/patch/patch-error.ts';
import { applyStrategicPatch } from '../../../openapi/machinery/patch/strategic.ts';
import type { GroupVersionKind, KindSchema } from '../../../openapi/machinery/schema.ts';
import { badRequest, invalid, invalidValue, StatusError } from '../../../openapi/machinery/status.ts';
import {
  apiVersionText,
  checkStrict,
  otherKindProblem,
  refuseOtherCustomKind,
  type FieldValidation,
} from '../codec/body.ts';
import { withSentReset } from '../codec/sent-managers.ts';

export type PatchKind = 'json' | 'merge' | 'strategic';

export interface PatchTarget {
  readonly kind: GroupVersionKind;
  readonly schema: KindSchema;
  readonly fieldValidation: FieldValidation;
  readonly warn: (text: string) => void;
}

/** Reads the body of a patch. Throws BadRequest. */
export function parsePatch(kind: PatchKind, bytes: Uint8Array): Parsed {
  try {
    return parseJson(bytes, { largeIntegers: 'note' });
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    throw badRequest(kind === 'strategic' ? error.message : `error decoding patch: ${error.message}`);
  }
}

/** The object that the patch makes of `current`; its defaults are not filled in. Throws StatusError. */
export function patchObject(
  kind: PatchKind,
  patch: Parsed,
  current: KubeObject,
  target: PatchTarget,
): KubeObject {
  const patched = apply(kind, patch.value, current as unknown as JsonValue, target.schema);
  const isCustom = target.schema.kind === 'dynamic';
  function refusal(text: string): StatusError {
    const shown = kind === 'strategic' ? goText(patch.value) : shownText(patched, isCustom);
    const { field, reason, message } = invalidValue('patch', shown, text);
    return new StatusError('Invalid', ` "" is invalid: ${field}: ${message}`, {
      details: { causes: [{ reason, message, field }] },
    });
  }
  if (isCustom) refuseOtherCustomType(patched, target, refusal);
  else if (kind !== 'strategic') refuseOtherKind(patched, target, refusal);
  try {
    const wording = kind === 'strategic' ? 'conversion' : 'json';
    const { object, unknown } = decode(target.schema, isJsonObject(patched) ? patched : {}, wording);
    checkStrict(faultsOf(kind, patch, unknown), target, refusal);
    const typed = { ...object, apiVersion: apiVersionText(target.kind), kind: target.kind.kind };
    return withSentReset(typed, patched);
  } catch (error) {
    if (error instanceof DecodeError) throw refusal(error.message);
    throw error;
  }
}

function faultsOf(kind: PatchKind, patch: Parsed, unknown: readonly string[]): readonly string[] {
  if (kind !== 'json') {
    const inResult = unknown.map((path) => `unknown field ${JSON.stringify(path)}`);
    if (kind === 'strategic') inResult.sort();
    return [...strictFaults(patch, []), ...inResult];
  }
  const inPatch = unknownInJsonPatch(patch.value);
  const faults = [...strictFaults(patch, inPatch).map((fault) => `json patch ${fault}`)];
  return [...faults, ...unknown.map((path) => `unknown field ${JSON.stringify(path)}`)];
}

function apply(kind: PatchKind, patch: JsonValue, current: JsonValue, schema: KindSchema): JsonValue {
  try {
    if (kind === 'json') return applyJsonPatch(current, patch);
    if (kind === 'merge') return applyMergePatch(current, patch);
    invariant(schema.kind === 'object', 'strategic patches are of kinds with a Go type', {});
    return applyStrategicPatch(current, patch, schema);
  } catch (error) {
    if (error instanceof PatchError) throw statusOf(error);
    throw error;
  }
}

function statusOf(error: PatchError): StatusError {
  const message = error.code === 413 ? `Request entity too large: ${error.message}` : error.message;
  return new StatusError(error.reason, message, {
    code: error.code,
    cause: error,
    ...(error.code === 422 ? { details: {} } : {}),
  });
}

function refuseOtherCustomType(
  patched: JsonValue,
  { kind: wanted }: PatchTarget,
  refusal: (text: string) => StatusError,
): void {
  if (!isJsonObject(patched)) return;
  const { apiVersion, kind } = patched;
  const object = patched as KubeObject;
  if (typeof kind !== 'string' || kind === '') {
    throw refusal(`Object 'Kind' is missing in '${shownText(patched, true)}'`);
  }
  refuseOtherCustomKind(kind, object, wanted);
  const version = apiVersionText(wanted);
  if (apiVersion === version) return;
  throw invalid({ ...wanted, plural: '' }, object.metadata?.name ?? '', [
    invalidValue('apiVersion', apiVersion ?? '', `must be ${version}`),
  ]);
}

function refuseOtherKind(
  patched: JsonValue,
  { kind: wanted }: PatchTarget,
  refusal: (text: string) => StatusError,
): void {
  const { apiVersion, kind } = isJsonObject(patched) ? patched : {};
  const [first = '', second] = typeof apiVersion === 'string' ? apiVersion.split('/') : [];
  const gvk = {
    group: second === undefined ? (first === '' ? wanted.group : '') : first,
    version: second ?? (first === '' ? wanted.version : first),
    kind: typeof kind === 'string' && kind !== '' ? kind : wanted.kind,
  };
  const why = otherKindProblem(gvk, wanted);
  if (why !== undefined) throw refusal(why);
}

/** The patched document as Kubernetes shows it: members by name; of custom objects, which have no struct, within too. */
function shownText(patched: JsonValue, isDeep: boolean): string {
  return JSON.stringify(isDeep ? sortedWithin(patched) : sorted(patched));
}

function sorted(value: JsonValue): JsonValue {
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function sortedWithin(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return (value as JsonArray).map(sortedWithin);
  if (!isJsonObject(value)) return value;
  const entries = Object.entries(sorted(value) as JsonObject);
  return Object.fromEntries(
    entries.map(([key, each]) => [key, each === undefined ? each : sortedWithin(each)]),
  );
}
