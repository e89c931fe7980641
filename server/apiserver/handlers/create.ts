import type { KubeObject } from '../../../openapi/machinery/object.ts';
import { createObject } from '../../registry/generic/create.ts';
import { refuseProblems } from '../../registry/generic/path.ts';
import { decodeBody } from '../codec/body.ts';
import { complete } from '../codec/complete.ts';
import { negotiateInput, negotiateOutput } from '../codec/negotiate.ts';
import { parseWriteOptions } from '../codec/write-options.ts';
import type { Answer } from '../exchange.ts';
import { objectAnswer, plainAnswer } from './answer.ts';
import { contextOf, pathRequest, type Call } from './context.ts';
import { refuseOtherNamespace } from './update.ts';

export async function handleCreate(call: Call): Promise<Answer> {
  const { exchange, registered, warnings, environment } = call;
  const isReview = registered.strategy.virtual !== undefined || reviewOf(call) !== undefined;
  const output = negotiateOutput(exchange, { tables: !isReview, streams: false });
  const codec = negotiateInput(exchange);
  const bytes = await exchange.readBody();
  const options = parseWriteOptions('CreateOptions', call.info.query);
  const decoded = decodeBody(codec, bytes, {
    kind: registered.resource,
    schema: registered.schema,
    fieldValidation: options.fieldValidation,
    specsRecur: registered.strategy.defaultsOfSpecOnly === true,
    warn: (text) => {
      warnings.add(text);
    },
  });
  const completed = complete(registered, decoded);
  const object = isReview && !registered.resource.namespaced ? withoutNamespace(completed) : completed;
  if (isReview) refuseOtherNamespace(object, call.info.namespace);
  if (isReview) return plainAnswer(output, 201, await answerReview(call, object, options.dryRun));
  const stored = await createObject(environment, pathRequest(call, options.dryRun), object);
  return objectAnswer(call, output, 201, stored);
}

/** What stands in no namespace forgets the one it was sent with. */
function withoutNamespace(object: KubeObject): KubeObject {
  const { namespace: _namespace, ...metadata } = object.metadata ?? {};
  return { ...object, metadata };
}

function reviewOf({ environment, registered }: Call): Call['environment']['reviews'][number] | undefined {
  return environment.reviews.find(({ resource }) => resource.plural === registered.resource.plural);
}

/** A kind that is asked, not stored. */
async function answerReview(call: Call, object: KubeObject, dryRun: boolean): Promise<KubeObject> {
  const { registered, info, user } = call;
  const review = reviewOf(call);
  if (review !== undefined) return await review.answer({ object, namespace: info.namespace, user });
  const { virtual } = registered.strategy;
  refuseProblems(registered, object, virtual?.validate?.(object) ?? []);
  const context = { ...contextOf(call, dryRun), namespace: info.namespace };
  return (await virtual?.create?.(object, context)) ?? object;
}
