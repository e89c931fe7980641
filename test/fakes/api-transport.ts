import type { Client, DeleteOptions, ListOptions } from '../../openapi/client/client.ts';
import type { ApiRequest, ApiResponse, Transport } from '../../openapi/client/transport.ts';
import type { JsonValue } from '../../openapi/machinery/json.ts';
import type { KubeObject } from '../../openapi/machinery/object.ts';
import type { Resource } from '../../openapi/machinery/resource.ts';
import { isStatusError } from '../../openapi/machinery/status.ts';

/** Speaks the API's wire form for a Client, such as the fake's: a transport without a server. */
export function transportOf(client: Client, resources: readonly Resource[]): Transport {
  return {
    async request(request) {
      try {
        return await answer(client, resources, request);
      } catch (error) {
        if (isStatusError(error)) return json(error.code, error.toStatus());
        throw error;
      }
    },
  };
}

interface Parsed {
  readonly resource: Resource;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
  readonly query: URLSearchParams;
}

function parse(resources: readonly Resource[], url: string): Parsed {
  const { pathname, searchParams } = new URL(url, 'https://localhost');
  const match =
    /^\/(?:api|apis\/([^/]+))\/([^/]+)(?:\/namespaces\/([^/]+)(?=\/))?\/([^/]+)(?:\/([^/]+))?(?:\/([^/]+))?$/.exec(
      pathname,
    );
  const [, group = '', , namespace, plural, name, subresource] = match ?? [];
  const resource = resources.find((each) => each.group === group && each.plural === plural);
  if (resource === undefined) throw new Error(`The test serves no ${pathname}`);
  return { resource, namespace, name, subresource, query: searchParams };
}

async function answer(
  client: Client,
  resources: readonly Resource[],
  request: ApiRequest,
): Promise<ApiResponse> {
  const target = parse(resources, request.url);
  const { resource, namespace, name = '', subresource } = target;
  const body =
    request.body === undefined ? undefined : (JSON.parse(Buffer.from(request.body).toString()) as KubeObject);
  switch (request.method) {
    case 'GET':
      return target.name === undefined
        ? await collection(client, target, request.signal)
        : json(200, await client.get(resource, { namespace, name }));
    case 'POST':
      if (subresource !== undefined)
        return json(
          201,
          await client.createSubresource(resource, { namespace, name }, subresource, body ?? {}),
        );
      return json(201, await client.create(resource, body ?? {}));
    case 'PUT':
      return json(
        200,
        subresource === undefined
          ? await client.update(resource, body ?? {})
          : await client.updateSubresource(resource, body ?? {}, subresource),
      );
    case 'PATCH':
      return json(
        200,
        await client.patch(resource, { namespace, name }, body as JsonValue, {
          type: 'merge',
          ...(subresource === undefined ? {} : { subresource }),
        }),
      );
    case 'DELETE':
      if (target.name === undefined) {
        await client.deleteCollection(resource, { namespace }, body as DeleteOptions | undefined);
        return json(200, { kind: `${resource.kind}List`, metadata: {}, items: [] });
      }
      await client.delete(resource, { namespace, name }, body as DeleteOptions | undefined);
      return json(200, { kind: 'Status', apiVersion: 'v1', status: 'Success' });
    default:
      return json(405, {});
  }
}

async function collection(
  client: Client,
  { resource, namespace, query }: Parsed,
  signal: AbortSignal,
): Promise<ApiResponse> {
  const limit = query.get('limit');
  const options: ListOptions = {
    namespace,
    labelSelector: query.get('labelSelector') ?? undefined,
    fieldSelector: query.get('fieldSelector') ?? undefined,
    continue: query.get('continue') ?? undefined,
    limit: limit === null ? undefined : Number(limit),
  };
  if (query.get('watch') !== 'true') {
    const list = await client.list(resource, options);
    // As on the wire: items of a list do not say what they are.
    const items = list.items.map((item) => ({ ...item, apiVersion: undefined, kind: undefined }));
    return json(200, { kind: `${resource.kind}List`, metadata: list.metadata, items });
  }
  const events = client.watch(resource, {
    ...options,
    resourceVersion: query.get('resourceVersion') ?? '',
    signal,
  });
  return { status: 200, headers: { 'content-type': 'application/json' }, body: frames(events) };
}

async function* frames(events: AsyncIterable<object>): AsyncGenerator<Uint8Array> {
  try {
    for await (const event of events) yield Buffer.from(`${JSON.stringify(event)}\n`);
  } catch (error) {
    if (!isStatusError(error)) throw error;
    yield Buffer.from(`${JSON.stringify({ type: 'ERROR', object: error.toStatus() })}\n`);
  }
}

function json(status: number, value: unknown): ApiResponse {
  return {
    status,
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(JSON.stringify(value)),
  };
}
