import { isDeepStrictEqual } from 'node:util';
import { resourceQuotas } from '../../../openapi/generated/resources.ts';
import type { ResourceQuota, ResourceQuotaSpec } from '../../../openapi/generated/types.ts';
import { type FieldError, invalidValue, required } from '../../../openapi/machinery/status.ts';
import { onlyStatus } from '../generic/status-split.ts';
import type { Strategy } from '../strategy.ts';
import { resourceQuotaTable } from '../table/core.ts';
import { goValue } from '../validation/go-text.ts';
import { quotaResourceName, resourceQuantity } from '../validation/resource-names.ts';

const scopes = [
  'Terminating',
  'NotTerminating',
  'BestEffort',
  'NotBestEffort',
  'PriorityClass',
  'CrossNamespacePodAffinity',
  'VolumeAttributesClass',
];
const conflicting = [
  ['BestEffort', 'NotBestEffort'],
  ['Terminating', 'NotTerminating'],
] as const;
const podOnly = /^(pods|cpu|memory|ephemeral-storage|(requests|limits)\.(cpu|memory|ephemeral-storage))$/;

export const resourceQuotaStrategy: Strategy<ResourceQuota> = {
  resource: resourceQuotas,
  deleteReturnsObject: true,
  validate: ({ spec }) => specFaults(spec ?? {}),
  validateUpdate: ({ spec }, old) => [
    ...specFaults(spec ?? {}),
    ...(isDeepStrictEqual(new Set(spec?.scopes), new Set(old.spec?.scopes))
      ? []
      : [invalidValue('spec.scopes', spec?.scopes ?? null, 'field is immutable')]),
  ],
  table: resourceQuotaTable,
  subresources: {
    status: {
      form: 'part',
      verbs: ['get', 'patch', 'update'],
      prepareForUpdate: (quota, old) => onlyStatus(quota, old),
      validateUpdate: ({ status }) => [
        ...amountFaults('status.hard', status?.hard),
        ...amountFaults('status.used', status?.used),
      ],
    },
  },
};

function amountFaults(path: string, amounts: Readonly<Record<string, string>> | undefined): FieldError[] {
  return Object.entries(amounts ?? {}).flatMap(([name, value]) => [
    ...quotaResourceName(`${path}[${name}]`, name),
    ...resourceQuantity(`${path}[${name}]`, name, value),
  ]);
}

function specFaults(spec: ResourceQuotaSpec): FieldError[] {
  return [...amountFaults('spec.hard', spec.hard), ...scopeFaults(spec), ...selectorFaults(spec)];
}

function fits(scope: string, resource: string): boolean {
  if (scope === 'BestEffort') return resource === 'pods';
  if (scope === 'VolumeAttributesClass') return /^(persistentvolumeclaims|requests\.storage)$/.test(resource);
  return podOnly.test(resource);
}

function scopeFaults({ scopes: given = [], hard = {} }: ResourceQuotaSpec): FieldError[] {
  const path = 'spec.scopes';
  const faults: FieldError[] = [];
  for (const scope of given) {
    if (!scopes.includes(scope)) faults.push(invalidValue(path, given, 'unsupported scope'));
    for (const resource of Object.keys(hard).sort()) {
      if (resource.includes('/') || fits(scope, resource)) continue;
      faults.push(invalidValue(path, given, 'unsupported scope applied to resource'));
    }
  }
  for (const [a, b] of conflicting) {
    if (given.includes(a) && given.includes(b)) faults.push(invalidValue(path, given, 'conflicting scopes'));
  }
  return faults;
}

/** Scopes that a pod is in or not: nothing can be named. */
const existing = [
  'BestEffort',
  'NotBestEffort',
  'Terminating',
  'NotTerminating',
  'CrossNamespacePodAffinity',
];
const operators = ['In', 'NotIn', 'Exists', 'DoesNotExist'];

function selectorFaults({ scopeSelector, scopes: given, hard = {} }: ResourceQuotaSpec): FieldError[] {
  const expressions = scopeSelector?.matchExpressions ?? [];
  const path = 'spec.scopeSelector.matchExpressions';
  const printed = goValue('ScopeSelector', scopeSelector);
  const faults: FieldError[] = [];
  for (const { scopeName, operator, values = [] } of expressions) {
    if (!scopes.includes(scopeName))
      faults.push(invalidValue(`${path}.scopeName`, scopeName, 'unsupported scope'));
    for (const resource of Object.keys(hard).sort()) {
      if (resource.includes('/') || fits(scopeName, resource)) continue;
      faults.push(invalidValue(path, printed, 'unsupported scope applied to resource'));
    }
    if (existing.includes(scopeName) && operator !== 'Exists') {
      const text =
        "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity";
      faults.push(invalidValue(`${path}.operator`, operator, text));
    }
    faults.push(...valueFaults(path, operator, values));
  }
  for (const pair of conflicting) {
    const names = expressions.map(({ scopeName }) => scopeName);
    if (pair.every((each) => names.includes(each))) {
      faults.push(invalidValue(path, given ?? null, 'conflicting scopes'));
    }
  }
  return faults;
}

function valueFaults(path: string, operator: string, values: readonly string[]): FieldError[] {
  if (operator === 'In' || operator === 'NotIn') {
    const text = "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector";
    return values.length === 0 ? [required(`${path}.values`, text)] : [];
  }
  if (!operators.includes(operator)) {
    return [invalidValue(`${path}.operator`, operator, 'not a valid selector operator')];
  }
  const text = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector";
  return values.length === 0 ? [] : [invalidValue(`${path}.values`, values, text)];
}
