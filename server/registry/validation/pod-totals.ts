import type { PodSpec } from '../../../openapi/generated/types.ts';
import {
  type Quantity,
  addQuantities,
  compareQuantities,
  parseQuantity,
} from '../../../openapi/machinery/quantity.ts';

type Totals = Readonly<Record<string, Quantity>>;

/**
 * What the containers of a pod need at once: all that stay, or what one init container needs beside those that stay and were
 * started before it, whichever is more.
 */
export function podTotals(spec: PodSpec, field: 'requests' | 'limits'): Totals {
  let all: Totals = {};
  for (const { resources } of spec.containers) all = sum(all, listOf(resources?.[field]));
  let staying: Totals = {};
  let most: Totals = {};
  for (const { resources, restartPolicy } of spec.initContainers ?? []) {
    const own = listOf(resources?.[field]);
    const during = sum(staying, own);
    if (restartPolicy === 'Always') {
      all = sum(all, own);
      staying = during;
    }
    most = greater(most, during);
  }
  return greater(all, most);
}

function listOf(list: Readonly<Record<string, string>> | undefined): Totals {
  return Object.fromEntries(Object.entries(list ?? {}).map(([name, value]) => [name, parseQuantity(value)]));
}

function sum(one: Totals, other: Totals): Totals {
  return joined(one, other, addQuantities);
}

function greater(one: Totals, other: Totals): Totals {
  return joined(one, other, (a, b) => (compareQuantities(a, b) >= 0 ? a : b));
}

function joined(one: Totals, other: Totals, join: (a: Quantity, b: Quantity) => Quantity): Totals {
  const out: Record<string, Quantity> = { ...one };
  for (const [name, value] of Object.entries(other)) {
    const known = out[name];
    out[name] = known === undefined ? value : join(known, value);
  }
  return out;
}
