import { qualifiedName, type Resource } from '../../openapi/machinery/resource.ts';
import { claimEvaluator } from './claims.ts';
import { deviceClaimEvaluator } from './device-claims.ts';
import { objectCount, type Evaluator } from './evaluator.ts';
import { podEvaluator } from './pods.ts';
import { serviceEvaluator } from './services.ts';

const special: Readonly<Record<string, Evaluator>> = {
  pods: podEvaluator,
  services: serviceEvaluator,
  persistentvolumeclaims: claimEvaluator,
  'resourceclaims.resource.k8s.io': deviceClaimEvaluator,
};
const counted = new Map<string, Evaluator>();

/** How objects of a namespaced resource count; undefined for events, which never do. */
export function evaluatorOf(resource: Resource): Evaluator | undefined {
  const name = qualifiedName(resource);
  if (name === 'events' || name === 'events.events.k8s.io') return undefined;
  if (Object.hasOwn(special, name)) return special[name];
  let evaluator = counted.get(name);
  if (evaluator === undefined) counted.set(name, (evaluator = objectCount(resource)));
  return evaluator;
}
