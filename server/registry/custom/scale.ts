import type { CustomResourceSubresourceScale, Scale } from '../../../openapi/generated/types.ts';
import { goText } from '../../../openapi/machinery/go-text.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../../openapi/machinery/json.ts';
import type { KubeObject } from '../../../openapi/machinery/object.ts';
import { invalidValue, type FieldError } from '../../../openapi/machinery/status.ts';
import { setOwn } from '../../../openapi/machinery/tree.ts';
import type { ProjectionSubresource } from '../strategy.ts';
import { scales } from '../validation/scale.ts';

type Paths = CustomResourceSubresourceScale;

/** The scale of a custom object, whose numbers stand where the definition says. */
export function customScale(paths: Paths): ProjectionSubresource<KubeObject, Scale> {
  return {
    form: 'projection',
    verbs: ['get', 'patch', 'update'],
    resource: scales,
    missing: (object) =>
      at(object, paths.specReplicasPath) === undefined
        ? `the spec replicas field ${JSON.stringify(paths.specReplicasPath)} does not exist`
        : undefined,
    read(object) {
      const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata ?? {};
      const wanted = numberAt(object, paths.specReplicasPath);
      const selector = at(object, paths.labelSelectorPath ?? '');
      const metadata = { name, namespace, uid, resourceVersion, creationTimestamp };
      return {
        apiVersion: 'autoscaling/v1',
        kind: 'Scale',
        metadata: JSON.parse(JSON.stringify(metadata)) as NonNullable<Scale['metadata']>,
        spec: wanted === 0 ? {} : { replicas: wanted },
        status: {
          replicas: numberAt(object, paths.statusReplicasPath),
          ...(typeof selector === 'string' && selector !== '' ? { selector } : {}),
        },
      };
    },
    replicasPath: split(paths.specReplicasPath),
    write: (object, scale) =>
      setAt(object as unknown as JsonObject, split(paths.specReplicasPath), scale.spec?.replicas ?? 0),
  };
}

const int32Max = 2 ** 31 - 1;

/** Faults of the wanted number. */
export function scaleSpecProblems(object: KubeObject, paths: Paths): readonly FieldError[] {
  return replicasProblems(object, paths.specReplicasPath);
}

/** Faults of the number and of the selector that the status shows. */
export function scaleStatusProblems(object: KubeObject, paths: Paths): readonly FieldError[] {
  const { labelSelectorPath: path = '' } = paths;
  const found: Found = path === '' ? {} : find(object, path);
  const fault = found.fault ?? faultUnless(typeof found.value === 'string', path, found.value, 'string');
  return [
    ...replicasProblems(object, paths.statusReplicasPath),
    ...(fault === undefined ? [] : [invalidValue(path, '', fault)]),
  ];
}

function replicasProblems(object: KubeObject, path: string): readonly FieldError[] {
  const { value, fault } = find(object, path);
  const wrong = fault ?? faultUnless(isInt64(value), path, value, 'int64');
  if (wrong !== undefined) return [invalidValue(path, 0, wrong)];
  if (typeof value !== 'number') return [];
  if (value < 0) return [invalidValue(path, value, 'should be a non-negative integer')];
  return value > int32Max ? [invalidValue(path, value, `should be less than or equal to ${int32Max}`)] : [];
}

function isInt64(value: JsonValue | undefined): boolean {
  return typeof value === 'number' && Number.isInteger(value) && Math.abs(value) < 2 ** 63;
}

function faultUnless(
  fits: boolean,
  path: string,
  value: JsonValue | undefined,
  wanted: string,
): string | undefined {
  return fits || value === undefined ? undefined : wrongType(path, value, wanted);
}

function wrongType(path: string, value: JsonValue, wanted: string): string {
  return `${path} accessor error: ${goText(value)} is of the type ${goType(value)}, expected ${wanted}`;
}

function goType(value: JsonValue): string {
  if (typeof value === 'number') return isInt64(value) ? 'int64' : 'float64';
  if (typeof value === 'boolean') return 'bool';
  if (Array.isArray(value)) return '[]interface {}';
  return value === null ? '<nil>' : typeof value === 'string' ? 'string' : 'map[string]interface {}';
}

interface Found {
  readonly value?: JsonValue | undefined;
  /** What stands in the way is no object. */
  readonly fault?: string;
}

function find(object: KubeObject, path: string): Found {
  let value: JsonValue | undefined = object as unknown as JsonValue;
  for (const name of split(path)) {
    if (value === undefined) return {};
    if (!isJsonObject(value)) return { fault: wrongType(path, value, 'map[string]interface{}') };
    value = Object.hasOwn(value, name) ? value[name] : undefined;
  }
  return { value };
}

function split(path: string): readonly string[] {
  return path.replace(/^\./, '').split('.');
}

function numberAt(object: KubeObject, path: string): number {
  const value = at(object, path);
  return typeof value === 'number' ? value : 0;
}

function at(object: KubeObject, path: string): JsonValue | undefined {
  return find(object, path).value;
}

function setAt(object: JsonObject, [name = '', ...rest]: readonly string[], value: JsonValue): JsonObject {
  const copy: Record<string, JsonValue | undefined> = { ...object };
  const below = object[name];
  setOwn(copy, name, rest.length === 0 ? value : setAt(isJsonObject(below) ? below : {}, rest, value));
  return copy;
}
