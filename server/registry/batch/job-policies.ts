import type { JobSpec } from '../../../openapi/generated/types.ts';
import {
  type FieldError,
  duplicate,
  invalidValue,
  required,
  tooLong,
} from '../../../openapi/machinery/status.ts';
import { bare, notNegative, notSupported, texts, tooMany } from '../validation/field-errors.ts';
import { goValue } from '../validation/go-text.ts';
import { qualifiedName } from '../validation/names.ts';
import { parseIndexes } from './index-ranges.ts';

const rulesMax = 20;
const exitCodesMax = 255;
const indexesBytesMax = 64 * 1024;
const actions = ['Count', 'FailIndex', 'FailJob', 'Ignore'];

/** When a pod that failed counts. */
export function failurePolicyFaults(path: string, spec: JobSpec): FieldError[] {
  if (spec.podFailurePolicy === undefined) return [];
  const rules = (spec.podFailurePolicy.rules as readonly Rule[] | undefined) ?? [];
  return [
    ...(rules.length > rulesMax ? [tooMany(`${path}.rules`, rules.length, rulesMax)] : []),
    ...rules.flatMap((rule, i) => ruleFaults(`${path}.rules[${i}]`, rule, spec)),
  ];
}

type Rule = NonNullable<JobSpec['podFailurePolicy']>['rules'][number];

function ruleFaults(path: string, rule: Rule, spec: JobSpec): FieldError[] {
  const { onExitCodes: codes, onPodConditions: conditions = [] } = rule;
  const action = (rule.action as string | undefined) ?? '';
  const faults =
    action === 'FailIndex'
      ? spec.backoffLimitPerIndex === undefined
        ? [invalidValue(`${path}.action`, action, 'requires the backoffLimitPerIndex to be set')]
        : []
      : oneOfStated(`${path}.action`, action, actions);
  if (codes !== undefined) faults.push(...exitCodeFaults(`${path}.onExitCodes`, codes, spec));
  faults.push(...conditionFaults(`${path}.onPodConditions`, conditions));
  if (codes !== undefined && conditions.length > 0) {
    faults.push(bare(path, 'specifying both OnExitCodes and OnPodConditions is not supported'));
  }
  if (codes === undefined && conditions.length === 0) {
    faults.push(bare(path, 'specifying one of OnExitCodes and OnPodConditions is required'));
  }
  return faults;
}

/** As oneOf; nothing at all is told with the good values. */
function oneOfStated(path: string, value: string, allowed: readonly string[]): FieldError[] {
  if (value === '') {
    return [required(path, `valid values: [${allowed.map((each) => JSON.stringify(each)).join(' ')}]`)];
  }
  return allowed.includes(value) ? [] : [notSupported(path, value, allowed)];
}

function exitCodeFaults(path: string, codes: NonNullable<Rule['onExitCodes']>, spec: JobSpec): FieldError[] {
  const { containerName } = codes;
  const operator = (codes.operator as string | undefined) ?? '';
  const values = (codes.values as readonly number[] | undefined) ?? [];
  const template = spec.template.spec;
  const containers = [...(template?.containers ?? []), ...(template?.initContainers ?? [])];
  const at = `${path}.values`;
  const faults = oneOfStated(`${path}.operator`, operator, ['In', 'NotIn']);
  if (containerName !== undefined && !containers.some(({ name }) => name === containerName)) {
    const text = 'must be one of the container or initContainer names in the pod template';
    faults.push(invalidValue(`${path}.containerName`, containerName, text));
  }
  if (values.length === 0) faults.push(invalidValue(at, values, 'at least one value is required'));
  if (values.length > exitCodesMax) faults.push(tooMany(at, values.length, exitCodesMax));
  for (const [i, value] of values.entries()) {
    if (operator === 'In' && value === 0) {
      faults.push(invalidValue(`${at}[${i}]`, value, 'must not be 0 for the In operator'));
    }
    if (values.indexOf(value) < i) faults.push(duplicate(`${at}[${i}]`, value));
  }
  const ordered = values.every((value, i) => (values[i - 1] ?? value) <= value);
  return ordered ? faults : [...faults, invalidValue(at, values, 'must be ordered')];
}

type Conditions = NonNullable<Rule['onPodConditions']>;

function conditionFaults(path: string, conditions: Conditions): FieldError[] {
  return [
    ...(conditions.length > rulesMax ? [tooMany(path, conditions.length, rulesMax)] : []),
    ...conditions.flatMap(({ type, status = '' }, i) => [
      ...texts(`${path}[${i}].type`, type, qualifiedName),
      ...oneOfStated(`${path}[${i}].status`, status, ['False', 'True', 'Unknown']),
    ]),
  ];
}

/** When some of the indexes are enough. */
export function successPolicyFaults(path: string, spec: JobSpec): FieldError[] {
  const { successPolicy: policy, completionMode } = spec;
  if (policy === undefined) return [];
  if (completionMode !== 'Indexed') {
    return [invalidValue(path, goValue('batch.SuccessPolicy', policy), 'requires indexed completion mode')];
  }
  const rules = (policy.rules as typeof policy.rules | undefined) ?? [];
  const at = `${path}.rules`;
  const none = 'at least one rules must be specified when the successPolicy is specified';
  return [
    ...(rules.length === 0 ? [required(at, none)] : []),
    ...(rules.length > rulesMax ? [tooMany(at, rules.length, rulesMax)] : []),
    ...rules.flatMap((rule, i) => successRuleFaults(`${at}[${i}]`, rule, spec.completions ?? 0)),
  ];
}

type SuccessRule = NonNullable<JobSpec['successPolicy']>['rules'][number];

function successRuleFaults(path: string, rule: SuccessRule, completions: number): FieldError[] {
  const { succeededCount: count, succeededIndexes: indexes } = rule;
  const faults: FieldError[] = [];
  if (count === undefined && indexes === undefined) {
    faults.push(required(path, 'at least one of succeededCount or succeededIndexes must be specified'));
  }
  const parsed = indexes === undefined ? undefined : parseIndexes(indexes, completions);
  const at = `${path}.succeededIndexes`;
  if (indexes !== undefined && Buffer.byteLength(indexes) > indexesBytesMax) {
    faults.push(tooLong(at, indexesBytesMax));
  }
  if (parsed !== undefined && 'fault' in parsed) {
    faults.push(invalidValue(at, indexes, `error parsing succeededIndexes: ${parsed.fault}`));
  }
  if (count === undefined) return faults;
  const countPath = `${path}.succeededCount`;
  faults.push(...notNegative(countPath, count));
  if (count > completions) {
    const text = `must be less than or equal to ${completions} (the number of specified completions)`;
    faults.push(invalidValue(countPath, count, text));
  }
  const total = parsed === undefined ? undefined : 'fault' in parsed ? 0 : parsed.total;
  if (total !== undefined && count > total) {
    const text = `must be less than or equal to ${total} (the number of indexes in the specified succeededIndexes field)`;
    faults.push(invalidValue(countPath, count, text));
  }
  return faults;
}
