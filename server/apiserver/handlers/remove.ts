import { schemaFor } from '../../../openapi/generated/schemas.ts';
import type { KubeObject } from '../../../openapi/machinery/object.ts';
import { invalid, invalidValue, type FieldError } from '../../../openapi/machinery/status.ts';
import { parseInteger, parseListOptions } from '../../registry/generic/list-options.ts';
import { removeCollection } from '../../registry/generic/remove-collection.ts';
import { removeObject, type Removed } from '../../registry/generic/remove.ts';
import type { DeleteOptions, Preconditions } from '../../registry/strategy.ts';
import { decodeBody } from '../codec/body.ts';
import { negotiateInput, negotiateOutput, type OutputType } from '../codec/negotiate.ts';
import { dryRunProblems, unsupportedValue } from '../codec/write-options.ts';
import type { Answer } from '../exchange.ts';
import { listAnswer, objectAnswer, plainAnswer } from './answer.ts';
import { pathRequest, type Call } from './context.ts';

interface Wish extends DeleteOptions {
  readonly dryRun: boolean;
  /** For those who are asked about the deletion. */
  readonly sent: object;
}

export async function handleDelete(call: Call): Promise<Answer> {
  const output = negotiateOutput(call.exchange, { tables: true, streams: false });
  const wish = await wishOf(call);
  const removed = await removeObject(call.environment, pathRequest(call, wish.dryRun, '', wish.sent), wish);
  return removedAnswer(call, output, removed, wish);
}

function removedAnswer(call: Call, output: OutputType, removed: Removed, wish: Wish): Answer {
  const accepted = !removed.gone && wish.orphanDependents === false ? 202 : 200;
  if (removed.showsObject) {
    return objectAnswer(call, output, accepted, removed.answer);
  }
  const { resource } = call.registered;
  const { name = '', uid = '' } = removed.answer.object().metadata ?? {};
  return plainAnswer(output, accepted, {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: {
      name,
      ...(resource.group === '' ? {} : { group: resource.group }),
      kind: resource.plural,
      ...(uid === '' ? {} : { uid }),
    },
  });
}

export async function handleDeleteCollection(call: Call): Promise<Answer> {
  const output = negotiateOutput(call.exchange, { tables: true, streams: false });
  const options = parseListOptions(call.registered, call.info.query, { name: '', watch: false });
  const wish = await wishOf(call);
  const request = pathRequest(call, wish.dryRun, '', wish.sent);
  return listAnswer(call, output, await removeCollection(call.environment, request, options, wish));
}

const optionsKind = { group: '', version: 'v1', kind: 'DeleteOptions' };

/** The options of the body; with an empty body, of the query. Throws BadRequest or Invalid. */
async function wishOf(call: Call): Promise<Wish> {
  const bytes = await call.exchange.readBody();
  const raw = bytes.length > 0 ? bodyOptions(call, bytes) : queryOptions(call.info.query);
  const problems = optionProblems(raw);
  if (problems.length > 0) {
    throw invalid({ group: 'meta.k8s.io', plural: '', kind: 'DeleteOptions' }, '', problems);
  }
  return {
    dryRun: (raw.dryRun ?? []).length > 0,
    sent: withoutKind(raw),
    ...(raw.gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds: raw.gracePeriodSeconds }),
    ...(raw.orphanDependents === undefined ? {} : { orphanDependents: raw.orphanDependents }),
    ...(raw.propagationPolicy === undefined
      ? {}
      : { propagationPolicy: raw.propagationPolicy as NonNullable<DeleteOptions['propagationPolicy']> }),
    ...(raw.preconditions === undefined ? {} : { preconditions: raw.preconditions }),
  };
}

function withoutKind(raw: RawOptions & KubeObject): object {
  const { kind: _kind, apiVersion: _apiVersion, metadata: _metadata, ...sent } = raw;
  return sent;
}

/** metav1.DeleteOptions as sent. */
interface RawOptions {
  readonly gracePeriodSeconds?: number;
  readonly orphanDependents?: boolean;
  readonly propagationPolicy?: string;
  readonly preconditions?: Preconditions;
  readonly dryRun?: readonly string[];
}

function bodyOptions(call: Call, bytes: Uint8Array): RawOptions {
  const codec = negotiateInput(call.exchange);
  return decodeBody(codec, bytes, {
    kind: optionsKind,
    schema: schemaFor(optionsKind),
    fieldValidation: 'Ignore',
    warn: () => undefined,
    isOptions: true,
  }) as KubeObject & RawOptions;
}

function queryOptions(query: URLSearchParams): RawOptions {
  const grace = query.get('gracePeriodSeconds');
  const orphan = query.get('orphanDependents');
  const policy = query.get('propagationPolicy');
  const dryRun = query.getAll('dryRun');
  return {
    ...(grace === null ? {} : { gracePeriodSeconds: parseInteger(grace) }),
    ...(orphan === null ? {} : { orphanDependents: orphan !== '0' && orphan.toLowerCase() !== 'false' }),
    ...(policy === null ? {} : { propagationPolicy: policy }),
    ...(dryRun.length === 0 ? {} : { dryRun }),
  };
}

const policies = ['Foreground', 'Background', 'Orphan'];

function optionProblems(raw: RawOptions): readonly FieldError[] {
  const { propagationPolicy: policy, orphanDependents, dryRun = [] } = raw;
  const problems: FieldError[] = [];
  if (orphanDependents !== undefined && policy !== undefined) {
    problems.push(
      invalidValue(
        'propagationPolicy',
        policy,
        'orphanDependents and deletionPropagation cannot be both set',
      ),
    );
  }
  if (policy !== undefined && !policies.includes(policy)) {
    problems.push(unsupportedValue('propagationPolicy', policy, [...policies, 'nil']));
  }
  return [...problems, ...dryRunProblems(dryRun)];
}
