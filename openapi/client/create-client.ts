import { setMaxListeners } from 'node:events';
import type { Clock } from '../machinery/clock.ts';
import { isJsonObject, type JsonValue } from '../machinery/json.ts';
import type { KubeObject, ObjectKey } from '../machinery/object.ts';
import { apiVersionOf, type Resource } from '../machinery/resource.ts';
import { StatusError, StatusReason } from '../machinery/status.ts';
import { readLines, readWhole } from './body.ts';
import type {
  Client,
  DeleteOptions,
  List,
  ListOptions,
  PatchOptions,
  PatchType,
  WatchEvent,
  WatchOptions,
} from './client.ts';
import { queryText, resourcePath } from './paths.ts';
import type { ApiRequest, ApiResponse, Transport } from './transport.ts';

export interface ClientOptions {
  readonly clock: Clock;
  /** Ends every call. */
  readonly signal: AbortSignal;
  /** Sent as User-Agent; also the field manager that the server derives. */
  readonly userAgent: string;
  /** Sent with each request, e.g. authorization. */
  readonly headers?: Readonly<Record<string, string>>;
  /** A call other than a watch is given up after this long. Default 60 s. */
  readonly timeoutMs?: number;
}

const patchMediaType: Record<PatchType, string> = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
};
const bodyBytesMax = 1 << 30;
const lineBytesMax = 32 << 20;
/** Beyond its timeoutSeconds a watch is given up: the other side is gone. */
const watchSlackMs = 30_000;
const watchTimeoutSeconds = 600;

interface Call {
  readonly method: ApiRequest['method'];
  readonly url: string;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** A Client over any Transport. It keeps no state but its options. */
export function createClient(transport: Transport, options: ClientOptions): Client {
  // Each running call listens: thousands are ordinary.
  setMaxListeners(0, options.signal);
  const calls = new Caller(transport, options);
  function write<T>(method: 'POST' | 'PUT', url: string, body: object): Promise<T> {
    return calls.json<T>({ method, url, body });
  }
  return {
    get: (resource, key) => calls.json({ method: 'GET', url: objectPath(resource, key) }),
    list: (resource, listOptions = {}) => listOf(calls, resource, listOptions),
    watch: (resource, watchOptions) => watchOf(calls, resource, watchOptions),
    create: (resource, object) =>
      write(
        'POST',
        resourcePath(resource, { namespace: object.metadata?.namespace }),
        named(resource, object),
      ),
    update: (resource, object) => write('PUT', objectPath(resource, keyOf(object)), named(resource, object)),
    updateStatus: (resource, object) =>
      write('PUT', objectPath(resource, keyOf(object), 'status'), named(resource, object)),
    updateSubresource: (resource, object, subresource) =>
      write('PUT', objectPath(resource, keyOf(object), subresource), named(resource, object)),
    patch: (resource, key, patch, patchOptions) => patchOf(calls, { resource, key, patch, patchOptions }),
    delete: (resource, key, deleteOptions = {}) =>
      sendDelete(calls, objectPath(resource, key), deleteOptions),
    deleteCollection: (resource, selection, deleteOptions = {}) =>
      sendDelete(calls, resourcePath(resource, selection) + queryText(listQuery(selection)), deleteOptions),
    createSubresource: (resource, key, subresource, body) =>
      write('POST', objectPath(resource, key, subresource), body),
  };
}

function objectPath(resource: Resource, key: ObjectKey, subresource?: string): string {
  return resourcePath(resource, { ...key, subresource });
}

function keyOf(object: KubeObject): ObjectKey {
  return { namespace: object.metadata?.namespace, name: object.metadata?.name ?? '' };
}

function named<T extends KubeObject>(resource: Resource, object: T): T {
  if (object.apiVersion !== undefined && object.kind !== undefined) return object;
  return { ...object, apiVersion: apiVersionOf(resource), kind: resource.kind };
}

function listQuery(options: ListOptions): Readonly<Record<string, string | number | boolean | undefined>> {
  const { labelSelector, fieldSelector, limit, resourceVersion } = options;
  return { labelSelector, fieldSelector, limit, resourceVersion, continue: options.continue };
}

interface Identified {
  apiVersion?: string;
  kind?: string;
}

async function listOf<T extends KubeObject>(
  calls: Caller,
  resource: Resource<T>,
  options: ListOptions,
): Promise<List<T>> {
  const url = resourcePath(resource, options) + queryText(listQuery(options));
  const list = await calls.json<{ metadata: List<T>['metadata']; items?: T[] | null }>({
    method: 'GET',
    url,
  });
  const items = list.items ?? [];
  const apiVersion = apiVersionOf(resource);
  for (const item of items as Identified[]) {
    item.apiVersion ??= apiVersion;
    item.kind ??= resource.kind;
  }
  return { metadata: list.metadata, items };
}

async function* watchOf<T extends KubeObject>(
  calls: Caller,
  resource: Resource<T>,
  options: WatchOptions,
): AsyncGenerator<WatchEvent<T>, void, undefined> {
  const timeoutSeconds = options.timeoutSeconds ?? watchTimeoutSeconds;
  const query = { watch: true, allowWatchBookmarks: true, timeoutSeconds, ...listQuery(options) };
  const url = resourcePath(resource, options) + queryText(query);
  const timeoutMs = timeoutSeconds * 1000 + watchSlackMs;
  for await (const line of calls.lines({ method: 'GET', url, timeoutMs, signal: options.signal })) {
    const event = JSON.parse(line) as WatchEvent<T> | { readonly type: 'ERROR'; readonly object: unknown };
    if (event.type === 'ERROR') throw statusErrorOf(event.object, 500);
    yield event;
  }
}

interface PatchCall {
  readonly resource: Resource;
  readonly key: ObjectKey;
  readonly patch: JsonValue;
  readonly patchOptions: PatchOptions;
}

function patchOf<T>(calls: Caller, { resource, key, patch, patchOptions }: PatchCall): Promise<T> {
  const force = patchOptions.type === 'apply' ? true : undefined;
  const query = queryText({ fieldManager: patchOptions.fieldManager, force });
  return calls.json({
    method: 'PATCH',
    url: objectPath(resource, key, patchOptions.subresource) + query,
    body: patch,
    contentType: patchMediaType[patchOptions.type],
  });
}

async function sendDelete(calls: Caller, url: string, options: DeleteOptions): Promise<void> {
  const stated = Object.values(options).some((value) => value !== undefined);
  const body = stated ? { kind: 'DeleteOptions', apiVersion: 'v1', ...options } : undefined;
  await calls.json({ method: 'DELETE', url, body });
}

/** Sends requests, each with an end, and turns refusals into StatusError. */
class Caller {
  readonly #transport: Transport;
  readonly #options: ClientOptions;

