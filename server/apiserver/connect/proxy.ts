import { type IncomingMessage, type ServerResponse, request as httpRequest } from 'node:http';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { connect as tlsConnect } from 'node:tls';
import { StatusError } from '../../../openapi/machinery/status.ts';
import type { ConnectRequest } from '../connect-handler.ts';
import { join } from './port-forward.ts';
import { rewriteLinks } from './link-rewriter.ts';

/** Where a proxied request goes. */
export interface ProxyBackend {
  readonly scheme: 'http' | 'https';
  /** For the Host header: "10.244.1.7:8080". */
  readonly authority: string;
  open(): Promise<Duplex>;
}

const hopByHop: readonly string[] = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];
const pageBytesMax = 4 * 1024 * 1024;

/** What stands before the proxied path: "/api/v1/namespaces/n/services/s/proxy". */
export function proxyPrefix(request: ConnectRequest): string {
  const { registered, namespace, name } = request;
  const scope = namespace === '' ? '' : `/namespaces/${namespace}`;
  return `/api/v1${scope}/${registered.resource.plural}/${name}/proxy`;
}

/** Carries a request to `backend` and its answer back, both as streams. */
export async function serveProxy(
  request: ConnectRequest,
  response: ServerResponse,
  backend: ProxyBackend,
): Promise<void> {
  const { incoming, rest } = request;
  const prefix = proxyPrefix(request);
  if (rest === '' && (incoming.method === 'GET' || incoming.method === 'HEAD')) {
    response.writeHead(301, { location: `${prefix}/${queryOf(incoming)}` }).end();
    return;
  }
  const answer = await exchange(request, backend);
  const headers = answerHeaders(answer, prefix);
  if (isPage(answer)) await sendPage(answer, response, { headers, prefix });
  else {
    response.writeHead(answer.statusCode ?? 502, headers);
    await pipeline(answer, response).catch(() => response.destroy());
  }
}

function queryOf(incoming: IncomingMessage): string {
  const url = incoming.url ?? '';
  const at = url.indexOf('?');
  return at === -1 ? '' : url.slice(at);
}

function isPage(answer: IncomingMessage): boolean {
  const type = answer.headers['content-type'] ?? '';
  const length = Number(answer.headers['content-length'] ?? 0);
  return (
    /^text\/html\b/i.test(type) && answer.headers['content-encoding'] === undefined && length <= pageBytesMax
  );
}

/** A page's absolute links would leave the proxy; they get its prefix. A page that is too large goes through as it is. */
async function sendPage(
  answer: IncomingMessage,
  response: ServerResponse,
  { headers, prefix }: { readonly headers: Record<string, string | string[]>; readonly prefix: string },
): Promise<void> {
  const chunks: Buffer[] = [];
  let length = 0;
  const { 'content-length': _length, ...rest } = headers;
  for await (const chunk of answer) {
    chunks.push(chunk as Buffer);
    length += (chunk as Buffer).length;
    if (length <= pageBytesMax) continue;
    response.writeHead(answer.statusCode ?? 502, headers);
    for (const each of chunks) response.write(each);
    await pipeline(answer, response).catch(() => response.destroy());
    return;
  }
  const page = Buffer.from(rewriteLinks(Buffer.concat(chunks).toString(), prefix));
  response.writeHead(answer.statusCode ?? 502, { ...rest, 'content-length': String(page.length) }).end(page);
}

function answerHeaders(answer: IncomingMessage, prefix: string): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(answer.headers)) {
    if (value !== undefined && !hopByHop.includes(name)) headers[name] = value;
  }
  const { location } = answer.headers;
  if (location?.startsWith('/') === true) headers['location'] = `${prefix}${location}`;
  return headers;
}

async function exchange(request: ConnectRequest, backend: ProxyBackend): Promise<IncomingMessage> {
  const { incoming } = request;
  const stream = await openStream(backend);
  return await new Promise((resolve, reject) => {
    const outgoing = httpRequest({
      createConnection: () => stream,
      method: incoming.method,
      path: `${request.rest === '' ? '/' : request.rest}${queryOf(incoming)}`,
      headers: requestHeaders(request, backend),
      signal: request.signal,
    });
    outgoing.on('response', resolve);
    outgoing.on('error', (error) => {
      stream.destroy();
      // What the client still sends is read and dropped, or it would wait for ever to be rid of it.
      incoming.unpipe(outgoing).resume();
      reject(unreachable(error));
    });
    incoming.pipe(outgoing);
  });
}

async function openStream(backend: ProxyBackend): Promise<Duplex> {
  let stream: Duplex;
  try {
    stream = await backend.open();
  } catch (error) {
    throw unreachable(error as Error);
  }
  if (backend.scheme === 'http') return stream;
  // Who asks for https here has always got it without verification: pods have no names that could be verified.
  return tlsConnect({ socket: stream, rejectUnauthorized: false });
}

function unreachable(error: Error): StatusError {
  const text = error.message.replace(/^Internal error occurred: /, '');
  return new StatusError('ServiceUnavailable', `error trying to reach service: ${text}`, { cause: error });
}

/** The caller's credentials are for us, not for the backend. */
function requestHeaders(request: ConnectRequest, backend: ProxyBackend): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(request.incoming.headers)) {
    const dropped = hopByHop.includes(name) || name === 'authorization' || name.startsWith('impersonate-');
    if (value !== undefined && !dropped) headers[name] = value;
  }
  headers['host'] = backend.authority;
  headers['x-forwarded-uri'] = `${proxyPrefix(request)}${request.rest}`;
  headers['x-forwarded-proto'] = 'https';
  const host = request.incoming.headers.host;
  if (host !== undefined) headers['x-forwarded-host'] = host;
  return headers;
}

/** An upgrade (WebSocket …) is the backend's own: its answer and then the bytes go through untouched. */
export async function upgradeProxy(
  request: ConnectRequest,
  socket: Duplex,
  head: Buffer,
  backend: ProxyBackend,
): Promise<void> {
  const { incoming } = request;
  const stream = await openStream(backend);
  const headers = requestHeaders(request, backend);
  headers['connection'] = 'Upgrade';
  headers['upgrade'] = incoming.headers.upgrade ?? '';
  const path = `${request.rest === '' ? '/' : request.rest}${queryOf(incoming)}`;
  const lines = Object.entries(headers).flatMap(([name, value]) =>
    (typeof value === 'string' ? [value] : value).map((each) => `${name}: ${each}\r\n`),
  );
  stream.write(`${incoming.method ?? 'GET'} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`);
  if (head.length > 0) socket.unshift(head);
  await join(socket, stream);
}
