import type { KubeObject } from '../../../openapi/machinery/object.ts';
import type { Parsed } from '../../../openapi/machinery/parse.ts';
import { StatusError } from '../../../openapi/machinery/status.ts';
import { objectHooks, updateObject, type UpdateHooks } from '../../registry/generic/update.ts';
import { complete } from '../codec/complete.ts';
import { negotiateOutput, type OutputType } from '../codec/negotiate.ts';
import { parseWriteOptions, type WriteOptions } from '../codec/write-options.ts';
import { headerText, type Answer } from '../exchange.ts';
import { objectAnswer } from './answer.ts';
import { handleApply, isApply } from './apply.ts';
import { pathRequest, type Call } from './context.ts';
import { parsePatch, patchObject, type PatchKind } from './patch-body.ts';
import { checkName } from './update.ts';

const kinds: Readonly<Record<string, PatchKind>> = {
  'application/json-patch+json': 'json',
  'application/merge-patch+json': 'merge',
  'application/strategic-merge-patch+json': 'strategic',
};

export interface PatchCall {
  readonly kind: PatchKind;
  readonly patch: Parsed;
  readonly options: WriteOptions;
  readonly output: OutputType;
}

/** What every PATCH begins with. Throws StatusError. */
export async function beginPatch(call: Call): Promise<PatchCall> {
  const { exchange, info } = call;
  const type = (headerText(exchange, 'content-type').split(';')[0] ?? '').trim();
  const kind = kinds[type];
  if (call.registered.custom !== undefined && (kind === undefined || kind === 'strategic')) {
    throw unknownCustomFormat();
  }
  if (kind === undefined) {
    throw new StatusError('UnsupportedMediaType', '415: Unsupported Media Type', { details: {} });
  }
  const output = negotiateOutput(exchange, { tables: true, streams: false });
  const bytes = await exchange.readBody();
  const options = parseWriteOptions('PatchOptions', info.query);
  return { kind, patch: parsePatch(kind, bytes), options, output };
}

/** Strategic patches need a Go type behind the kind. */
function unknownCustomFormat(): StatusError {
  return new StatusError(
    'UnsupportedMediaType',
    'the body of the request was in an unknown format - accepted media types include: ' +
      'application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml',
  );
}

/** PATCH of an object, or of a part of it whose `hooks` are given. */
export async function handlePatch(call: Call, hooks?: UpdateHooks): Promise<Answer> {
  if (isApply(call)) return await handleApply(call, hooks);
  const { kind, patch, options, output } = await beginPatch(call);
  const { registered, warnings, environment, info } = call;
  const request = pathRequest(call, options.dryRun);
  const target = {
    kind: registered.resource,
    schema: registered.schema,
    fieldValidation: options.fieldValidation,
    warn: (text: string) => {
      warnings.add(text);
    },
  };
  const { answer } = await updateObject(environment, request, {
    next(current): KubeObject {
      const patched = patchObject(kind, patch, current, target);
      checkName(patched, info.name, request.namespace);
      return complete(registered, patched);
    },
    hooks: hooks ?? objectHooks(request),
    isPatch: true,
  });
  return objectAnswer(call, output, 200, answer);
}
