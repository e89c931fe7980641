import type { KubeObject } from '../../openapi/machinery/object.ts';
import type { AdmissionPlugin, AdmissionRequest } from './plugin.ts';
import { Reinvocation } from './reinvocation.ts';

/**
 * Lets every plugin that handles the operation change the object, in order; once more when a webhook asks for it. Rejects as soon as
 * one refuses.
 */
export async function mutate(
  plugins: readonly AdmissionPlugin[],
  request: AdmissionRequest,
): Promise<KubeObject | undefined> {
  const reinvocation = new Reinvocation();
  const object = await mutateOnce(plugins, { ...request, reinvocation });
  return reinvocation.begin() ? await mutateOnce(plugins, { ...request, reinvocation, object }) : object;
}

async function mutateOnce(
  plugins: readonly AdmissionPlugin[],
  request: AdmissionRequest,
): Promise<KubeObject | undefined> {
  let current = request;
  for (const plugin of plugins) {
    if (plugin.mutate === undefined || !plugin.operations.includes(request.operation)) continue;
    const object = await plugin.mutate(current);
    if (object !== current.object) current = { ...current, object };
  }
  return current.object;
}

/** Asks every plugin that handles the operation, in order. Rejects as soon as one refuses. */
export async function validate(
  plugins: readonly AdmissionPlugin[],
  request: AdmissionRequest,
): Promise<void> {
  for (const plugin of plugins) {
    if (plugin.validate === undefined || !plugin.operations.includes(request.operation)) continue;
    await plugin.validate(request);
  }
}
