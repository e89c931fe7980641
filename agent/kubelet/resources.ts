import { milliValue, parseQuantity, quantityValue } from '../../openapi/machinery/quantity.ts';
import type { Container } from '../../openapi/generated/types.ts';
import type { ContainerResources } from '../runtime/driver.ts';

const sharesPerCpu = 1024;
const sharesMin = 2;
const sharesMax = 262_144;
const periodUs = 100_000;
const quotaUsMin = 1000;
/** Enough for any program, and a bound for a fork bomb. */
const pidsMax = 4096;

/** Requests become weight, limits become bounds. A limit without a request counts as one. */
export function containerResources(container: Container): ContainerResources {
  const { limits = {}, requests = {} } = container.resources ?? {};
  const cpuLimit = milliOf(limits['cpu']);
  const cpuRequest = requests['cpu'] === undefined ? cpuLimit : milliOf(requests['cpu']);
  return {
    cpuShares:
      cpuRequest === 0
        ? sharesMin
        : clamp(Math.floor((cpuRequest * sharesPerCpu) / 1000), sharesMin, sharesMax),
    cpuQuotaUs: cpuLimit === 0 ? 0 : Math.max(quotaUsMin, Math.floor((cpuLimit * periodUs) / 1000)),
    cpuPeriodUs: periodUs,
    memoryBytes: limits['memory'] === undefined ? 0 : Number(quantityValue(parseQuantity(limits['memory']))),
    pids: pidsMax,
  };
}

/** Thousandths of a processor; 0 where nothing is said. */
export function milliOf(text: string | undefined): number {
  return text === undefined ? 0 : Number(milliValue(parseQuantity(text)));
}

export function valueOf(text: string | undefined): number {
  return text === undefined ? 0 : Number(quantityValue(parseQuantity(text)));
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}
