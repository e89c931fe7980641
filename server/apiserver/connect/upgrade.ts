import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { badRequest } from '../../../openapi/machinery/status.ts';

const messageBytesMax = 4 * 1024 * 1024;

export type UpgradeKind = 'websocket' | 'spdy' | 'other';

export function upgradeKind(incoming: IncomingMessage): UpgradeKind {
  const upgrade = (incoming.headers.upgrade ?? '').toLowerCase();
  if (upgrade === 'websocket') return 'websocket';
  return upgrade === 'spdy/3.1' ? 'spdy' : 'other';
}

export interface AcceptedWebSocket {
  readonly socket: WebSocket;
  /** The one agreed on; "" when the client offered none. */
  readonly protocol: string;
}

/**
 * Completes the WebSocket handshake with the first of `protocols` that the client offers. Throws 400 when it offers only others.
 * The socket is paused: what the client sends at once waits until the caller has listeners, and resumes it.
 * The names are compared here, not by ws: "SPDY/3.1+portforward.k8s.io" is no token, so ws would refuse it.
 */
export async function acceptWebSocket(
  incoming: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  protocols: readonly string[],
): Promise<AcceptedWebSocket> {
  const offered = list(incoming.headers['sec-websocket-protocol']);
  const protocol = protocols.find((each) => offered.includes(each));
  if (protocol === undefined && offered.length > 0) {
    const [theirs, ours] = [offered.join(' '), protocols.join(' ')];
    throw badRequest(`unable to negotiate protocol: client supports [${theirs}], server supports [${ours}]`);
  }
  delete incoming.headers['sec-websocket-protocol'];
  const server = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: messageBytesMax,
  });
  if (protocol !== undefined) {
    server.on('headers', (headers) => headers.push(`Sec-WebSocket-Protocol: ${protocol}`));
  }
  return await new Promise((resolve, reject) => {
    socket.once('close', () => {
      reject(new Error('the client went away during the handshake'));
    });
    server.handleUpgrade(incoming, socket, head, (accepted) => {
      accepted.pause();
      resolve({ socket: accepted, protocol: protocol ?? '' });
    });
  });
}

function list(header: string | readonly string[] | undefined): readonly string[] {
  const text = typeof header === 'string' ? header : (header ?? []).join(',');
  return text
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '');
}

/** Which of `protocols` a SPDY client would speak; undefined when it knows none of them. A client that names none speaks the oldest. */
export function chooseSpdyProtocol(
  incoming: IncomingMessage,
  protocols: readonly string[],
): string | undefined {
  const offered = list(incoming.headers['x-stream-protocol-version']);
  if (offered.length === 0) return protocols[protocols.length - 1];
  return offered.find((each) => protocols.includes(each));
}

/** Answers 101 and gives the transport, or answers 403 when no protocol is shared. */
export function acceptSpdy(
  incoming: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  protocols: readonly string[],
): string | undefined {
  const protocol = chooseSpdyProtocol(incoming, protocols);
  if (protocol === undefined) {
    const accepted = protocols.map((each) => `X-Accepted-Stream-Protocol-Versions: ${each}\r\n`).join('');
    socket.end(`HTTP/1.1 403 Forbidden\r\n${accepted}Content-Length: 0\r\nConnection: close\r\n\r\n`);
    return undefined;
  }
  socket.write(
    'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n' +
      `X-Stream-Protocol-Version: ${protocol}\r\n\r\n`,
  );
  if (head.length > 0) socket.unshift(head);
  return protocol;
}
