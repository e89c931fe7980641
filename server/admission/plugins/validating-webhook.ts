import { internalError } from '../../../openapi/machinery/status.ts';
import type { Lookup } from '../lookup.ts';
import type { AdmissionPlugin } from '../plugin.ts';
import { askHook, type Question } from '../webhooks/ask.ts';
import type { WebhookCaller } from '../webhooks/caller.ts';
import type { ObjectForms } from '../webhooks/forms.ts';
import { hooksOf } from '../webhooks/hooks.ts';
import { isExempt, matchHook } from '../webhooks/match.ts';
import { CallError } from '../webhooks/review.ts';

export interface WebhookDependencies {
  readonly lookup: Lookup;
  readonly webhooks: WebhookCaller;
  readonly forms: ObjectForms;
}

/** Asks all webhooks that want to know of the request at once; the first refusal counts. */
export function validatingWebhook({ lookup, webhooks, forms }: WebhookDependencies): AdmissionPlugin {
  return {
    name: 'ValidatingAdmissionWebhook',
    operations: ['CREATE', 'UPDATE', 'DELETE', 'CONNECT'],
    async validate(request) {
      if (isExempt(request)) return;
      const questions: Question[] = [];
      for (const { webhook } of await hooksOf(lookup, 'validating')) {
        const resource = await matchHook(lookup, forms, webhook, request);
        if (resource !== undefined) questions.push({ webhook, kind: 'validating', resource, request });
      }
      await Promise.all(questions.map((question) => ask(webhooks, forms, question)));
    },
  };
}

async function ask(webhooks: WebhookCaller, forms: ObjectForms, question: Question): Promise<void> {
  const { name, failurePolicy } = question.webhook;
  try {
    await askHook(webhooks, forms, question);
  } catch (error) {
    if (!(error instanceof CallError)) throw error;
    if (failurePolicy === 'Ignore') return;
    throw internalError(`failed calling webhook ${JSON.stringify(name)}: ${error.message}`, { cause: error });
  }
}
