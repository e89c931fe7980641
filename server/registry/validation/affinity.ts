import type {
  Affinity,
  NodeSelector,
  NodeSelectorTerm,
  PodAffinity,
  PodAffinityTerm,
  TopologySpreadConstraint,
} from '../../../openapi/generated/types.ts';
import {
  type FieldError,
  duplicate,
  forbiddenField,
  invalidValue,
  required,
} from '../../../openapi/machinery/status.ts';
import { oneOf, positive, texts } from './field-errors.ts';
import { dnsLabel, dnsSubdomain, labelValue, qualifiedName } from './names.ts';
import { labelSelectorFaults } from './selectors.ts';

const requiredTerms = 'requiredDuringSchedulingIgnoredDuringExecution';
const preferredTerms = 'preferredDuringSchedulingIgnoredDuringExecution';

export function affinityFaults(path: string, affinity: Affinity | undefined): FieldError[] {
  if (affinity === undefined) return [];
  const { nodeAffinity, podAffinity, podAntiAffinity } = affinity;
  const node = `${path}.nodeAffinity`;
  const selector = nodeAffinity?.[requiredTerms];
  return [
    ...(selector === undefined ? [] : nodeSelectorFaults(`${node}.${requiredTerms}`, selector)),
    ...(nodeAffinity?.[preferredTerms] ?? []).flatMap(({ weight, preference }, i) => [
      ...weightFaults(`${node}.${preferredTerms}[${i}]`, weight),
      ...termFaults(`${node}.${preferredTerms}[${i}].preference`, preference, true),
    ]),
    ...podAffinityFaults(`${path}.podAffinity`, podAffinity),
    ...podAffinityFaults(`${path}.podAntiAffinity`, podAntiAffinity),
  ];
}

export function nodeSelectorFaults(path: string, { nodeSelectorTerms }: Partial<NodeSelector>): FieldError[] {
  const at = `${path}.nodeSelectorTerms`;
  const terms = nodeSelectorTerms as readonly NodeSelectorTerm[] | null | undefined;
  if (terms === undefined || terms === null || terms.length === 0)
    return [required(at, 'must have at least one node selector term')];
  return terms.flatMap((term, i) => termFaults(`${at}[${i}]`, term, false));
}

function weightFaults(path: string, weight: number): FieldError[] {
  return weight > 0 && weight <= 100
    ? []
    : [invalidValue(`${path}.weight`, weight, 'must be in the range 1-100')];
}

function termFaults(path: string, term: NodeSelectorTerm, anyValue: boolean): FieldError[] {
  return [
    ...(term.matchExpressions ?? []).flatMap((each, i) =>
      expressionFaults(`${path}.matchExpressions[${i}]`, each, anyValue),
    ),
    ...(term.matchFields ?? []).flatMap((each, i) => fieldFaults(`${path}.matchFields[${i}]`, each)),
  ];
}

type Requirement = NonNullable<NodeSelectorTerm['matchExpressions']>[number];

function expressionFaults(path: string, requirement: Requirement, anyValue: boolean): FieldError[] {
  const { key, operator, values = [] } = requirement;
  const at = `${path}.values`;
  const faults: FieldError[] = [];
  if (operator === 'In' || operator === 'NotIn') {
    if (values.length === 0)
      faults.push(required(at, "must be specified when `operator` is 'In' or 'NotIn'"));
  } else if (operator === 'Exists' || operator === 'DoesNotExist') {
    const text = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
    if (values.length > 0) faults.push(forbiddenField(at, text));
  } else if (operator === 'Gt' || operator === 'Lt') {
    const text = "must be specified single value when `operator` is 'Lt' or 'Gt'";
    if (values.length !== 1) faults.push(required(at, text));
  } else faults.push(invalidValue(`${path}.operator`, operator, 'not a valid selector operator'));
  faults.push(...texts(`${path}.key`, key, qualifiedName));
  return anyValue
    ? faults
    : [...faults, ...values.flatMap((value, i) => texts(`${at}[${i}]`, value, labelValue))];
}

function fieldFaults(path: string, { key, operator, values = [] }: Requirement): FieldError[] {
  const faults: FieldError[] = [];
  if (operator !== 'In' && operator !== 'NotIn') {
    faults.push(invalidValue(`${path}.operator`, operator, 'not a valid selector operator'));
  } else if (values.length !== 1) {
    const text = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector";
    faults.push(required(`${path}.values`, text));
  }
  if (key !== 'metadata.name') {
    return [...faults, invalidValue(`${path}.key`, key, 'not a valid field selector key')];
  }
  return [...faults, ...values.flatMap((value, i) => texts(`${path}.values[${i}]`, value, dnsSubdomain))];
}

