import { type FieldError, invalidValue } from '../../../openapi/machinery/status.ts';
import { notNegative, texts } from './field-errors.ts';
import { percentText } from './names.ts';

export type IntOrPercent = number | string;

export function intOrPercentFaults(path: string, value: IntOrPercent | undefined): FieldError[] {
  if (value === undefined) return [];
  return typeof value === 'number' ? notNegative(path, value) : texts(path, value, percentText);
}

/** The number in it, of a percentage too; 0 for none. */
export function amountOf(value: IntOrPercent | undefined): number {
  if (typeof value === 'number') return value;
  const number = value?.endsWith('%') === true ? Number(value.slice(0, -1)) : 0;
  return Number.isNaN(number) ? 0 : number;
}

export function notMoreThanAll(path: string, value: IntOrPercent | undefined): FieldError[] {
  return typeof value === 'string' && amountOf(value) > 100
    ? [invalidValue(path, value, 'must not be greater than 100%')]
    : [];
}
