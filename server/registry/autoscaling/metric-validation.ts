import type { MetricSpec } from '../../../openapi/generated/types.ts';
import { milliValue, parseQuantity } from '../../../openapi/machinery/quantity.ts';
import {
  type FieldError,
  forbiddenField,
  invalidValue,
  required,
} from '../../../openapi/machinery/status.ts';
import { notSupported, texts } from '../validation/field-errors.ts';
import { dnsLabel, pathSegment } from '../validation/names.ts';
import { containerResourceName } from '../validation/resource-names.ts';

interface Reference {
  readonly kind?: string;
  readonly name?: string;
  readonly apiVersion?: string;
}

/** What is scaled, or what a metric is about. */
export function referenceFaults(path: string, ref: Reference, grouped = false): FieldError[] {
  const named = (['kind', 'name'] as const).flatMap((field) => {
    const value = ref[field] ?? '';
    return value === '' ? [required(`${path}.${field}`)] : texts(`${path}.${field}`, value, pathSegment);
  });
  const version = ref.apiVersion ?? '';
  if (version.split('/').length <= 2) {
    if (!grouped || version.includes('/')) return named;
    return [...named, invalidValue(`${path}.apiVersion`, version, 'apiVersion must specify API group')];
  }
  return [
    ...named,
    invalidValue(`${path}.apiVersion`, version, `unexpected GroupVersion string: ${version}`),
  ];
}

type Source = 'object' | 'external' | 'pods' | 'resource' | 'containerResource';

/** In the order that kube-apiserver looks at them: of several sources only the first is checked. */
const sources: readonly Source[] = ['object', 'external', 'pods', 'resource', 'containerResource'];
const sourceOf: Readonly<Record<string, Source>> = {
  ContainerResource: 'containerResource',
  External: 'external',
  Object: 'object',
  Pods: 'pods',
  Resource: 'resource',
};

export function metricFaults(path: string, metric: MetricSpec): FieldError[] {
  const type = (metric.type as string | undefined) ?? '';
  const expected = Object.hasOwn(sourceOf, type) ? sourceOf[type] : undefined;
  const unknown = notSupported(`${path}.type`, type, Object.keys(sourceOf).sort());
  const given = sources.filter((source) => metric[source] !== undefined);
  const faults: FieldError[] = [];
  if (type === '') faults.push(required(`${path}.type`, 'must specify a metric source type'));
  if (expected === undefined) faults.push(unknown);
  if (given[0] !== undefined) faults.push(...sourceFaults(`${path}.${given[0]}`, given[0], metric));
  if (expected === undefined) faults.push(unknown);
  else if (metric[expected] === undefined) {
    faults.push(required(`${path}.${expected}`, 'must populate information for the given metric source'));
  }
  if (given.length === 1) return faults;
  const others = given.filter((source) => source !== expected);
  return [
    ...faults,
    ...others.map((each) => forbiddenField(`${path}.${each}`, 'must populate the given metric source only')),
  ];
}

function sourceFaults(path: string, source: Source, metric: MetricSpec): FieldError[] {
  const { object, external, pods, resource, containerResource } = metric;
  if (source === 'object' && object !== undefined) {
    return [
      ...referenceFaults(`${path}.describedObject`, object.describedObject),
      ...identifierFaults(`${path}.metric`, object.metric),
      ...targetFaults(`${path}.target`, object.target),
      ...eitherValue(path, object.target, 'must set either a target value or averageValue'),
    ];
  }
  if (source === 'external' && external !== undefined) return externalFaults(path, external);
  if (source === 'pods' && pods !== undefined) {
    return [
      ...identifierFaults(`${path}.metric`, pods.metric),
      ...targetFaults(`${path}.target`, pods.target),
      ...((pods.target as Target)?.averageValue === undefined
        ? [required(`${path}.target.averageValue`, 'must specify a positive target averageValue')]
        : []),
    ];
  }
  if (containerResource !== undefined && source === 'containerResource') {
    return containerFaults(path, containerResource);
  }
  return resource === undefined ? [] : resourceFaults(path, resource);
}

type Target = Partial<NonNullable<MetricSpec['resource']>['target']> | undefined;

function eitherValue(path: string, target: Target, text: string): FieldError[] {
  return target?.value === undefined && target?.averageValue === undefined
    ? [required(`${path}.target.averageValue`, text)]
    : [];
}

function externalFaults(path: string, { metric, target }: NonNullable<MetricSpec['external']>): FieldError[] {
  const given = target as Target;
  const both = given?.value !== undefined && given.averageValue !== undefined;
  const text = 'may not set both a target value for metric and a per-pod target';
  return [
    ...identifierFaults(`${path}.metric`, metric),
    ...targetFaults(`${path}.target`, target),
    ...eitherValue(path, target, 'must set either a target value for metric or a per-pod target'),
    ...(both ? [forbiddenField(`${path}.target.value`, text)] : []),
  ];
}

function containerFaults(path: string, source: NonNullable<MetricSpec['containerResource']>): FieldError[] {
  const { name = '', container = '' } = source as Partial<typeof source>;
  return [
    ...(name === ''
      ? [required(`${path}.name`, 'must specify a resource name')]
      : containerResourceName(`${path}.name`, name)),
    ...(container === ''
      ? [required(`${path}.container`, 'must specify a container')]
      : texts(`${path}.container`, container, dnsLabel)),
    ...utilizationFaults(`${path}.target`, source.target),
  ];
}

function resourceFaults(path: string, { name, target }: NonNullable<MetricSpec['resource']>): FieldError[] {
  return [
    ...(((name as string | undefined) ?? '') === ''
      ? [required(`${path}.name`, 'must specify a resource name')]
      : []),
    ...utilizationFaults(`${path}.target`, target),
  ];
}

function utilizationFaults(path: string, target: Target): FieldError[] {
  const { averageUtilization, averageValue } = target ?? {};
  const faults = targetFaults(path, target);
  if (averageUtilization === undefined && averageValue === undefined) {
    const text = 'must set either a target raw value or a target utilization';
    faults.push(required(`${path}.averageUtilization`, text));
  }
  if (averageUtilization !== undefined && averageValue !== undefined) {
    const text = 'may not set both a target raw value and a target utilization';
    faults.push(forbiddenField(`${path}.averageValue`, text));
  }
  return faults;
}

function targetFaults(path: string, target: Target): FieldError[] {
  const { type = '', averageUtilization } = target ?? {};
  const faults = type === '' ? [required(`${path}.type`, 'must specify a metric target type')] : [];
  if (!['Utilization', 'Value', 'AverageValue'].includes(type)) {
    faults.push(invalidValue(`${path}.type`, type, 'must be either Utilization, Value, or AverageValue'));
  }
  for (const field of ['value', 'averageValue'] as const) {
    const value = target?.[field];
    if (value !== undefined && milliValue(parseQuantity(value)) <= 0n) {
      faults.push(invalidValue(`${path}.${field}`, value, 'must be positive'));
    }
  }
  if (averageUtilization !== undefined && averageUtilization < 1) {
    faults.push(invalidValue(`${path}.averageUtilization`, averageUtilization, 'must be greater than 0'));
  }
  return faults;
}

function identifierFaults(path: string, metric: { readonly name?: string } | undefined): FieldError[] {
  const name = metric?.name ?? '';
  if (name === '') return [required(`${path}.name`, 'must specify a metric name')];
  return texts(`${path}.name`, name, pathSegment);
}
