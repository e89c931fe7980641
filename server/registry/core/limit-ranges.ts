import { limitRanges } from '../../../openapi/generated/resources.ts';
import type { LimitRange, LimitRangeItem } from '../../../openapi/generated/types.ts';
import {
  compareQuantities,
  parseQuantity,
  quantityValue,
  milliValue,
} from '../../../openapi/machinery/quantity.ts';
import {
  type FieldError,
  duplicate,
  forbiddenField,
  invalidValue,
  required,
} from '../../../openapi/machinery/status.ts';
import type { Strategy } from '../strategy.ts';
import { texts } from '../validation/field-errors.ts';
import { qualifiedName } from '../validation/names.ts';
import { containerResourceName, overcommits, resourceName } from '../validation/resource-names.ts';

const types = ['Pod', 'Container', 'PersistentVolumeClaim'];
type Amounts = Readonly<Record<string, string>>;

export const limitRangeStrategy: Strategy<LimitRange> = {
  resource: limitRanges,
  allowCreateOnUpdate: true,
  defaults: (range) =>
    range.spec === undefined || listOf(range.spec.limits).length === 0
      ? range
      : {
          ...range,
          spec: {
            ...range.spec,
            limits: listOf(range.spec.limits).map(withDefaults),
          },
        },
  validate: ({ spec }) => {
    const seen = new Set<string>();
    return listOf(spec?.limits).flatMap((item, i) => itemFaults(`spec.limits[${i}]`, item, seen));
  },
};

function listOf<T>(list: readonly T[] | null | undefined): readonly T[] {
  return list ?? [];
}

/** A container that states nothing gets the most that it may have, and asks for that, or for the least. */
function withDefaults(item: LimitRangeItem): LimitRangeItem {
  if (item.type !== 'Container') return item;
  const limits = { ...item.max, ...item.default };
  const requests = { ...item.min, ...limits, ...item.defaultRequest };
  return {
    ...item,
    ...(Object.keys(limits).length === 0 ? {} : { default: limits }),
    ...(Object.keys(requests).length === 0 ? {} : { defaultRequest: requests }),
  };
}

function itemFaults(path: string, item: LimitRangeItem, seen: Set<string>): FieldError[] {
  const faults = texts(`${path}.type`, item.type, qualifiedName);
  if (faults.length === 0 && !item.type.includes('/') && !types.includes(item.type)) {
    faults.push(invalidValue(`${path}.type`, item.type, 'must be a standard limit type or fully qualified'));
  }
  if (seen.has(item.type)) faults.push(duplicate(`${path}.type`, item.type));
  seen.add(item.type);
  faults.push(...nameFaults(path, item));
  if (
    item.type === 'PersistentVolumeClaim' &&
    item.min?.['storage'] === undefined &&
    item.max?.['storage'] === undefined
  ) {
    const text = 'either minimum or maximum storage value is required, but neither was provided';
    faults.push(required(`${path}.limits`, text));
  }
  const names = new Set(
    [item.min, item.max, item.default, item.defaultRequest, item.maxLimitRequestRatio].flatMap((each) =>
      Object.keys(each ?? {}),
    ),
  );
  return [...faults, ...[...names].sort().flatMap((name) => orderFaults(path, item, name))];
}

function nameFaults(path: string, item: LimitRangeItem): FieldError[] {
  const check = item.type === 'Pod' || item.type === 'Container' ? containerResourceName : resourceName;
  const of = (field: string, amounts: Amounts | undefined): FieldError[] =>
    Object.keys(amounts ?? {}).flatMap((name) => check(`${path}.${field}[${name}]`, name));
  const text = "may not be specified when `type` is 'Pod'";
  const defaults = (field: 'default' | 'defaultRequest'): FieldError[] => {
    if (item.type !== 'Pod') return of(field, item[field]);
    return Object.keys(item[field] ?? {}).length === 0 ? [] : [forbiddenField(`${path}.${field}`, text)];
  };
  return [
    ...of('max', item.max),
    ...of('min', item.min),
    ...defaults('default'),
    ...defaults('defaultRequest'),
    ...of('maxLimitRequestRatio', item.maxLimitRequestRatio),
  ];
}

function isMore(a: string | undefined, b: string | undefined): boolean {
  return a !== undefined && b !== undefined && compareQuantities(parseQuantity(a), parseQuantity(b)) > 0;
}

function orderFaults(path: string, item: LimitRangeItem, name: string): FieldError[] {
  const [min, max] = [item.min?.[name], item.max?.[name]];
  const usual = item.type === 'Pod' ? undefined : item.default?.[name];
  const request = item.type === 'Pod' ? undefined : item.defaultRequest?.[name];
  const faults: FieldError[] = [];
  const check = (bad: boolean, field: string, value: string | undefined, text: string): void => {
    if (bad) faults.push(invalidValue(`${path}.${field}[${name}]`, value, text));
  };
  const text = (value: string | undefined): string => value ?? '';
  check(isMore(min, max), 'min', min, `min value ${text(min)} is greater than max value ${text(max)}`);
  const leastRequest = `min value ${text(min)} is greater than default request value ${text(request)}`;
  check(isMore(min, request), 'defaultRequest', request, leastRequest);
  const mostRequest = `default request value ${text(request)} is greater than max value ${text(max)}`;
  check(isMore(request, max), 'defaultRequest', request, mostRequest);
  const overLimit = `default request value ${text(request)} is greater than default limit value ${text(usual)}`;
  check(isMore(request, usual), 'defaultRequest', request, overLimit);
  check(
    isMore(min, usual),
    'default',
    min,
    `min value ${text(min)} is greater than default value ${text(usual)}`,
  );
  check(
    isMore(usual, max),
    'default',
    max,
    `default value ${text(usual)} is greater than max value ${text(max)}`,
  );
  faults.push(...ratioFaults(path, item, name));
  const same =
    usual === undefined || request === undefined || (!isMore(usual, request) && !isMore(request, usual));
  const fixed = `default value ${text(usual)} must equal to defaultRequest value ${text(request)} in ${name}`;
  check(!overcommits(name) && !same, 'defaultRequest', request, fixed);
  return faults;
}

function ratioFaults(path: string, item: LimitRangeItem, name: string): FieldError[] {
  const ratio = item.maxLimitRequestRatio?.[name];
  if (ratio === undefined) return [];
  const at = `${path}.maxLimitRequestRatio[${name}]`;
  const faults: FieldError[] = [];
  if (isMore('1', ratio)) faults.push(invalidValue(at, ratio, `ratio ${ratio} is less than 1`));
  const [min, max] = [item.min?.[name], item.max?.[name]];
  if (min === undefined || max === undefined) return faults;
  const small = [ratio, min, max].every((each) => quantityValue(parseQuantity(each)) < 9_007_199_254_740n);
  const value = (text: string): number =>
    Number(small ? milliValue(parseQuantity(text)) : quantityValue(parseQuantity(text)));
  const limit = value(max) / value(min);
  if (value(ratio) / (small ? 1000 : 1) > limit) {
    faults.push(invalidValue(at, ratio, `ratio ${ratio} is greater than max/min = ${limit.toFixed(6)}`));
  }
  return faults;
}
