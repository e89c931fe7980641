import type { Taint, Toleration } from '../../openapi/generated/types.ts';

/** True when one of the tolerations stands the taint. */
export function tolerates(tolerations: readonly Toleration[], taint: Taint): boolean {
  return tolerations.some((toleration) => toleratesOne(toleration, taint));
}

function toleratesOne(
  { key = '', operator = 'Equal', value = '', effect = '' }: Toleration,
  taint: Taint,
): boolean {
  if (effect !== '' && effect !== taint.effect) return false;
  if (key !== '' && key !== taint.key) return false;
  switch (operator) {
    case 'Exists':
      return true;
    case 'Equal':
    case '':
      return key !== '' && value === (taint.value ?? '');
    case 'Gt':
      return isBeyond(taint.value, value, 1);
    case 'Lt':
      return isBeyond(taint.value, value, -1);
    default:
      return false;
  }
}

function isBeyond(taintValue: string | undefined, bound: string, sign: 1 | -1): boolean {
  const integer = /^-?(0|[1-9]\d*)$/;
  if (taintValue === undefined || !integer.test(taintValue) || !integer.test(bound)) return false;
  return sign * (Number(taintValue) - Number(bound)) > 0;
}
