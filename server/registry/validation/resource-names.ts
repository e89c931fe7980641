import {
  QuantityError,
  milliValue,
  parseQuantity,
  quantityValue,
} from '../../../openapi/machinery/quantity.ts';
import { type FieldError, invalidValue } from '../../../openapi/machinery/status.ts';
import { notSupported, texts } from './field-errors.ts';
import { qualifiedName } from './names.ts';

const compute = ['cpu', 'memory', 'ephemeral-storage'];
const quotaNames: readonly string[] = [
  ...compute,
  'requests.cpu',
  'requests.memory',
  'requests.storage',
  'requests.ephemeral-storage',
  'limits.cpu',
  'limits.memory',
  'limits.ephemeral-storage',
  'pods',
  'resourcequotas',
  'services',
  'replicationcontrollers',
  'secrets',
  'persistentvolumeclaims',
  'configmaps',
  'services.nodeports',
  'services.loadbalancers',
];
const standardNames: readonly string[] = [...quotaNames, 'storage'];
const integerNames: readonly string[] = [
  'pods',
  'resourcequotas',
  'services',
  'replicationcontrollers',
  'secrets',
  'configmaps',
  'persistentvolumeclaims',
  'services.nodeports',
  'services.loadbalancers',
];

function isStandard(name: string): boolean {
  return (
    standardNames.includes(name) || name.startsWith('hugepages-') || name.startsWith('requests.hugepages-')
  );
}

/** Any name of a resource: a known one, or one with a domain before it. */
export function resourceName(path: string, name: string): FieldError[] {
  const faults = texts(path, name, qualifiedName);
  if (faults.length > 0 || name.includes('/') || isStandard(name)) return faults;
  return [invalidValue(path, name, 'must be a standard resource type or fully qualified')];
}

export function containerResourceName(path: string, name: string): FieldError[] {
  const faults = resourceName(path, name);
  if (!name.includes('/')) {
    if (compute.includes(name) || name.startsWith('hugepages-')) return faults;
    return [...faults, invalidValue(path, name, 'must be a standard resource for containers')];
  }
  if (isNative(name) || isExtended(name)) return faults;
  return [...faults, invalidValue(path, name, "doesn't follow extended resource name standard")];
}

/** What a pod as a whole may be given. */
export function podLevelResourceName(path: string, name: string): FieldError[] {
  const faults = resourceName(path, name);
  if (faults.length > 0 || name === 'cpu' || name === 'memory' || name.startsWith('hugepages-'))
    return faults;
  return [notSupported(path, name, ['cpu', 'hugepages-', 'memory'])];
}

/** A warning of an amount of bytes that is no whole number. */
export function fractionalBytes(path: string, value: string): readonly string[] {
  if (milliValue(parseQuantity(value)) % 1000n === 0n) return [];
  return [`${path}: fractional byte value ${JSON.stringify(value)} is invalid, must be an integer`];
}

/** Huge pages come whole. */
export function hugePageFaults(path: string, name: string, value: string): FieldError[] {
  if (!name.startsWith('hugepages-')) return [];
  const size = pageSize(name.slice('hugepages-'.length));
  const amount = quantityValue(parseQuantity(value));
  if (size !== undefined && size > 0n && amount % size === 0n) return [];
  return [invalidValue(path, value, `${value} is not positive integer multiple of ${name}`)];
}

function pageSize(text: string): bigint | undefined {
  try {
    return quantityValue(parseQuantity(text));
  } catch (error) {
    if (error instanceof QuantityError) return undefined;
    throw error;
  }
}

export function quotaResourceName(path: string, name: string): FieldError[] {
  const faults = resourceName(path, name);
  if (name.includes('/') || quotaNames.includes(name) || /^(requests\.)?hugepages-/.test(name)) return faults;
  if (name.startsWith('count/')) return faults;
  return [...faults, invalidValue(path, name, 'must be a standard resource for quota')];
}

/** Without a domain, or with one of kubernetes.io. */
export function isNative(name: string): boolean {
  return !name.includes('/') || name.includes('kubernetes.io/');
}

/** What devices offer: example.com/gpu. Whole numbers, never overcommitted. */
export function isExtended(name: string): boolean {
  if (isNative(name) || name.startsWith('requests.')) return false;
  return qualifiedName(`requests.${name}`).length === 0;
}

export function isHugePages(name: string): boolean {
  return name.startsWith('hugepages-');
}

export function overcommits(name: string): boolean {
  return isNative(name) && !name.startsWith('hugepages-');
}

/** Not negative, and whole where the resource is counted. */
export function resourceQuantity(path: string, name: string, value: string): FieldError[] {
  const faults = quantityNotNegative(path, value);
  const whole = integerNames.includes(name) || isExtended(name);
  if (whole && milliValue(parseQuantity(value)) % 1000n !== 0n)
    faults.push(invalidValue(path, value, 'must be an integer'));
  return faults;
}

export function quantityNotNegative(path: string, value: string): FieldError[] {
  return parseQuantity(value).digits >= 0n
    ? []
    : [invalidValue(path, value, 'must be greater than or equal to 0')];
}
