import { isJsonObject, type JsonObject } from '../../../openapi/machinery/json.ts';
import { readManagers, writeManagers } from '../../../openapi/machinery/managed-fields/managers.ts';
import type { KubeObject } from '../../../openapi/machinery/object.ts';
import { ParseError, parseYaml, strictFaults, type Parsed } from '../../../openapi/machinery/parse.ts';
import { jsonKind } from '../../../openapi/machinery/patch/patch-error.ts';
import { badRequest, conflict } from '../../../openapi/machinery/status.ts';
import { applyTo } from '../../registry/generic/apply.ts';
import type { PathRequest } from '../../registry/generic/path.ts';
import { emptyObject, entriesOf, versionedOf, withEntries, writeOf } from '../../registry/generic/track.ts';
import { objectHooks, updateObject, type UpdateHooks } from '../../registry/generic/update.ts';
import { complete } from '../codec/complete.ts';
import { negotiateOutput, type OutputType } from '../codec/negotiate.ts';
import { parseWriteOptions, type WriteOptions } from '../codec/write-options.ts';
import { headerText, type Answer } from '../exchange.ts';
import { authorizeVerb } from '../filters/authorize.ts';
import { objectAnswer } from './answer.ts';
import { pathRequest, type Call } from './context.ts';
import { checkName } from './update.ts';

const applyType = 'application/apply-patch+yaml';

/** Whether a PATCH is server-side apply. */
export function isApply({ exchange }: Call): boolean {
  return (headerText(exchange, 'content-type').split(';')[0] ?? '').trim() === applyType;
}

export interface ApplyCall {
  readonly options: WriteOptions;
  readonly output: OutputType;
  /** What is applied. Throws BadRequest for a body that is no object. */
  configuration(): JsonObject;
  /** Tells of doubled keys as the client wishes, once the configuration has been applied. Throws BadRequest. */
  checkStrict(): void;
}

/** What every apply begins with. Throws StatusError. */
export async function beginApply(call: Call, tables: boolean): Promise<ApplyCall> {
  const { exchange, info, warnings } = call;
  const output = negotiateOutput(exchange, { tables, streams: false });
  const bytes = await exchange.readBody();
  const options = parseWriteOptions('PatchOptions', info.query, true);
  let parsed: Parsed | undefined;
  return {
    options,
    output,
    configuration: () => objectOf((parsed ??= parseConfiguration(bytes))),
    checkStrict() {
      if (parsed === undefined || options.fieldValidation === 'Ignore') return;
      const { yamlFaults = [] } = parsed;
      if (options.fieldValidation === 'Warn') for (const fault of yamlFaults) warnings.add(fault);
      const faults = strictFaults(parsed, []);
      if (options.fieldValidation === 'Strict' && faults.length > 0) {
        throw badRequest(`error strict decoding YAML: error converting YAML to JSON: ${faults.join(', ')}`);
      }
    },
  };
}

function parseConfiguration(bytes: Uint8Array): Parsed {
  try {
    return parseYaml(bytes, { largeIntegers: 'note' });
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    throw badRequest(`error decoding YAML: error converting YAML to JSON: ${error.message}`);
  }
}

function objectOf({ value }: Parsed): JsonObject {
  if (value === null) return {};
  if (isJsonObject(value)) return value;
  throw badRequest(
    `error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal ${jsonKind(value)} into Go value of type map[string]interface {}`,
  );
}

/** Server-side apply of an object, which creates it too, or of a part of it whose `hooks` are given. */
export async function handleApply(call: Call, hooks?: UpdateHooks): Promise<Answer> {
  const apply = await beginApply(call, true);
  const { environment, info, user } = call;
  const request = pathRequest(call, apply.options.dryRun);
  const { answer, created } = await updateObject(environment, request, {
    next: (current) => applied(call, request, apply, current),
    hooks: hooks ?? objectHooks(request),
    isPatch: true,
    isTracked: true,
    ...(hooks !== undefined
      ? {}
      : {
          creates: {
            make: () => applied(call, request, apply, undefined),
            authorize() {
              authorizeVerb(environment.authorizer, user, info, 'create');
            },
            always: true,
          },
        }),
  });
  return objectAnswer(call, apply.output, created ? 201 : 200, answer);
}

/** The object that comes of it, with its managers. `current` is undefined for one that does not exist. */
function applied(
  { environment, registered, info }: Call,
  request: PathRequest,
  apply: ApplyCall,
  current: KubeObject | undefined,
): KubeObject {
  const empty = emptyObject(registered);
  const result = applyTo(
    writeOf(environment, request),
    {
      resource: registered.resource,
      schema: registered.schema,
      live: current === undefined ? empty : versionedOf(registered, current),
      managers: readManagers(entriesOf(current) ?? []),
      empty,
    },
    { applied: apply.configuration(), force: apply.options.force },
  );
  apply.checkStrict();
  refuseUid(current, result.object, request);
  checkName(result.object, info.name, request.namespace);
  const object = current !== undefined && !result.isChanged ? current : complete(registered, result.object);
  return withEntries(object, writeManagers(result.managers));
}

/** A uid can only be that of an object that is there. */
function refuseUid(
  current: KubeObject | undefined,
  { metadata }: KubeObject,
  { registered, name }: PathRequest,
): void {
  const uid = metadata?.uid ?? '';
  if (current !== undefined || uid === '') return;
  const why = `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`;
  throw conflict(registered.resource, name, why);
}
