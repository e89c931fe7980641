import { qualifiedName, type Resource } from '../../../openapi/machinery/resource.ts';

/** Only created, or computed: nothing of these is stored. */
const notStored = new Set([
  'bindings',
  'componentstatuses',
  'selfsubjectreviews.authentication.k8s.io',
  'tokenreviews.authentication.k8s.io',
  'localsubjectaccessreviews.authorization.k8s.io',
  'selfsubjectaccessreviews.authorization.k8s.io',
  'selfsubjectrulesreviews.authorization.k8s.io',
  'subjectaccessreviews.authorization.k8s.io',
]);
/** The same objects as core Events. */
const twins = new Set(['events.events.k8s.io']);

/** One resource for each kind of stored object: what can be listed and watched, in one version. */
export function storedResources(all: readonly Resource[]): readonly Resource[] {
  const seen = new Set<string>();
  return all.filter((resource) => {
    const name = qualifiedName(resource);
    if (seen.has(name) || notStored.has(name) || twins.has(name)) return false;
    seen.add(name);
    return true;
  });
}
