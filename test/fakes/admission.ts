import { pods } from '../../openapi/generated/resources.ts';
import type { Pod } from '../../openapi/generated/types.ts';
import type { Clock } from '../../openapi/machinery/clock.ts';
import type { KubeObject } from '../../openapi/machinery/object.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../../server/admission/plugin.ts';

/** A pod to be made in namespace `a`. */
export const plainPod: Pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p', namespace: 'a' },
  spec: { containers: [{ name: 'c' }] },
};

/** The creation of `plainPod`, or what a test makes of it. */
export function admissionRequest(given: Partial<AdmissionRequest> = {}): AdmissionRequest {
  return {
    operation: 'CREATE',
    resource: pods,
    subresource: '',
    namespace: 'a',
    name: 'p',
    object: plainPod,
    oldObject: undefined,
    user: { name: 'jane', groups: [] },
    dryRun: false,
    warn: () => undefined,
    ...given,
  };
}

/** Both halves of one plugin; resolves with the object that it lets through. */
export async function runPlugin(
  plugin: AdmissionPlugin,
  given: Partial<AdmissionRequest> = {},
): Promise<KubeObject | undefined> {
  const asked = admissionRequest(given);
  const handles = plugin.operations.includes(asked.operation);
  if (!handles) return asked.object;
  const object = plugin.mutate === undefined ? asked.object : await plugin.mutate(asked);
  await plugin.validate?.({ ...asked, object });
  return object;
}

/** Waits are over at once. */
export const hastyClock: Clock = {
  now: () => Date.UTC(2026, 0, 2, 3, 4, 5),
  monotonic: () => 0,
  sleep: () => Promise.resolve(),
};
