import {
  mutatingWebhookConfigurations,
  validatingWebhookConfigurations,
} from '../../../openapi/generated/resources.ts';
import type { MutatingWebhook } from '../../../openapi/generated/types.ts';
import type { Lookup } from '../lookup.ts';

/** One webhook; a validating one has no reinvocationPolicy. */
export interface Hook {
  /** Tells it from all others. */
  readonly id: string;
  readonly webhook: MutatingWebhook;
}

export type HookKind = 'mutating' | 'validating';

/** All webhooks in the order that they are called: by the names of configurations, then as listed. */
export async function hooksOf(lookup: Lookup, kind: HookKind): Promise<readonly Hook[]> {
  const configurations =
    kind === 'mutating'
      ? await lookup.list(mutatingWebhookConfigurations)
      : await lookup.list(validatingWebhookConfigurations);
  return configurations.flatMap(({ metadata, webhooks = [] }) =>
    webhooks.map((webhook, i) => ({ id: `${metadata?.name ?? ''}/${webhook.name}/${i}`, webhook })),
  );
}
