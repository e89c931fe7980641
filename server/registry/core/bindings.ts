import { bindings } from '../../../openapi/generated/resources.ts';
import type { Binding } from '../../../openapi/generated/types.ts';
import type { Strategy } from '../strategy.ts';
import { bindPod } from './pod-binding.ts';

/** The old place to POST a binding, before pods had a subresource for it. The same comes of it. */
export const bindingStrategy: Strategy<Binding> = {
  resource: bindings,
  virtual: {
    create: (binding, context) =>
      bindPod({
        key: { namespace: context.namespace, name: binding.metadata?.name ?? '' },
        body: binding,
        context,
        admit: () => Promise.resolve(),
      }) as Promise<Binding>,
  },
};
