import type {
  CustomResourceDefinition,
  CustomResourceDefinitionNames,
} from '../../../openapi/generated/types.ts';
import { sameJson } from '../generic/same.ts';
import { conditionOf, isTrue, withCondition, type Finding } from './conditions.ts';

type Names = CustomResourceDefinitionNames;

interface Taken {
  /** Plurals, singulars and short names. */
  readonly resources: ReadonlySet<string>;
  /** Kinds, of objects and of lists. */
  readonly kinds: ReadonlySet<string>;
}

const noNames: Names = { plural: '', kind: '' };

/**
 * The definition with the names that it may have, given what `others` have been given before, and with the conditions that say so.
 * The same definition when its status says all that already.
 */
export function withAcceptedNames(
  definition: CustomResourceDefinition,
  others: Iterable<CustomResourceDefinition>,
  now: number,
): CustomResourceDefinition {
  const wanted = definition.spec.names;
  const accepted = definition.status?.acceptedNames ?? noNames;
  if (sameJson(wanted, accepted) && isTrue(definition, 'Established')) return definition;
  const { names, conflict } = negotiate(wanted, accepted, takenNames(definition, others));
  const named = { ...definition, status: { ...definition.status, acceptedNames: names } };
  const findings = findingsOf(definition, conflict);
  const result = findings.reduce<CustomResourceDefinition>(
    (each, finding) => withCondition(each, finding, now),
    named,
  );
  return sameJson(result, definition) ? definition : result;
}

function takenNames(definition: CustomResourceDefinition, others: Iterable<CustomResourceDefinition>): Taken {
  const resources = new Set<string>();
  const kinds = new Set<string>();
  for (const other of others) {
    if (other.spec.group !== definition.spec.group) continue;
    if (other.metadata?.name === definition.metadata?.name) continue;
    const {
      plural,
      singular = '',
      shortNames = [],
      kind,
      listKind = '',
    } = other.status?.acceptedNames ?? noNames;
    for (const name of [plural, singular, ...shortNames]) resources.add(name);
    for (const name of [kind, listKind]) kinds.add(name);
  }
  return { resources, kinds };
}

/** Each name by itself: what is free is given, what another has is not. The last conflict is the one that is told. */
function negotiate(
  wanted: Names,
  accepted: Names,
  taken: Taken,
): { readonly names: Names; readonly conflict: Finding | undefined } {
  let conflict: Finding | undefined;
  function isFree(
    reason: string,
    names: readonly string[],
    old: readonly string[],
    among: ReadonlySet<string>,
  ): boolean {
    const lost = names.filter((name) => !old.includes(name) && among.has(name));
    if (lost.length === 0) return true;
    const texts = lost.map((name) => `${JSON.stringify(name)} is already in use`);
    const message = texts.length === 1 ? (texts[0] ?? '') : `[${texts.join(', ')}]`;
    conflict = { type: 'NamesAccepted', status: 'False', reason, message };
    return false;
  }
  const { resources, kinds } = taken;
  const plural = isFree('PluralConflict', [wanted.plural], [accepted.plural], resources);
  const singular = isFree('SingularConflict', [wanted.singular ?? ''], [accepted.singular ?? ''], resources);
  const short = isFree('ShortNamesConflict', wanted.shortNames ?? [], accepted.shortNames ?? [], resources);
  const kind = isFree('KindConflict', [wanted.kind], [accepted.kind], kinds);
  const listKind = isFree('ListKindConflict', [wanted.listKind ?? ''], [accepted.listKind ?? ''], kinds);
  const { shortNames } = short ? wanted : accepted;
  const singularName = (singular ? wanted : accepted).singular;
  const listKindName = (listKind ? wanted : accepted).listKind;
  const names: Names = {
    plural: (plural ? wanted : accepted).plural,
    ...(singularName === undefined ? {} : { singular: singularName }),
    ...(shortNames === undefined ? {} : { shortNames }),
    kind: (kind ? wanted : accepted).kind,
    ...(listKindName === undefined ? {} : { listKind: listKindName }),
    ...(wanted.categories === undefined ? {} : { categories: wanted.categories }),
  };
  return { names, conflict };
}

/** A definition that was served once stays so, whatever names it wants later. */
function findingsOf(definition: CustomResourceDefinition, conflict: Finding | undefined): readonly Finding[] {
  const accepted: Finding = {
    type: 'NamesAccepted',
    status: 'True',
    reason: 'NoConflicts',
    message: 'no conflicts found',
  };
  if (isTrue(definition, 'Established')) return [conflict ?? accepted];
  if (conflict === undefined) {
    const message = 'the initial names have been accepted';
    const established = { type: 'Established', status: 'True', reason: 'InitialNamesAccepted', message };
    return [accepted, established];
  }
  const known = conditionOf(definition, 'Established');
  const refused = {
    type: 'Established',
    status: 'False',
    reason: 'NotAccepted',
    message: 'not all names are accepted',
  };
  return known === undefined ? [conflict, refused] : [conflict];
}
