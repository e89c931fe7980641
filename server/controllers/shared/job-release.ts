import { keyOfObject } from '../../../openapi/client/object-cache.ts';
import { pods } from '../../../openapi/generated/resources.ts';
import type { Pod } from '../../../openapi/generated/types.ts';
import { isConflict, isNotFound } from '../../../openapi/machinery/status.ts';
import type { ControllerContext } from '../controller.ts';
import { isTracked, trackingFinalizer } from './job-state.ts';

const attemptsMax = 4;

/** Takes the Job's finalizer off a pod: nobody waits for it any more. A pod that changed meanwhile, say by our deletion, is read anew. */
export async function release(known: Pod, { client }: Pick<ControllerContext, 'client'>): Promise<void> {
  const key = keyOfObject(known);
  try {
    let pod = known;
    for (let attempt = 1; !(await tryRelease(pod, client, attempt < attemptsMax)); attempt++) {
      pod = await client.get(pods, key);
      if (pod.metadata?.uid !== known.metadata?.uid) return;
    }
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

/** False when the pod is not as we know it; with `mayChange` false that is an error. */
async function tryRelease(
  pod: Pod,
  client: ControllerContext['client'],
  mayChange: boolean,
): Promise<boolean> {
  if (!isTracked(pod)) return true;
  const { uid = '', resourceVersion = '', finalizers = [] } = pod.metadata ?? {};
  const left = finalizers.filter((each) => each !== trackingFinalizer);
  const metadata = { uid, resourceVersion, finalizers: left.length === 0 ? null : left };
  try {
    await client.patch(pods, keyOfObject(pod), { metadata }, { type: 'merge' });
    return true;
  } catch (error) {
    if (mayChange && isConflict(error)) return false;
    throw error;
  }
}
