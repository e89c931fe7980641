import { ingressClasses } from '../../../openapi/generated/resources.ts';
import type { IngressClass } from '../../../openapi/generated/types.ts';
import { type FieldError, forbiddenField, required, tooLong } from '../../../openapi/machinery/status.ts';
import { specChanged } from '../spec-changed.ts';
import type { Strategy } from '../strategy.ts';
import { ingressClassTable } from '../table/others.ts';
import { oneOf, texts, unchanged } from '../validation/field-errors.ts';
import { dnsSubdomain, pathSegment } from '../validation/names.ts';

const controllerBytesMax = 250;

export const ingressClassStrategy: Strategy<IngressClass> = {
  resource: ingressClasses,
  defaults: (object) =>
    object.spec?.parameters === undefined
      ? object
      : {
          ...object,
          spec: {
            ...object.spec,
            parameters: { ...object.spec.parameters, scope: object.spec.parameters.scope ?? 'Cluster' },
          },
        },
  validate: classFaults,
  validateUpdate: (object, old) => [
    ...unchanged('spec.controller', object.spec?.controller, old.spec?.controller),
    ...classFaults(object),
  ],
  generationGrows: specChanged,
  table: ingressClassTable,
};

function classFaults({ spec }: IngressClass): FieldError[] {
  const { controller = '', parameters } = spec ?? {};
  const faults: FieldError[] = [];
  if (controller.length > controllerBytesMax) faults.push(tooLong('spec.controller', controllerBytesMax));
  faults.push(...domainPathFaults('spec.controller', controller));
  if (parameters === undefined) return faults;
  const path = 'spec.parameters';
  const { kind, name, scope, namespace } = parameters;
  if (kind === '') faults.push(required(`${path}.kind`));
  else faults.push(...texts(`${path}.kind`, kind, pathSegment));
  if (name === '') faults.push(required(`${path}.name`));
  else faults.push(...texts(`${path}.name`, name, pathSegment));
  faults.push(...oneOf(`${path}.scope`, scope, ['Cluster', 'Namespace']));
  if (scope === 'Namespace' && (namespace ?? '') === '') {
    faults.push(required(`${path}.namespace`, "`parameters.scope` is set to 'Namespace'"));
  }
  if (scope === 'Cluster' && namespace !== undefined) {
    faults.push(forbiddenField(`${path}.namespace`, "`parameters.scope` is set to 'Cluster'"));
  }
  return faults;
}

/** "example.com/controller": a domain, a slash and a path. */
function domainPathFaults(path: string, value: string): FieldError[] {
  if (value === '') return [required(path)];
  const slash = value.indexOf('/');
  const host = slash === -1 ? value : value.slice(0, slash);
  const rest = slash === -1 ? '' : value.slice(slash + 1);
  const text = 'must be a domain-prefixed path (such as "acme.io/foo")';
  if (host === '' || rest === '') {
    return [
      {
        field: path,
        reason: 'FieldValueInvalid',
        message: `Invalid value: ${JSON.stringify(value)}: ${text}`,
      },
    ];
  }
  return texts(path, host, dnsSubdomain);
}
