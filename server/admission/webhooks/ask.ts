import { randomUUID } from 'node:crypto';
import type { MutatingWebhook } from '../../../openapi/generated/types.ts';
import type { Resource } from '../../../openapi/machinery/resource.ts';
import { badRequest } from '../../../openapi/machinery/status.ts';
import type { AdmissionRequest } from '../plugin.ts';
import type { WebhookCaller } from './caller.ts';
import type { ObjectForms } from './forms.ts';
import type { HookKind } from './hooks.ts';
import { CallError, readAnswer, refusalOf, reviewOf, type Verdict } from './review.ts';

const timeoutSecondsDefault = 10;
/** Of AdmissionReview. */
const versions = ['v1', 'v1beta1'];

export interface Question {
  readonly webhook: MutatingWebhook;
  readonly kind: HookKind;
  /** The form that the webhook wants. */
  readonly resource: Resource;
  readonly request: AdmissionRequest;
}

/** Asks one webhook. Throws its refusal as a StatusError, and CallError when it could not be asked. */
export async function askHook(
  caller: WebhookCaller,
  forms: ObjectForms,
  question: Question,
): Promise<Verdict> {
  const { webhook, kind, request } = question;
  if (request.dryRun && !['None', 'NoneOnDryRun'].includes(webhook.sideEffects))
    throw badRequest(`admission webhook ${JSON.stringify(webhook.name)} does not support dry run`);
  const version = webhook.admissionReviewVersions.find((each) => versions.includes(each));
  if (version === undefined)
    throw new CallError(
      'could not create admission objects: webhook does not accept known AdmissionReview versions (v1, v1beta1)',
    );
  const uid = randomUUID();
  const review = reviewOf(request, shownTo(forms, question), uid, version);
  const { clientConfig, timeoutSeconds = timeoutSecondsDefault } = webhook;
  const verdict = readAnswer(await caller.call(clientConfig, review, timeoutSeconds), { uid, version }, kind);
  for (const text of verdict.warnings) request.warn(text);
  if (!verdict.allowed) throw refusalOf(webhook.name, verdict);
  return verdict;
}

/** Objects of the resource itself are converted; those of subresources are of another kind. */
function shownTo(forms: ObjectForms, { resource, request }: Question): Parameters<typeof reviewOf>[1] {
  const { object, oldObject } = request;
  if (resource === request.resource) return { resource, object, oldObject };
  const convert = (each: typeof object): typeof object =>
    each?.kind === request.resource.kind ? forms.convert(each, request.resource, resource) : each;
  return { resource, object: convert(object), oldObject: convert(oldObject) };
}
