import { schemaFor } from '../../../openapi/generated/schemas.ts';
import type { KubeObject } from '../../../openapi/machinery/object.ts';
import type { Resource } from '../../../openapi/machinery/resource.ts';
import { internalError } from '../../../openapi/machinery/status.ts';
import { mutate, validate } from '../../admission/chain.ts';
import { applyTo } from '../../registry/generic/apply.ts';
import { defaultStatus, partHooks } from '../../registry/generic/part.ts';
import {
  projectedVersion,
  projectionChange,
  projectionWrite,
  type ProjectionChange,
} from '../../registry/generic/projection.ts';
import { readObject } from '../../registry/generic/read.ts';
import { updateObject } from '../../registry/generic/update.ts';
import type {
  ActionSubresource,
  ProjectionSubresource,
  ServedSubresource,
  Subresource,
} from '../../registry/strategy.ts';
import { decodeBody } from '../codec/body.ts';
import { withSchemaDefaults } from '../codec/complete.ts';
import { negotiateInput, negotiateOutput, type OutputType } from '../codec/negotiate.ts';
import { parseWriteOptions, type WriteOptions } from '../codec/write-options.ts';
import type { Answer } from '../exchange.ts';
import { plainAnswer } from './answer.ts';
import { beginApply, isApply } from './apply.ts';
import { admissionRequest, contextOf, pathRequest, type Call } from './context.ts';
import { beginPatch, handlePatch } from './patch.ts';
import { patchObject } from './patch-body.ts';
import { handleGet } from './read.ts';
import { checkName, handleUpdate, refuseOtherNamespace } from './update.ts';

/** The behaviour of a served subresource; undefined for those that are not the registry's: log, exec, proxy. */
export function subresourceOf(call: Call, served: ServedSubresource): Subresource<KubeObject> | undefined {
  const own = call.registered.strategy.subresources?.[served.name];
  return own ?? (served.name === 'status' ? defaultStatus : undefined);
}

/** A request of a subresource that the registry serves, by its form and verb. */
export async function handleSubresource(call: Call, subresource: Subresource<KubeObject>): Promise<Answer> {
  const { verb } = call.info;
  if (subresource.form === 'action') return await handleAction(call, subresource);
  if (subresource.form === 'projection') {
    if (verb === 'get') return await getProjection(call, subresource);
    if (verb === 'update') return await updateProjection(call, subresource);
    return await patchProjection(call, subresource);
  }
  if (verb === 'get') return await handleGet(call);
  const isStatus = call.info.subresource === 'status';
  const hooks = partHooks(pathRequest(call, false), subresource, !isStatus);
  return verb === 'update' ? await handleUpdate(call, hooks) : await handlePatch(call, hooks);
}

async function getProjection(call: Call, projection: ProjectionSubresource<KubeObject>): Promise<Answer> {
  const output = negotiateOutput(call.exchange, { tables: false, streams: false });
  const version = call.info.query.get('resourceVersion') ?? undefined;
  const stored = await readObject(call.environment, pathRequest(call, false), version);
  const object = stored.object();
  const missing = projection.missing?.(object);
  if (missing !== undefined) throw internalError(missing);
  return plainAnswer(output, 200, projection.read(object));
}

async function updateProjection(call: Call, projection: ProjectionSubresource<KubeObject>): Promise<Answer> {
  const { exchange, info } = call;
  const output = negotiateOutput(exchange, { tables: false, streams: false });
  const bytes = await exchange.readBody();
  const options = parseWriteOptions('UpdateOptions', info.query);
  const sent = decodeBody(negotiateInput(exchange), bytes, expected(call, projection.resource, options));
  checkName(sent, info.name, info.namespace);
  return await writeProjection(call, projection, { output, options }, () => ({ object: sent }));
}

