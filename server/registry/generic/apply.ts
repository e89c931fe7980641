import { decode, DecodeError } from '../../../openapi/machinery/decode.ts';
import { type JsonObject, isJsonObject } from '../../../openapi/machinery/json.ts';
import { applyObject, type ApplyResult } from '../../../openapi/machinery/managed-fields/apply.ts';
import { checkType } from '../../../openapi/machinery/managed-fields/check-type.ts';
import { conflictError } from '../../../openapi/machinery/managed-fields/conflicts.ts';
import { hasField } from '../../../openapi/machinery/managed-fields/field-set.ts';
import {
  kubectlManager,
  lastAppliedFields,
  withLastApplied,
} from '../../../openapi/machinery/managed-fields/last-applied.ts';
import { noManagers, type Managers } from '../../../openapi/machinery/managed-fields/managers.ts';
import { TypeFault } from '../../../openapi/machinery/managed-fields/path-element.ts';
import {
  updateManagers,
  type Versioned,
  type Write,
} from '../../../openapi/machinery/managed-fields/updater.ts';
import type { KubeObject } from '../../../openapi/machinery/object.ts';
import { apiVersionOf, type Resource } from '../../../openapi/machinery/resource.ts';
import type { KindSchema } from '../../../openapi/machinery/schema.ts';
import { badRequest, StatusError } from '../../../openapi/machinery/status.ts';

/** What somebody applies: any JSON object. */
export interface Configuration {
  readonly applied: JsonObject;
  readonly force: boolean;
}

export interface ApplyTarget {
  readonly resource: Resource;
  readonly schema: KindSchema;
  /** What is there, or the empty object of the kind. */
  readonly live: Versioned;
  readonly managers: Managers;
  /** The empty object of the kind. */
  readonly empty: Versioned;
}

export interface AppliedObject {
  /** Its defaults are not filled in. */
  readonly object: KubeObject;
  readonly managers: Managers;
  readonly isChanged: boolean;
}

const beforeFirstApply = 'before-first-apply';

/** Server-side apply of a configuration to an object. Throws StatusError: 400, 409 with the conflicts, 500 for what has a wrong type. */
export function applyTo(write: Write, target: ApplyTarget, configuration: Configuration): AppliedObject {
  const { applied } = configuration;
  const { live } = target;
  const what = checkConfiguration(target.resource, applied);
  refuseWrongTypes(live, applied, what);
  const managers =
    target.managers.size === 0
      ? updateManagers({ ...write, manager: beforeFirstApply }, target.empty, live, noManagers)
      : target.managers;
  const result = merged(write, live, configuration, managers);
  const isChanged = result.object !== live.object;
  const object = write.manager === kubectlManager ? withLastApplied(result.object, applied) : result.object;
  return { object: decoded(target, object, what), managers: result.managers, isChanged };
}

function merged(
  write: Write,
  live: Versioned,
  { applied, force }: Configuration,
  managers: Managers,
): Exclude<ApplyResult, { readonly conflicts: unknown }> {
  const result = tryApply(write, live, applied, { managers, force });
  if (!('conflicts' in result)) return result;
  const absorbed = write.manager === kubectlManager ? lastAppliedFields(live) : undefined;
  if (absorbed === undefined) throw conflictError(result.conflicts);
  const left = result.conflicts.filter(({ path }) => !hasField(absorbed, path));
  if (left.length > 0) throw conflictError(left);
  return merged(write, live, { applied, force: true }, managers);
}

function tryApply(
  write: Write,
  live: Versioned,
  applied: JsonObject,
  options: { readonly managers: Managers; readonly force: boolean },
): ApplyResult {
  try {
    return applyObject(write, live, applied, options);
  } catch (error) {
    if (error instanceof TypeFault) {
      throw new StatusError('', `failed to merge config: ${error.message}`, { cause: error });
    }
    throw error;
  }
}

/** Throws BadRequest for an object that cannot be applied here. Returns how messages name it. */
function checkConfiguration(resource: Resource, applied: JsonObject): string {
  const { apiVersion, kind, metadata } = applied;
  const stated = typeof apiVersion === 'string' ? apiVersion : '';
  const isVersion = stated.split('/').length <= 2;
  const version = !isVersion ? '/' : stated.includes('/') ? stated : `/${stated}`;
  const type = `${version}, Kind=${isVersion && typeof kind === 'string' ? kind : ''}`;
  if (apiVersion !== apiVersionOf(resource) || kind !== resource.kind) {
    throw badRequest(`invalid object type: ${type}`);
  }
  const { name, namespace, managedFields } = isJsonObject(metadata) ? metadata : {};
  if (Array.isArray(managedFields)) throw badRequest('metadata.managedFields must be nil');
  const place = `${typeof namespace === 'string' ? namespace : ''}/${typeof name === 'string' ? name : ''}`;
  return `${place}; ${type}`;
}

function refuseWrongTypes({ type }: Versioned, applied: JsonObject, what: string): void {
  try {
    checkType(type, applied);
  } catch (error) {
    if (!(error instanceof TypeFault)) throw error;
    throw new StatusError('', `failed to create typed patch object (${what}): ${error.message}`, {
      cause: error,
    });
  }
}

function decoded({ schema, resource }: ApplyTarget, object: JsonObject, what: string): KubeObject {
  try {
    const { object: read } = decode(schema, object, 'conversion');
    return { ...read, apiVersion: apiVersionOf(resource), kind: resource.kind };
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw new StatusError('', `failed to convert new object (${what}) to proper version: ${error.message}`, {
      cause: error,
    });
  }
}
