import {
  parseQuantity,
  compareQuantities,
  quantityOf,
  type Quantity,
} from '../../openapi/machinery/quantity.ts';
import type { Container, Pod } from '../../openapi/generated/types.ts';
import { appContainers, initContainers } from './pod.ts';

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort';

const counted = ['cpu', 'memory'] as const;
const zero = quantityOf(0n);

/** Guaranteed: every container has limits of processor and memory, and requests none but those. BestEffort: nothing is asked. */
export function qosClass(pod: Pod): QosClass {
  const containers = [...initContainers(pod), ...appContainers(pod)];
  const asked = containers.some((container) => counted.some((name) => isPositive(container, name)));
  if (!asked) return 'BestEffort';
  return containers.every(isGuaranteed) ? 'Guaranteed' : 'Burstable';
}

function isPositive({ resources }: Container, name: string): boolean {
  return [resources?.requests?.[name], resources?.limits?.[name]].some(
    (text) => text !== undefined && compareQuantities(parseQuantity(text), zero) > 0,
  );
}

function isGuaranteed({ resources }: Container): boolean {
  return counted.every((name) => {
    const limit = quantity(resources?.limits?.[name]);
    if (limit === undefined || compareQuantities(limit, zero) <= 0) return false;
    const request = quantity(resources?.requests?.[name]);
    return request === undefined || compareQuantities(request, limit) === 0;
  });
}

function quantity(text: string | undefined): Quantity | undefined {
  return text === undefined ? undefined : parseQuantity(text);
}