async function patchProjection(call: Call, projection: ProjectionSubresource<KubeObject>): Promise<Answer> {
  if (isApply(call)) return await applyProjection(call, projection);
  const { kind, patch, options, output } = await beginPatch(call);
  const target = expected(call, projection.resource, options);
  return await writeProjection(call, projection, { output, options }, (current) => {
    const patched = patchObject(kind, patch, current.object, target);
    checkName(patched, call.info.name, call.info.namespace);
    return { object: patched };
  });
}

async function applyProjection(call: Call, projection: ProjectionSubresource<KubeObject>): Promise<Answer> {
  const { environment, info } = call;
  const { resource } = projection;
  const apply = await beginApply(call, false);
  const write = projectionWrite(environment, pathRequest(call, apply.options.dryRun));
  return await writeProjection(call, projection, apply, (current) => {
    const live = projectedVersion(projection, current.object);
    const empty = { ...live, object: {} };
    const target = { resource, schema: schemaFor(resource), live, empty, managers: current.managers };
    const configuration = { applied: apply.configuration(), force: apply.options.force };
    const { object, managers } = applyTo(write, target, configuration);
    apply.checkStrict();
    checkName(object, info.name, info.namespace);
    return { object, managers };
  });
}

async function writeProjection(
  call: Call,
  projection: ProjectionSubresource<KubeObject>,
  { output, options }: { readonly output: OutputType; readonly options: WriteOptions },
  next: ProjectionChange['next'],
): Promise<Answer> {
  const { environment } = call;
  const whole = pathRequest(call, options.dryRun);
  // Admission sees the projection, in projectionChange; the object behind it changes without being asked about again.
  const request = {
    ...whole,
    admit: {
      ...whole.admit,
      mutate: (_operation: unknown, object: KubeObject | undefined) => Promise.resolve(object),
      validate: () => Promise.resolve(),
    },
  };
  const change = projectionChange(environment, request, projection, {
    next,
    async admit(wanted, old) {
      const asked = admissionRequest(call, {
        operation: 'UPDATE',
        object: wanted,
        oldObject: old,
        dryRun: options.dryRun,
        subresource: call.info.subresource,
        resource: call.registered.resource,
      });
      const admitted = (await mutate(environment.admission, asked)) ?? wanted;
      await validate(environment.admission, { ...asked, object: admitted });
      return admitted;
    },
  });
  const { answer } = await updateObject(environment, request, change);
  return plainAnswer(output, 200, projection.read(answer.object()));
}

async function handleAction(call: Call, action: ActionSubresource): Promise<Answer> {
  const { exchange, info, environment } = call;
  const output = negotiateOutput(exchange, { tables: false, streams: false });
  const codec = negotiateInput(exchange);
  const bytes = await exchange.readBody();
  const options = parseWriteOptions('CreateOptions', info.query);
  const wanted = expected(call, action.resource, options);
  const decoded = decodeBody(codec, bytes, {
    ...wanted,
    ...(action.acceptedVersions === undefined ? {} : { otherVersions: action.acceptedVersions }),
  });
  const body = withSchemaDefaults(wanted.schema, decoded);
  refuseOtherNamespace(body, info.namespace);
  const answer = await action.create({
    key: { name: info.name, ...(info.namespace === '' ? {} : { namespace: info.namespace }) },
    body,
    context: contextOf(call, options.dryRun),
    async admit(object) {
      const asked = admissionRequest(call, {
        operation: 'CREATE',
        object,
        oldObject: undefined,
        dryRun: options.dryRun,
        subresource: info.subresource,
        resource: call.registered.resource,
      });
      await mutate(environment.admission, asked);
      await validate(environment.admission, asked);
    },
  });
  return plainAnswer(output, 201, answer);
}

function expected(call: Call, resource: Resource, options: WriteOptions): Parameters<typeof patchObject>[3] {
  return {
    kind: resource,
    schema: schemaFor(resource),
    fieldValidation: options.fieldValidation,
    warn: (text) => {
      call.warnings.add(text);
    },
  };
}
