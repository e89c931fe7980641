import { createHash } from 'node:crypto';
import type { ResourceOperations } from '../machinery/operation.ts';
import type { ServedResource, Spec } from './spec.ts';

/** The text of operations.ts: verbs, subresources and names of every served resource, in the order of discovery. */
export function operationsText(spec: Spec): string {
  return [
    '// Made by `npm run generate` from openapi/spec/resources.json.',
    "import type { ResourceOperations } from '../machinery/operation.ts';",
    '',
    '/** Everything served, in the order of discovery: the versions of a group stand together, the preferred one first. */',
    `export const operations: readonly ResourceOperations[] = ${JSON.stringify(operationsOf(spec), undefined, 1)};`,
    '',
  ].join('\n');
}

export function operationsOf(spec: Spec): readonly ResourceOperations[] {
  return spec.resources.map((resource) => ({
    group: resource.group,
    version: resource.version,
    kind: resource.kind,
    plural: resource.plural,
    singular: resource.singular,
    namespaced: resource.namespaced,
    verbs: resource.verbs,
    shortNames: resource.shortNames,
    categories: resource.categories,
    storageVersionHash: storageVersionHash(resource),
    deleteAnswersObject: resource.deleteAnswersObject,
    subresources: resource.subresources.map(({ name, verbs, group, version, kind }) => ({
      name,
      verbs,
      responseKind: { group, version, kind },
    })),
    definition: spec.definitions.get(`${resource.file}.${resource.kind}`)?.fullName ?? '',
  }));
}

/** As kube-apiserver: the first eight bytes of the SHA-256 of what is stored, in base64. */
function storageVersionHash({ group, version, kind, verbs }: ServedResource): string {
  if (!verbs.includes('update')) return '';
  const storedAs = `${group}/${version}/${kind}`;
  return createHash('sha256').update(storedAs).digest().subarray(0, 8).toString('base64');
}
