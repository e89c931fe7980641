import {
  addQuantities,
  compareQuantities,
  parseQuantity,
  quantityText,
  type Quantity,
} from '../../openapi/machinery/quantity.ts';

/** Quantities by the name of their resource, as objects write them. */
export type Written = Readonly<Record<string, string>>;
/** The same, read. Never changed: sums are new ones. */
export type Amounts = ReadonlyMap<string, Quantity>;

const known = new Map<string, Quantity>();
const knownMax = 4096;

/** Few texts are used by many objects: each is read once. What cannot be read is validation's matter, and counts nothing. */
export function quantityOf(text: string): Quantity {
  const found = known.get(text);
  if (found !== undefined) return found;
  if (known.size >= knownMax) known.clear();
  const quantity = parseQuantity(text);
  known.set(text, quantity);
  return quantity;
}

export const one: Quantity = quantityOf('1');
export const zero: Quantity = quantityOf('0');

export function readAmounts(written: Written | undefined): Amounts {
  return new Map(Object.entries(written ?? {}).map(([name, text]) => [name, quantityOf(text)]));
}

/** By name, as Kubernetes writes maps. */
export function writeAmounts(amounts: Amounts): Record<string, string> {
  return Object.fromEntries(
    sortedNames(amounts).map((name) => [name, quantityText(amounts.get(name) ?? zero)]),
  );
}

/** `cpu=1,pods=2` */
export function amountsText(amounts: Amounts): string {
  return sortedNames(amounts)
    .map((name) => `${name}=${quantityText(amounts.get(name) ?? zero)}`)
    .join(',');
}

function sortedNames(amounts: Amounts): string[] {
  return [...amounts.keys()].sort();
}

export function sumAmounts(a: Amounts, b: Amounts): Amounts {
  const sums = new Map(a);
  for (const [name, amount] of b) {
    const old = sums.get(name);
    sums.set(name, old === undefined ? amount : addQuantities(old, amount));
  }
  return sums;
}

/** The greater of both, by name. */
export function greaterAmounts(a: Amounts, b: Amounts): Amounts {
  const greater = new Map(a);
  for (const [name, amount] of b) {
    const old = greater.get(name);
    if (old === undefined || compareQuantities(amount, old) > 0) greater.set(name, amount);
  }
  return greater;
}

/** Those that a predicate on the name accepts. */
export function pickAmounts(amounts: Amounts, wanted: (name: string) => boolean): Amounts {
  return new Map([...amounts].filter(([name]) => wanted(name)));
}

export function sameAmounts(a: Amounts, b: Amounts): boolean {
  if (a.size !== b.size) return false;
  return [...a].every(([name, amount]) => {
    const other = b.get(name);
    return other !== undefined && compareQuantities(amount, other) === 0;
  });
}
