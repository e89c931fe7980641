import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { KubeObject } from '../../../openapi/machinery/object.ts';
import type { Resource } from '../../../openapi/machinery/resource.ts';
import {
  type FieldError,
  StatusError,
  badRequest,
  forbiddenField,
  internalError,
  invalid,
  invalidValue,
} from '../../../openapi/machinery/status.ts';
import type { ConnectRequest } from '../connect-handler.ts';
import type { NodeDialer } from '../node-dialer.ts';
import { readText, requestAgent } from './agent.ts';
import { type Lookup, chooseContainer, findPod, flag, nodeOfPod } from './targets.ts';

const podLogOptions: Resource = {
  group: '',
  version: 'v1',
  kind: 'PodLogOptions',
  plural: 'podlogoptions',
  namespaced: true,
};

export interface LogDependencies {
  readonly objects: Lookup;
  readonly dialer: NodeDialer;
}

/** The log as the agent sends it; undefined for a pod that no node runs yet. Rejects with StatusError. */
export async function openLog(
  { objects, dialer }: LogDependencies,
  request: ConnectRequest,
): Promise<IncomingMessage | undefined> {
  const { query, name, namespace, signal } = request;
  const parameters = logParameters(query, name);
  const pod = await findPod(objects, { namespace, name });
  const container = chooseContainer(pod, query.get('container') ?? '');
  if ((pod.spec?.nodeName ?? '') === '') return undefined;
  const node = await nodeOfPod(objects, pod);
  const path = `/containerLogs/${[namespace, name, container].map(encodeURIComponent).join('/')}`;
  const answer = await reached(
    requestAgent(dialer, node, { method: 'GET', path: `${path}?${parameters.toString()}` }, signal),
  );
  const code = answer.statusCode ?? 500;
  if (code >= 200 && code <= 206) return answer;
  throw await refusedLog(answer, name);
}

async function reached<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof StatusError) throw error;
    throw internalError((error as Error).message, { cause: error });
  }
}

async function refusedLog(answer: IncomingMessage, name: string): Promise<StatusError> {
  const text = await readText(answer);
  const code = answer.statusCode ?? 500;
  if (code === 400) return badRequest(text);
  if (code === 500) return internalError(text);
  const details = { name, kind: 'pods/log' };
  if (code === 404) {
    const message = `the server could not find the requested resource ( pods/log ${name})`;
    return new StatusError('NotFound', message, { details });
  }
  return new StatusError('', text, { code, details });
}

/** Streams as lines come: the headers go out at once, so that a follower knows that it is connected. */
export async function serveLog(
  dependencies: LogDependencies,
  request: ConnectRequest,
  response: ServerResponse,
): Promise<void> {
  const log = await openLog(dependencies, request);
  if (log === undefined) {
    response.writeHead(204).end();
    return;
  }
  response.writeHead(200, { 'content-type': 'text/plain', 'cache-control': 'no-cache, private' });
  response.flushHeaders();
  try {
    await pipeline(log, response);
  } catch {
    response.destroy(); // The agent or the client went away in the middle: the client must not take it for the whole.
  }
}

const numbers = ['tailLines', 'limitBytes', 'sinceSeconds'] as const;

/** Checks the options, and gives those that the agent is told. Throws 400 for what is unreadable, 422 for what is out of range. */
export function logParameters(query: URLSearchParams, name: string): URLSearchParams {
  const values = new Map<string, number>();
  for (const field of numbers) {
    const text = query.get(field);
    if (text === null) continue;
    if (!/^[+-]?\d{1,18}$/.test(text)) {
      throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
    }
    values.set(field, Number(text));
  }
  const sinceTime = query.get('sinceTime');
  if (sinceTime !== null && Number.isNaN(Date.parse(sinceTime))) {
    const quoted = JSON.stringify(sinceTime);
    throw badRequest(
      `parsing time ${quoted} as "2006-01-02T15:04:05Z07:00": cannot parse ${quoted} as "2006"`,
    );
  }
  const faults = optionFaults(values, sinceTime !== null, query.has('stream'));
  if (faults.length > 0) throw invalid(podLogOptions, name, faults);
  const parameters = new URLSearchParams();
  for (const field of ['follow', 'previous', 'timestamps']) {
    if (flag(query, field)) parameters.set(field, 'true');
  }
  for (const [field, value] of values) parameters.set(field, String(value));
  if (sinceTime !== null) parameters.set('sinceTime', sinceTime);
  return parameters;
}

function optionFaults(
  values: ReadonlyMap<string, number>,
  hasTime: boolean,
  hasStream: boolean,
): readonly FieldError[] {
  const [tail, limit, since] = [
    values.get('tailLines'),
    values.get('limitBytes'),
    values.get('sinceSeconds'),
  ];
  const faults: FieldError[] = [];
  if (tail !== undefined && tail < 0) {
    faults.push(invalidValue('tailLines', tail, 'must be greater than or equal to 0'));
  }
  if (limit !== undefined && limit < 1) {
    faults.push(invalidValue('limitBytes', limit, 'must be greater than 0'));
  }
  if (since !== undefined && hasTime) {
    faults.push(forbiddenField('[]', 'at most one of `sinceTime` or `sinceSeconds` may be specified'));
  } else if (since !== undefined && since < 1) {
    faults.push(invalidValue('sinceSeconds', since, 'must be greater than 0'));
  }
  if (hasStream) faults.push(forbiddenField('stream', 'may not be specified'));
  return faults;
}

/** The options of a connection as admission sees them. */
export function connectOptions(kind: string, fields: Readonly<Record<string, unknown>>): KubeObject {
  const given = Object.entries(fields).filter(
    ([, value]) => value !== undefined && value !== '' && value !== false,
  );
  return { apiVersion: 'v1', kind, ...Object.fromEntries(given) };
}
