import { type IncomingMessage, request as httpRequest } from 'node:http';
import type { Duplex, Readable } from 'node:stream';
import { WebSocket } from 'ws';
import { StatusError, internalError } from '../../../openapi/machinery/status.ts';
import type { NodeDialer } from '../node-dialer.ts';

const errorTextBytesMax = 64 * 1024;
const messageBytesMax = 4 * 1024 * 1024;

export interface AgentRequest {
  readonly method: string;
  /** Path and query of the agent's kubelet API. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: Readable | Uint8Array | undefined;
}

/** One HTTP exchange with a node's agent, over a stream of its own. Rejects with InternalError when the node cannot be reached. */
export async function requestAgent(
  dialer: NodeDialer,
  nodeName: string,
  request: AgentRequest,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const stream = await dial(dialer, nodeName, signal);
  return await requestOver(stream, request, signal);
}

/** One HTTP exchange over `stream`, which ends with it. */
export function requestOver(
  stream: Duplex,
  request: AgentRequest,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest({
      createConnection: () => stream,
      method: request.method,
      path: request.path,
      headers: { host: 'agent', ...request.headers },
      signal,
    });
    outgoing.on('response', resolve);
    outgoing.on('error', (error) => {
      stream.destroy();
      reject(error);
    });
    if (request.body === undefined || request.body instanceof Uint8Array) outgoing.end(request.body);
    else request.body.pipe(outgoing);
  });
}

/** Opens an exec or attach: a WebSocket of v5.channel.k8s.io, paused. Rejects with the agent's own refusal. */
export async function openAgentCommand(
  dialer: NodeDialer,
  nodeName: string,
  path: string,
  signal: AbortSignal,
): Promise<WebSocket> {
  const stream = await dial(dialer, nodeName, signal);
  return await new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://agent${path}`, ['v5.channel.k8s.io'], {
      createConnection: () => stream as never, // Typed for net.Socket; any Duplex serves.
      perMessageDeflate: false,
      maxPayload: messageBytesMax,
    });
    const abort = (): void => {
      socket.terminate();
    };
    signal.addEventListener('abort', abort, { once: true });
    socket.once('open', () => {
      socket.off('error', reject);
      socket.pause(); // Until there is someone to take what it says.
      resolve(socket);
    });
    socket.once('unexpected-response', (_request, response: IncomingMessage) => {
      refusal(response).then(reject, reject);
    });
    socket.on('error', reject);
    socket.once('close', () => {
      signal.removeEventListener('abort', abort);
      stream.destroy();
      reject(internalError('the agent closed the connection'));
    });
  });
}

/** Opens a byte stream to a port inside a pod's network. Rejects with the agent's own refusal. */
export async function openAgentPort(
  dialer: NodeDialer,
  nodeName: string,
  path: string,
  signal: AbortSignal,
): Promise<Duplex> {
  const stream = await dial(dialer, nodeName, signal);
  return await new Promise((resolve, reject) => {
    const outgoing = httpRequest({
      createConnection: () => stream,
      path,
      headers: { host: 'agent', connection: 'Upgrade', upgrade: 'tcp' },
    });
    const abort = (): void => {
      stream.destroy();
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', abort, { once: true });
    stream.once('close', () => {
      signal.removeEventListener('abort', abort);
    });
    outgoing.on('upgrade', (_response, socket, head) => {
      if (head.length > 0) socket.unshift(head);
      resolve(socket);
    });
    outgoing.on('response', (response) => {
      refusal(response).then(reject, reject);
    });
    outgoing.on('error', (error) => {
      stream.destroy();
      reject(internalError(error.message, { cause: error }));
    });
    outgoing.end();
  });
}

/** What the agent answered in place of what was asked for: a plain text with a status code. */
export async function refusal(response: IncomingMessage): Promise<StatusError> {
  const text = await readText(response);
  const code = response.statusCode ?? 500;
  if (code === 400) return new StatusError('BadRequest', text);
  if (code === 404) return new StatusError('NotFound', text);
  if (code === 500) return internalError(text);
  return new StatusError('', text, { code });
}

/** At most 64 KiB of the body, without the newline at its end. */
export async function readText(response: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response) {
    chunks.push(chunk as Buffer);
    length += (chunk as Buffer).length;
    if (length > errorTextBytesMax) break;
  }
  return Buffer.concat(chunks).toString().trimEnd();
}

async function dial(dialer: NodeDialer, nodeName: string, signal: AbortSignal): Promise<Duplex> {
  try {
    const stream = await dialer.dial(nodeName, signal);
    stream.on('error', () => undefined); // Told to whoever reads or writes it; this keeps the process alive after they left.
    return stream;
  } catch (error) {
    throw internalError(`error dialing backend: ${(error as Error).message}`, { cause: error });
  }
}
