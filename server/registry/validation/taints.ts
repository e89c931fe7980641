import type { Taint } from '../../../openapi/generated/types.ts';
import { type FieldError, duplicate, invalidValue, required } from '../../../openapi/machinery/status.ts';
import { notSupported, texts } from './field-errors.ts';
import { labelValue, qualifiedName } from './names.ts';

export const taintEffects: readonly string[] = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

export function taintFaults(path: string, taints: readonly Taint[]): FieldError[] {
  const seen = new Set<string>();
  return taints.flatMap((taint, i) => {
    const { key, value = '', effect } = taint;
    const at = `${path}[${i}]`;
    const faults = texts(`${at}.key`, key, qualifiedName);
    const valueFaults = labelValue(value);
    if (valueFaults.length > 0) faults.push(invalidValue(`${at}.value`, value, valueFaults.join(';')));
    if (effect === '') faults.push(required(`${at}.effect`));
    else if (!taintEffects.includes(effect)) faults.push(notSupported(`${at}.effect`, effect, taintEffects));
    const id = `${effect} ${key}`;
    if (seen.has(id)) {
      const fault = duplicate(at, goTaint(taint));
      faults.push({ ...fault, message: `${fault.message}: taints must be unique by key and effect pair` });
    }
    seen.add(id);
    return faults;
  });
}

/** As Go prints the internal struct. */
function goTaint({ key, value = '', effect, timeAdded }: Taint): object {
  return { Key: key, Value: value, Effect: effect, TimeAdded: timeAdded ?? null };
}
