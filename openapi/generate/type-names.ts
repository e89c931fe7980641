import type { Definition, Spec } from './spec.ts';

/**
 * TypeScript names: the bare name, and where several definitions share one, only the core's (then apimachinery's, then the one
 * that is a kind of its own) keeps it; the others get their group in front, and their version too when a newer one has the bare name.
 */
export function typeNames(spec: Spec): ReadonlyMap<string, string> {
  const sharing = new Map<string, Definition[]>();
  for (const definition of spec.definitions.values()) {
    const same = sharing.get(definition.name) ?? [];
    same.push(definition);
    sharing.set(definition.name, same);
  }
  const names = new Map<string, string>();
  for (const [name, same] of sharing) {
    const owner = ownerOf(same);
    for (const definition of same) {
      const bare = definition === owner;
      names.set(`${definition.file}.${name}`, bare ? name : prefixed(definition, same));
    }
  }
  return names;
}

function ownerOf(same: readonly Definition[]): Definition | undefined {
  if (same.length === 1) return same[0];
  for (const file of ['core.v1', 'meta.v1']) {
    const found = same.find((each) => each.file === file);
    if (found !== undefined) return found;
  }
  const groups = new Set(same.map(groupOf));
  if (groups.size === 1) return same.at(-1); // Files come sorted, so the last has the highest version.
  const kinds = same.filter((each) => each.fields.has('apiVersion') && each.fields.has('metadata'));
  return kinds.length === 1 ? kinds[0] : undefined;
}

function prefixed(definition: Definition, same: readonly Definition[]): string {
  const group = groupOf(definition);
  const newer = same.filter((each) => groupOf(each) === group).at(-1);
  const version = newer === definition ? '' : capitalized(definition.file.split('.')[1] ?? '');
  return `${capitalized(group)}${version}${definition.name}`;
}

function groupOf(definition: Definition): string {
  return definition.file.split('.')[0] ?? '';
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