function podAffinityFaults(path: string, affinity: PodAffinity | undefined): FieldError[] {
  return [
    ...(affinity?.[requiredTerms] ?? []).flatMap((term, i) =>
      podTermFaults(`${path}.${requiredTerms}[${i}]`, term),
    ),
    ...(affinity?.[preferredTerms] ?? []).flatMap(({ weight, podAffinityTerm }, i) => [
      ...weightFaults(`${path}.${preferredTerms}[${i}]`, weight),
      ...podTermFaults(`${path}.${preferredTerms}[${i}].podAffinityTerm`, podAffinityTerm),
    ]),
  ];
}

function podTermFaults(path: string, term: PodAffinityTerm): FieldError[] {
  const { labelSelector, matchLabelKeys = [], mismatchLabelKeys = [], topologyKey } = term;
  return [
    ...labelSelectorFaults(`${path}.labelSelector`, labelSelector),
    ...labelSelectorFaults(`${path}.namespaceSelector`, term.namespaceSelector),
    ...(term.namespaces ?? []).flatMap((name) => texts(`${path}.namespace`, name, dnsLabel)),
    ...labelKeyFaults(`${path}.matchLabelKeys`, matchLabelKeys, labelSelector !== undefined),
    ...labelKeyFaults(`${path}.mismatchLabelKeys`, mismatchLabelKeys, labelSelector !== undefined),
    ...matchLabelKeys.flatMap((key, i) =>
      mismatchLabelKeys.includes(key)
        ? [
            invalidValue(
              `${path}.matchLabelKeys[${i}]`,
              key,
              'exists in both matchLabelKeys and mismatchLabelKeys',
            ),
          ]
        : [],
    ),
    ...(topologyKey === '' ? [required(`${path}.topologyKey`, 'can not be empty')] : []),
    ...texts(`${path}.topologyKey`, topologyKey, qualifiedName),
  ];
}

function labelKeyFaults(path: string, keys: readonly string[], hasSelector: boolean): FieldError[] {
  if (keys.length === 0) return [];
  if (!hasSelector) return [forbiddenField(path, 'must not be specified when labelSelector is not set')];
  return keys.flatMap((key, i) => texts(`${path}[${i}]`, key, qualifiedName));
}

export function spreadFaults(path: string, constraints: readonly TopologySpreadConstraint[]): FieldError[] {
  return constraints.flatMap((constraint, i) => {
    const at = `${path}[${i}]`;
    const { maxSkew, topologyKey, whenUnsatisfiable, minDomains } = constraint;
    const repeated = constraints
      .slice(i + 1)
      .some((each) => each.topologyKey === topologyKey && each.whenUnsatisfiable === whenUnsatisfiable);
    return [
      ...positive(`${at}.maxSkew`, maxSkew),
      ...(topologyKey === '' ? [required(`${at}.topologyKey`, 'can not be empty')] : []),
      ...oneOf(`${at}.whenUnsatisfiable`, whenUnsatisfiable, ['DoNotSchedule', 'ScheduleAnyway']),
      ...(repeated
        ? [duplicate(`${at}.{topologyKey, whenUnsatisfiable}`, `{${topologyKey}, ${whenUnsatisfiable}}`)]
        : []),
      ...positive(`${at}.minDomains`, minDomains),
      ...(minDomains !== undefined && whenUnsatisfiable !== 'DoNotSchedule'
        ? [
            invalidValue(
              `${at}.minDomains`,
              minDomains,
              `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${whenUnsatisfiable}`,
            ),
          ]
        : []),
      ...oneOf(`${at}.nodeAffinityPolicy`, constraint.nodeAffinityPolicy, ['Honor', 'Ignore']),
      ...oneOf(`${at}.nodeTaintsPolicy`, constraint.nodeTaintsPolicy, ['Honor', 'Ignore']),
      ...labelKeyFaults(
        `${at}.matchLabelKeys`,
        constraint.matchLabelKeys ?? [],
        constraint.labelSelector !== undefined,
      ),
      ...labelSelectorFaults(`${at}.labelSelector`, constraint.labelSelector),
    ];
  });
}
