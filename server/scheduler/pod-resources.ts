import type { Container, Pod } from '../../openapi/generated/types.ts';
import { milliValue, parseQuantity, quantityValue } from '../../openapi/machinery/quantity.ts';

/** Amounts by resource: cpu in thousandths, everything else in whole units. */
export type Amounts = Readonly<Record<string, number>>;
type Sums = Record<string, number>;

/** What a container without a request counts as when nodes are compared: one that asks nothing still uses something. */
const nonZeroCpu = 100;
const nonZeroMemory = 200 * 1024 * 1024;

/** Amounts of a list of quantities; what cannot be read counts nothing (validation has refused it before). */
export function amountsOf(quantities: Readonly<Record<string, string>> | undefined): Amounts {
  const amounts: Sums = {};
  for (const [name, text] of Object.entries(quantities ?? {})) amounts[name] = amountOf(name, text);
  return amounts;
}

const known = new Map<string, number>();
const knownMax = 4096;

/** Few texts are used by many pods: each is parsed once. */
function amountOf(name: string, text: string): number {
  const key = name === 'cpu' ? `m${text}` : text;
  const found = known.get(key);
  if (found !== undefined) return found;
  if (known.size >= knownMax) known.clear();
  const quantity = parseQuantity(text);
  const amount = Number(name === 'cpu' ? milliValue(quantity) : quantityValue(quantity));
  known.set(key, amount);
  return amount;
}

function add(sums: Sums, amounts: Amounts): void {
  for (const [name, amount] of Object.entries(amounts)) sums[name] = (sums[name] ?? 0) + amount;
}

function raise(sums: Sums, amounts: Amounts): void {
  for (const [name, amount] of Object.entries(amounts)) sums[name] = Math.max(sums[name] ?? 0, amount);
}

/**
 * What a pod needs of its node: its containers together with sidecars, or the largest of the init containers with the
 * sidecars that run by then, whichever is more; then its overhead.
 */
export function requestsOf(pod: Pod): Amounts {
  return sumOf(pod, (container) => amountsOf(container.resources?.requests));
}

/** The same for comparing nodes: cpu and memory are never nothing. */
export function nonZeroRequestsOf(pod: Pod): { readonly cpu: number; readonly memory: number } {
  const sums = sumOf(pod, (container) => ({
    cpu: nonZeroCpu,
    memory: nonZeroMemory,
    ...amountsOf(container.resources?.requests),
  }));
  return { cpu: sums['cpu'] ?? 0, memory: sums['memory'] ?? 0 };
}

function sumOf(pod: Pod, requestsOfOne: (container: Container) => Amounts): Amounts {
  const running: Sums = {};
  for (const container of pod.spec?.containers ?? []) add(running, requestsOfOne(container));
  const starting: Sums = {};
  const sidecars: Sums = {};
  for (const container of pod.spec?.initContainers ?? []) {
    const requests = requestsOfOne(container);
    if (container.restartPolicy === 'Always') {
      add(running, requests);
      add(sidecars, requests);
      raise(starting, sidecars);
    } else {
      const together: Sums = { ...sidecars };
      add(together, requests);
      raise(starting, together);
    }
  }
  raise(running, starting);
  Object.assign(running, amountsOf(pod.spec?.resources?.requests));
  add(running, amountsOf(pod.spec?.overhead));
  return running;
}
