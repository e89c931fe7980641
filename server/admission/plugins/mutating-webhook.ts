import { isDeepStrictEqual } from 'node:util';
import type { JsonObject, JsonValue } from '../../../openapi/machinery/json.ts';
import type { KubeObject } from '../../../openapi/machinery/object.ts';
import { applyJsonPatch } from '../../../openapi/machinery/patch/json-patch.ts';
import { PatchError } from '../../../openapi/machinery/patch/patch-error.ts';
import { internalError } from '../../../openapi/machinery/status.ts';
import type { Lookup } from '../lookup.ts';
import type { AdmissionPlugin } from '../plugin.ts';
import { Reinvocation } from '../reinvocation.ts';
import { askHook, type Question } from '../webhooks/ask.ts';
import type { WebhookCaller } from '../webhooks/caller.ts';
import type { ObjectForms } from '../webhooks/forms.ts';
import { hooksOf } from '../webhooks/hooks.ts';
import { isExempt, matchHook } from '../webhooks/match.ts';
import { CallError } from '../webhooks/review.ts';

export interface MutatingWebhookDependencies {
  readonly lookup: Lookup;
  readonly webhooks: WebhookCaller;
  readonly forms: ObjectForms;
}

/** Lets webhooks change the object, one after the other: each sees what those before it made. */
export function mutatingWebhook(given: MutatingWebhookDependencies): AdmissionPlugin {
  const { lookup, forms } = given;
  return {
    name: 'MutatingAdmissionWebhook',
    operations: ['CREATE', 'UPDATE', 'DELETE', 'CONNECT'],
    async mutate(request) {
      if (isExempt(request)) return request.object;
      const hooks = await hooksOf(lookup, 'mutating');
      if (hooks.length === 0) return request.object;
      const { reinvocation = new Reinvocation() } = request;
      reinvocation.compare(request.object);
      let current = request;
      for (const { id, webhook } of hooks) {
        const resource = await matchHook(lookup, forms, webhook, current);
        if (resource === undefined || !reinvocation.mayCall(id)) continue;
        const object = await changedBy(given, { webhook, kind: 'mutating', resource, request: current });
        reinvocation.called(id, {
          changed: object !== current.object,
          wishesAgain: webhook.reinvocationPolicy === 'IfNeeded',
        });
        current = { ...current, object };
      }
      reinvocation.end(current.object);
      return current.object;
    },
  };
}

/** The object as the webhook leaves it: the same one when it changes nothing. */
async function changedBy(
  { webhooks, forms }: MutatingWebhookDependencies,
  question: Question,
): Promise<KubeObject | undefined> {
  const { webhook, request } = question;
  try {
    const { patch, patchType } = await askHook(webhooks, forms, question);
    if (patch === '') return request.object;
    const operations = readPatch(patch);
    if (operations.length === 0) return request.object;
    if (request.object === undefined) {
      const why = 'attempted to modify the object, which is not supported for this operation';
      throw internalError(`admission webhook ${JSON.stringify(webhook.name)} ${why}`);
    }
    if (patchType !== 'JSONPatch') throw new CallError(`unsupported patch type ${JSON.stringify(patchType)}`);
    const object = patched(forms, question, request.object, operations);
    return isDeepStrictEqual(object, request.object) ? request.object : object;
  } catch (error) {
    if (!(error instanceof CallError)) throw error;
    if (webhook.failurePolicy === 'Ignore') return request.object;
    const name = JSON.stringify(webhook.name);
    throw internalError(`failed calling webhook ${name}: ${error.message}`, { cause: error });
  }
}

function readPatch(base64: string): readonly JsonValue[] {
  const bad = /[^A-Za-z0-9+/=]/.exec(base64);
  if (bad !== null) throw internalError(`illegal base64 data at input byte ${bad.index}`);
  const text = Buffer.from(base64, 'base64').toString('utf8');
  try {
    const parsed = JSON.parse(text) as JsonValue;
    if (Array.isArray(parsed)) return parsed as readonly JsonValue[];
  } catch (error) {
    throw new CallError(`received undecodable patch in webhook response: ${jsonFault(text, error)}`);
  }
  throw new CallError('received undecodable patch in webhook response: it is no list of operations');
}

/** Text that ends too early, or goes on wrongly. */
function jsonFault(text: string, error: unknown): string {
  const position = Number(/position (\d+)/.exec(String(error))?.[1] ?? text.length);
  const character = text.slice(position).trimStart()[0];
  return character === undefined
    ? 'unexpected end of JSON input'
    : `invalid character '${character}' looking for beginning of value`;
}

/** Applied to the form that the webhook saw, and read back into the request's own. */
function patched(
  forms: ObjectForms,
  { resource, request }: Question,
  object: KubeObject,
  operations: readonly JsonValue[],
): KubeObject {
  const isConverted = resource !== request.resource && object.kind === request.resource.kind;
  const seen = isConverted ? forms.convert(object, request.resource, resource) : object;
  try {
    const result = applyJsonPatch(seen as unknown as JsonObject, [...operations]) as JsonObject;
    const read = forms.read(resource, result);
    return isConverted ? forms.convert(read, resource, request.resource) : read;
  } catch (error) {
    const cause = error instanceof PatchError && error.cause instanceof Error ? error.cause : error;
    throw internalError(cause instanceof Error ? cause.message : String(cause), { cause: error });
  }
}