  constructor(transport: Transport, options: ClientOptions) {
    this.#transport = transport;
    this.#options = options;
  }

  async json<T>(call: Call): Promise<T> {
    return await this.#within(call, async (signal) => {
      const response = await this.#send(call, signal);
      const text = (await readWhole(response.body, bodyBytesMax)).toString('utf8');
      if (response.status >= 400) throw refusalOf(response.status, text);
      return JSON.parse(text) as T;
    });
  }

  async *lines(call: Call): AsyncGenerator<string, void, undefined> {
    const end = this.#limit(call);
    try {
      const response = await this.#send(call, end.signal);
      if (response.status >= 400)
        throw refusalOf(response.status, (await readWhole(response.body, bodyBytesMax)).toString('utf8'));
      yield* readLines(response.body, lineBytesMax);
    } finally {
      end.release();
    }
  }

  #send(call: Call, signal: AbortSignal): Promise<ApiResponse> {
    const body = call.body === undefined ? undefined : Buffer.from(JSON.stringify(call.body));
    const { userAgent, headers } = this.#options;
    return this.#transport.request({
      method: call.method,
      url: call.url,
      headers: {
        accept: 'application/json',
        'user-agent': userAgent,
        ...headers,
        ...(body === undefined ? {} : { 'content-type': call.contentType ?? 'application/json' }),
      },
      ...(body === undefined ? {} : { body }),
      signal,
    });
  }

  async #within<T>(call: Call, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const end = this.#limit(call);
    try {
      return await work(end.signal);
    } finally {
      end.release();
    }
  }

  /** A signal for one call: the client's, the caller's, and a time limit. Listeners go when the call ends. */
  #limit(call: Call): { readonly signal: AbortSignal; release(): void } {
    const controller = new AbortController();
    const sources = [this.#options.signal, ...(call.signal === undefined ? [] : [call.signal])];
    const relays = sources.map((source) => relayAbort(source, controller));
    const timeoutMs = call.timeoutMs ?? this.#options.timeoutMs ?? 60_000;
    this.#options.clock.sleep(timeoutMs, controller.signal).then(
      () => {
        controller.abort(new Error(`${call.method} ${call.url} took longer than ${timeoutMs} ms`));
      },
      () => undefined,
    );
    return {
      signal: controller.signal,
      release() {
        for (const stop of relays) stop();
        controller.abort(new Error('The call has ended'));
      },
    };
  }
}

function relayAbort(source: AbortSignal, target: AbortController): () => void {
  function onAbort(): void {
    target.abort(source.reason);
  }
  if (source.aborted) onAbort();
  else source.addEventListener('abort', onAbort, { once: true });
  return () => {
    source.removeEventListener('abort', onAbort);
  };
}

function refusalOf(status: number, text: string): StatusError {
  try {
    return statusErrorOf(JSON.parse(text), status);
  } catch {
    // A proxy or a crashed server answers in its own words.
    return new StatusError(
      '',
      text.trim() === '' ? `The server answered ${status}` : text.trim().slice(0, 1000),
      {
        code: status,
      },
    );
  }
}

/** The StatusError that a metav1.Status says. */
export function statusErrorOf(status: unknown, code: number): StatusError {
  if (!isJsonObject(status)) throw new TypeError('Cannot read a Status: it is no object');
  const reason = status['reason'];
  const known = typeof reason === 'string' && Object.hasOwn(StatusReason, reason);
  const message = status['message'];
  const stated = status['code'];
  const details = status['details'];
  return new StatusError(
    known ? (reason as keyof typeof StatusReason) : '',
    typeof message === 'string' ? message : '',
    {
      code: typeof stated === 'number' ? stated : code,
      ...(isJsonObject(details) ? { details } : {}),
    },
  );
}
