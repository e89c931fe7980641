import type { KubeObject } from '../../../openapi/machinery/object.ts';
import { badRequest } from '../../../openapi/machinery/status.ts';
import { objectHooks, updateObject, type UpdateHooks } from '../../registry/generic/update.ts';
import { decodeBody } from '../codec/body.ts';
import { complete } from '../codec/complete.ts';
import { negotiateInput, negotiateOutput } from '../codec/negotiate.ts';
import { parseWriteOptions } from '../codec/write-options.ts';
import type { Answer } from '../exchange.ts';
import { authorizeVerb } from '../filters/authorize.ts';
import { objectAnswer } from './answer.ts';
import { pathRequest, type Call } from './context.ts';

/** PUT of an object, or of a part of it whose `hooks` are given. */
export async function handleUpdate(call: Call, hooks?: UpdateHooks): Promise<Answer> {
  const { exchange, registered, warnings, environment, info, user } = call;
  const output = negotiateOutput(exchange, { tables: true, streams: false });
  const bytes = await exchange.readBody();
  const options = parseWriteOptions('UpdateOptions', info.query);
  const codec = negotiateInput(exchange);
  const decoded = decodeBody(codec, bytes, {
    kind: registered.resource,
    schema: registered.schema,
    fieldValidation: options.fieldValidation,
    warn: (text) => {
      warnings.add(text);
    },
  });
  const object = complete(registered, decoded);
  const request = pathRequest(call, options.dryRun);
  checkName(object, info.name, request.namespace);
  const { answer, created } = await updateObject(environment, request, {
    next: () => object,
    uid: object.metadata?.uid,
    hooks: hooks ?? objectHooks(request),
    ...(hooks !== undefined
      ? {}
      : {
          creates: {
            make: () => object,
            authorize() {
              authorizeVerb(environment.authorizer, user, info, 'create');
            },
          },
        }),
  });
  return objectAnswer(call, output, created ? 201 : 200, answer);
}

/** The body must be of the object that the path names. */
export function checkName(object: KubeObject, name: string, namespace: string): void {
  const { name: found = '' } = object.metadata ?? {};
  if (found === '') {
    throw badRequest(
      `the name of the object (${name} based on URL) was undeterminable: name must be provided`,
    );
  }
  if (found !== name) {
    throw badRequest(`the name of the object (${found}) does not match the name on the URL (${name})`);
  }
  if (namespace !== '') refuseOtherNamespace(object, namespace);
}

/** The namespace of a body is that of the path, or left out. */
export function refuseOtherNamespace({ metadata }: KubeObject, namespace: string): void {
  const sent = metadata?.namespace ?? '';
  if (sent === '' || sent === namespace) return;
  throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
}
