import { invariant } from '../machinery/invariant.ts';
import type { ServedResource, Spec } from './spec.ts';

/** The text of resources.ts: a typed constant a resource, and all of them in the order of discovery. */
export function resourcesText(spec: Spec, names: ReadonlyMap<string, string>): string {
  const typed = spec.resources.map((resource) => {
    const type = names.get(`${resource.file}.${resource.kind}`);
    invariant(type !== undefined, 'every resource has a definition', {
      kind: resource.kind,
      file: resource.file,
    });
    return { resource, type, constant: constantName(resource, type) };
  });
  const imports = [...new Set(typed.map(({ type }) => type))].sort();
  return [
    '// Made by `npm run generate` from openapi/spec/resources.json.',
    "import type { Resource } from '../machinery/resource.ts';",
    `import type {\n${imports.map((name) => `  ${name},\n`).join('')}} from './types.ts';`,
    '',
    ...typed.map(({ resource, type, constant }) => constantText(resource, type, constant)),
    '/** Everything served, in the order of discovery. */',
    `export const allResources: readonly Resource[] = [\n${typed.map(({ constant }) => `  ${constant},\n`).join('')}];`,
    '',
  ].join('\n');
}

function constantText(resource: ServedResource, type: string, constant: string): string {
  const { group, version, kind, plural, namespaced } = resource;
  return [
    `export const ${constant}: Resource<${type}> = {`,
    `  group: '${group}',`,
    `  version: '${version}',`,
    `  kind: '${kind}',`,
    `  plural: '${plural}',`,
    `  namespaced: ${String(namespaced)},`,
    '};',
    '',
  ].join('\n');
}

/** The type's name in the plural, as code writes it: networkPolicies for NetworkPolicy, endpointSlices, apiServices. */
function constantName(resource: ServedResource, type: string): string {
  const ending = resource.plural.slice(commonPrefix(resource.plural, resource.kind.toLowerCase()));
  const stem = type.slice(0, type.length - (resource.kind.length - (resource.plural.length - ending.length)));
  return lowerCamel(stem + ending);
}

function commonPrefix(a: string, b: string): number {
  let length = 0;
  while (length < a.length && length < b.length && a[length] === b[length]) length++;
  return length;
}

/** CSIDriver… becomes csiDriver…, Pod… becomes pod…. */
function lowerCamel(name: string): string {
  const capitals = /^[A-Z]+(?=[A-Z][a-z])/.exec(name)?.[0] ?? /^[A-Z]+/.exec(name)?.[0] ?? '';
  return capitals.toLowerCase() + name.slice(capitals.length);
}
