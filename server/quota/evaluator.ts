import type { ScopedResourceSelectorRequirement } from '../../openapi/generated/types.ts';
import type { KubeObject } from '../../openapi/machinery/object.ts';
import { qualifiedName, type Resource } from '../../openapi/machinery/resource.ts';
import { one, type Amounts } from './amounts.ts';

/** A write, as far as a quota may care. */
export interface Write {
  readonly operation: string;
  readonly subresource: string;
  readonly object: KubeObject;
  readonly oldObject: KubeObject | undefined;
}

/** How objects of one resource count in quotas. */
export interface Evaluator {
  /** Whether the write may change what is used. */
  handles(write: Write): boolean;
  /** Whether the name, such as `requests.cpu`, counts objects of this resource. */
  counts(name: string): boolean;
  /** Whether the object is one that the scope is about. */
  matchesScope(scope: ScopedResourceSelectorRequirement, object: KubeObject): boolean;
  /** Why the object cannot be held to a quota with these names; undefined when it can. */
  constraint?(names: readonly string[], object: KubeObject): string | undefined;
  /** `now` in ms since 1970. */
  usage(object: KubeObject, now: number): Amounts;
}

/** What is counted under a name of its own besides `count/…`. */
const aliases: ReadonlySet<string> = new Set([
  'configmaps',
  'resourcequotas',
  'replicationcontrollers',
  'secrets',
]);

/** `count/deployments.apps` */
export function countName(resource: Pick<Resource, 'group' | 'plural'>): string {
  return `count/${qualifiedName(resource)}`;
}

/** For resources of which only the number counts. */
export function objectCount(resource: Resource): Evaluator {
  const name = qualifiedName(resource);
  const names = [countName(resource), ...(aliases.has(name) ? [name] : [])];
  const usage: Amounts = new Map(names.map((each) => [each, one]));
  return {
    handles: ({ operation, subresource }) => operation === 'CREATE' && subresource === '',
    counts: (each) => names.includes(each),
    matchesScope: () => false,
    usage: () => usage,
  };
}

/** In, NotIn, Exists and DoesNotExist of a scope's values; `value` is "" for an object that has none. */
export function matchesValues(
  { operator, values = [] }: ScopedResourceSelectorRequirement,
  value: string,
): boolean {
  if (operator === 'Exists') return value !== '';
  if (operator === 'DoesNotExist') return value === '';
  const isListed = value !== '' && values.includes(value);
  return operator === 'In' ? isListed : !isListed;
}
