import { schemaFor } from '../../../openapi/generated/schemas.ts';
import type { JsonObject } from '../../../openapi/machinery/json.ts';
import { everyField } from '../../../openapi/machinery/managed-fields/field-filter.ts';
import {
  noManagers,
  readManagers,
  writeManagers,
  type Managers,
} from '../../../openapi/machinery/managed-fields/managers.ts';
import { TypeFault, type PathElement } from '../../../openapi/machinery/managed-fields/path-element.ts';
import { parentManagers, scaleManagers } from '../../../openapi/machinery/managed-fields/scale.ts';
import { mergeTypeOf } from '../../../openapi/machinery/managed-fields/schema-type.ts';
import {
  updateManagers,
  type Versioned,
  type Write,
} from '../../../openapi/machinery/managed-fields/updater.ts';
import type { KubeObject } from '../../../openapi/machinery/object.ts';
import { apiVersionOf } from '../../../openapi/machinery/resource.ts';
import { conflict, invalid } from '../../../openapi/machinery/status.ts';
import type { ProjectionSubresource, Registered } from '../strategy.ts';
import { parseResourceVersion, type PathOptions, type PathRequest } from './path.ts';
import { entriesOf, withEntries, writeOf } from './track.ts';
import { modifiedMeanwhile, objectHooks, type Change } from './update.ts';

/** A projection, and who owns what of it. */
export interface Projected {
  readonly object: KubeObject;
  readonly managers: Managers;
}

export interface ProjectionChange {
  /** What the request asks for, given the projection of what is stored. Managers: only where something is applied. */
  next(current: Projected): { readonly object: KubeObject; readonly managers?: Managers };
  /** Admission sees the projection, not the object behind it. */
  admit(projection: KubeObject, old: KubeObject): Promise<KubeObject>;
}

/** A write of a projection as a change of the object behind it. */
export function projectionChange(
  options: PathOptions,
  request: PathRequest,
  projection: ProjectionSubresource<KubeObject>,
  change: ProjectionChange,
): Change {
  const { registered, name } = request;
  const pathOf = replicasPaths(options, registered);
  return {
    hooks: objectHooks(request),
    isTracked: true,
    async next(current) {
      const parent = readManagers(entriesOf(current) ?? []);
      const old = { object: projection.read(current), managers: scaleManagers(parent, pathOf) };
      const shown = withEntries(old.object, writeManagers(old.managers));
      const sent = change.next({ ...old, object: shown });
      const managers = sent.managers ?? managersAfter(options, request, projection, { old, sent });
      const wanted = await change.admit(sent.object, old.object);
      const problems = projection.validate?.(wanted) ?? [];
      if (problems.length > 0) throw invalid(projection.resource, name, problems);
      checkIdentity(request, wanted, current);
      const apiVersion = apiVersionOf(registered.resource);
      const after = parentManagers(parent, managers, { apiVersion, pathOf });
      return withEntries(projection.write(current, wanted), writeManagers(after));
    },
  };
}

function checkIdentity({ registered, name }: PathRequest, wanted: KubeObject, current: KubeObject): void {
  const { uid = '', resourceVersion } = wanted.metadata ?? {};
  if (uid !== '' && uid !== current.metadata?.uid) {
    throw conflict(
      registered.resource,
      name,
      `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${current.metadata?.uid ?? ''}`,
    );
  }
  const revision = parseResourceVersion(resourceVersion);
  if (revision !== 0 && revision !== Number(current.metadata?.resourceVersion)) {
    throw conflict(registered.resource, name, modifiedMeanwhile);
  }
}

/** A write of a projection, which has one version only. */
export function projectionWrite(options: PathOptions, request: PathRequest): Write {
  return { ...writeOf(options, request), filter: everyField, convert: () => undefined };
}

export function projectedVersion(
  { resource }: ProjectionSubresource<KubeObject>,
  object: KubeObject,
): Versioned {
  return {
    object: withEntries(object, undefined) as unknown as JsonObject,
    type: mergeTypeOf(schemaFor(resource)),
    apiVersion: apiVersionOf(resource),
  };
}

/** As for whole objects: while nobody owns anything, nobody begins to. */
function managersAfter(
  options: PathOptions,
  request: PathRequest,
  projection: ProjectionSubresource<KubeObject>,
  { old, sent }: { readonly old: Projected; readonly sent: { readonly object: KubeObject } },
): Managers {
  if (old.managers.size === 0) return noManagers;
  const before = projectedVersion(projection, old.object);
  const after = projectedVersion(projection, sent.object);
  try {
    return updateManagers(projectionWrite(options, request), before, after, old.managers);
  } catch (error) {
    if (error instanceof TypeFault) return noManagers;
    throw error;
  }
}

const usualPath: readonly PathElement[] = ['f:spec', 'f:replicas'];

/** Where each served version of a kind has its number of replicas. */
function replicasPaths(
  { registry }: PathOptions,
  { resource }: Registered,
): (apiVersion: string) => readonly PathElement[] | undefined {
  return (apiVersion) => {
    const [first = '', second] = apiVersion.split('/');
    const group = second === undefined ? '' : first;
    if (group !== resource.group) return undefined;
    const served = registry.findKind(group, second ?? first, resource.kind);
    const scale = served?.strategy.subresources?.['scale'];
    if (scale?.form !== 'projection') return undefined;
    return scale.replicasPath?.map((field) => `f:${field}`) ?? usualPath;
  };
}
