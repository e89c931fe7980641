import { chmod, mkdir, rm } from 'node:fs/promises';
import {
  createServer,
  STATUS_CODES,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { dirname } from 'node:path';
import type { Duplex } from 'node:stream';
import { linkSignals } from '../../openapi/machinery/link-signals.ts';
import type { ServingContext } from './context.ts';
import { serveExec, type Upgrade } from './exec.ts';
import { HttpError } from './http-error.ts';
import { serveLogs } from './logs.ts';
import { servePortForward } from './port-forward.ts';
import { statsSummary } from './stats.ts';

/** One person can hardly need more at a time; a fault elsewhere must not take all of the host's memory. */
const connectionsMax = 512;
const imageLineBytesMax = 4096;

/**
 * The kubelet API of this node on a unix socket. Who may reach it is the folder's matter, which only the server's own user may
 * enter: sshd connects here for the server. Resolves when it listens.
 */
export async function startServing(context: ServingContext, socketPath: string): Promise<Server> {
  const server = createServer({ requestTimeout: 0, headersTimeout: 10_000, keepAliveTimeout: 60_000 });
  server.maxConnections = connectionsMax;
  server.on('request', (request, response) => {
    void answer(context, request, response);
  });
  server.on('upgrade', (request, socket, head) => {
    void switchOver(context, { request, socket, head });
  });
  await mkdir(dirname(socketPath), { recursive: true, mode: 0o700 });
  await rm(socketPath, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(socketPath, resolve);
  });
  await chmod(socketPath, 0o666);
  context.signal.addEventListener(
    'abort',
    () => {
      server.close();
      server.closeAllConnections();
    },
    { once: true },
  );
  return server;
}

interface Target {
  readonly parts: readonly string[];
  readonly query: URLSearchParams;
}

function targetOf(request: IncomingMessage): Target {
  const url = URL.parse(request.url ?? '/', 'http://agent');
  if (url === null) throw new HttpError(400, 'the request has no path');
  try {
    return { parts: url.pathname.slice(1).split('/').map(decodeURIComponent), query: url.searchParams };
  } catch {
    throw new HttpError(400, 'the path is not well escaped');
  }
}

async function answer(
  context: ServingContext,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => {
    gone.abort();
  });
  const linked = linkSignals(context.signal, gone.signal);
  try {
    await route(context, request, { response, signal: linked.signal });
  } catch (error) {
    if (response.headersSent) {
      response.destroy();
      return;
    }
    const { status, text } = refusalOf(context, error);
    response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' });
    response.end(text);
  } finally {
    linked.release();
  }
}

interface Reply {
  readonly response: ServerResponse;
  readonly signal: AbortSignal;
}

async function route(context: ServingContext, request: IncomingMessage, reply: Reply): Promise<void> {
  const { parts, query } = targetOf(request);
  const [first = '', namespace = '', pod = '', container = ''] = parts;
  const key = `${request.method ?? 'GET'} ${first}/${parts.length}`;
  switch (key) {
    case 'GET healthz/1':
      reply.response.end('ok');
      return;
    case 'GET pods/1':
      sendJson(reply.response, podList(context));
      return;
    case 'GET stats/2':
      sendJson(reply.response, await statsSummary(context));
      return;
    case 'GET containerLogs/4':
      await serveLogs(context, { namespace, pod, container }, query, reply);
      return;
    case 'POST images/2':
      await loadImages(context, request, reply);
      return;
    default:
      throw new HttpError(404, '404 page not found');
  }
}

function sendJson(response: ServerResponse, body: object): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

function podList(context: ServingContext): object {
  const items = context.kubelet.workers().map(({ pod }) => {
    const status = context.statuses.get(pod.metadata?.uid ?? '');
    return status === undefined ? pod : { ...pod, status };
  });
  return { kind: 'PodList', apiVersion: 'v1', metadata: {}, items };
}

/** A line of JSON for each thing that the runtime says, the last one an error where it failed. */
async function loadImages(
  context: ServingContext,
  request: IncomingMessage,
  { response, signal }: Reply,
): Promise<void> {
  response.writeHead(200, { 'content-type': 'application/json' });
  function line(fact: object): void {
    if (response.writable) response.write(`${JSON.stringify(fact)}\n`);
  }
  try {
    await context.driver.loadImages(
      request,
      (text) => {
        line({ line: text.slice(0, imageLineBytesMax) });
      },
      signal,
    );
    context.onImages();
  } catch (error) {
    request.resume();
    line({ error: error instanceof Error ? error.message : String(error) });
  }
  response.end();
}

async function switchOver(context: ServingContext, upgrade: Upgrade): Promise<void> {
  const { request, socket } = upgrade;
  socket.on('error', () => undefined);
  try {
    const { parts, query } = targetOf(request);
    const [first = '', namespace = '', pod = '', container = ''] = parts;
    const kind = (request.headers.upgrade ?? '').toLowerCase();
    if ((first === 'exec' || first === 'attach') && parts.length === 4 && kind === 'websocket') {
      await serveExec(context, first, { path: { namespace, pod, container }, query }, upgrade);
    } else if (first === 'portForward' && parts.length === 3 && kind === 'tcp') {
      await servePortForward(context, { path: { namespace, pod }, query }, upgrade);
    } else {
      throw new HttpError(404, '404 page not found');
    }
  } catch (error) {
    refuse(socket, refusalOf(context, error));
  }
}

function refuse(socket: Duplex, { status, text }: { readonly status: number; readonly text: string }): void {
  if (socket.destroyed) return;
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Error'}`;
  const length = Buffer.byteLength(text);
  socket.end(
    `${head}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ${length}\r\nConnection: close\r\n\r\n${text}`,
  );
}

function refusalOf(context: ServingContext, error: unknown): { status: number; text: string } {
  if (error instanceof HttpError) return { status: error.status, text: error.message };
  const text = error instanceof Error ? error.message : String(error);
  if (!context.signal.aborted) context.log.log('warn', 'Cannot answer', { error: text });
  return { status: 500, text };
}
