import type { AuthorizationAttributes } from '../authorizer.ts';

/** rbac.authorization.k8s.io PolicyRule, as far as it decides. */
export interface PolicyRule {
  readonly verbs: readonly string[];
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
}

/** Whether `rule` grants what is asked. A star stands for all verbs, groups or resources; a star before a subresource, for that one of all. */
export function ruleAllows(rule: PolicyRule, asked: AuthorizationAttributes): boolean {
  if (!covers(rule.verbs, asked.verb)) return false;
  if (asked.path !== undefined) return pathMatches(rule.nonResourceURLs ?? [], asked.path);
  return (
    covers(rule.apiGroups ?? [], asked.group) &&
    resourceMatches(rule.resources ?? [], asked.resource, asked.subresource) &&
    nameMatches(rule.resourceNames ?? [], asked.name)
  );
}

function covers(list: readonly string[], value: string): boolean {
  return list.includes('*') || list.includes(value);
}

function resourceMatches(list: readonly string[], resource: string, subresource: string): boolean {
  if (subresource === '') return covers(list, resource);
  return covers(list, `${resource}/${subresource}`) || list.includes(`*/${subresource}`);
}

/** An empty list of names grants all of them; a list never grants a request without a name. */
function nameMatches(list: readonly string[], name: string): boolean {
  return list.length === 0 || list.includes(name);
}

function pathMatches(list: readonly string[], path: string): boolean {
  return list.some((each) => each === path || (each.endsWith('*') && path.startsWith(each.slice(0, -1))));
}

/** Reads the compact form of bootstrap/role-spec.ts. */
export function parseRule(text: string): PolicyRule {
  const [verbs = '', second = '', resources, names] = text.split('|').map((part) => part.trim());
  if (resources === undefined) return { verbs: verbs.split(','), nonResourceURLs: second.split(',') };
  return {
    apiGroups: second.split(',').map((group) => (group === 'core' ? '' : group)),
    ...(names === undefined ? {} : { resourceNames: names.split(',') }),
    resources: resources.split(','),
    verbs: verbs.split(','),
  };
}

/** The rules of `wanted` that `held` does not grant in full: what an escalation check reports. */
export function missingRules(held: readonly PolicyRule[], wanted: readonly PolicyRule[]): PolicyRule[] {
  return wanted.flatMap(breakDown).filter((rule) => !held.some((each) => ruleCovers(each, rule)));
}

/** Rules of one group, resource and name are told as one, with the verbs of all. */
export function compactRules(rules: readonly PolicyRule[]): PolicyRule[] {
  const simple = new Map<string, PolicyRule>();
  const others: PolicyRule[] = [];
  for (const rule of rules) {
    const { apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] } = rule;
    const isSimple =
      apiGroups.length === 1 &&
      resources.length === 1 &&
      resourceNames.length <= 1 &&
      nonResourceURLs.length === 0;
    if (!isSimple) {
      others.push(rule);
      continue;
    }
    const key = JSON.stringify([apiGroups, resources, resourceNames]);
    const known = simple.get(key);
    simple.set(key, known === undefined ? rule : { ...known, verbs: [...known.verbs, ...rule.verbs] });
  }
  return [...others, ...simple.values()];
}

/** One rule for each verb, group, resource and name, so that several rules together may cover a wide one. */
function breakDown(rule: PolicyRule): PolicyRule[] {
  const paths = (rule.nonResourceURLs ?? []).flatMap((path) =>
    rule.verbs.map((verb): PolicyRule => ({ verbs: [verb], nonResourceURLs: [path] })),
  );
  const names = rule.resourceNames ?? [];
  const resources = (rule.apiGroups ?? []).flatMap((group) =>
    (rule.resources ?? []).flatMap((resource) =>
      rule.verbs.flatMap((verb): PolicyRule[] =>
        (names.length === 0 ? [undefined] : names).map((name) => ({
          verbs: [verb],
          apiGroups: [group],
          resources: [resource],
          ...(name === undefined ? {} : { resourceNames: [name] }),
        })),
      ),
    ),
  );
  return [...paths, ...resources];
}

function ruleCovers(held: PolicyRule, wanted: PolicyRule): boolean {
  const verb = wanted.verbs[0] ?? '';
  if (!covers(held.verbs, verb)) return false;
  const path = wanted.nonResourceURLs?.[0];
  if (path !== undefined) return pathMatches(held.nonResourceURLs ?? [], path);
  const [resource = '', subresource = ''] = (wanted.resources?.[0] ?? '').split('/', 2);
  const name = wanted.resourceNames?.[0];
  return (
    covers(held.apiGroups ?? [], wanted.apiGroups?.[0] ?? '') &&
    resourceMatches(held.resources ?? [], resource, subresource) &&
    (name === undefined
      ? (held.resourceNames ?? []).length === 0
      : nameMatches(held.resourceNames ?? [], name))
  );
}

/** Go's text of a rule in escalation errors: `{APIGroups:["apps"], Resources:["deployments"], Verbs:["get"]}`. */
export function ruleText(rule: PolicyRule): string {
  const parts = [
    ['APIGroups', rule.apiGroups],
    ['Resources', rule.resources],
    ['ResourceNames', rule.resourceNames],
    ['NonResourceURLs', rule.nonResourceURLs],
    ['Verbs', rule.verbs],
  ] as const;
  const shown = parts.filter(([, list]) => (list ?? []).length > 0);
  return `{${shown.map(([name, list]) => `${name}:[${(list ?? []).map((each) => JSON.stringify(each)).join(' ')}]`).join(', ')}}`;
}
