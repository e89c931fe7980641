import { Agent, request as httpsRequest, type RequestOptions } from 'node:https';
import { isIP } from 'node:net';
import { checkServerIdentity } from 'node:tls';
import type { IncomingMessage } from 'node:http';
import type { ApiRequest, ApiResponse, Transport } from './transport.ts';

export interface HttpTransportOptions {
  /** Where the server listens: a TCP address, or a unix socket that leads to it. */
  readonly address: { readonly host: string; readonly port: number } | { readonly socketPath: string };
  /** The name that the server's certificate must carry. */
  readonly serverName: string;
  /** PEM texts: the authorities to trust, and the client's own certificate and key. */
  readonly ca: string;
  readonly cert?: string;
  readonly key?: string;
  /** Connections at a time; each running watch holds one. Default 256. */
  readonly connectionsMax?: number;
}

const keepAliveMs = 30_000;

/** HTTPS with kept-alive connections. `close` ends those that are idle. */
export function createHttpTransport(options: HttpTransportOptions): Transport & { close(): void } {
  const agent = new Agent({
    keepAlive: true,
    keepAliveMsecs: keepAliveMs,
    maxSockets: options.connectionsMax ?? 256,
    maxFreeSockets: 8,
    scheduling: 'lifo',
  });
  const tls: RequestOptions = {
    ...options.address,
    agent,
    // An address is no name to ask for (RFC 6066), but the certificate must carry it all the same.
    servername: isIP(options.serverName) === 0 ? options.serverName : '',
    checkServerIdentity: (_, certificate) => checkServerIdentity(options.serverName, certificate),
    ca: options.ca,
    ...(options.cert === undefined ? {} : { cert: options.cert }),
    ...(options.key === undefined ? {} : { key: options.key }),
    minVersion: 'TLSv1.2',
    rejectUnauthorized: true,
  };
  return {
    request: (request) => send(request, tls, hostOf(options)),
    close() {
      agent.destroy();
    },
  };
}

function hostOf({ address, serverName }: HttpTransportOptions): string {
  return 'port' in address ? `${serverName}:${address.port}` : serverName;
}

function send(request: ApiRequest, tls: RequestOptions, host: string): Promise<ApiResponse> {
  return new Promise((resolve, reject) => {
    const headers: Record<string, string | readonly string[] | undefined> = { ...request.headers, host };
    if (request.body !== undefined) headers['content-length'] = String(request.body.length);
    const outgoing = httpsRequest({
      ...tls,
      method: request.method,
      path: request.url,
      headers: definedOf(headers),
      signal: request.signal,
    });
    outgoing.on('error', reject);
    outgoing.on('socket', (socket) => socket.setNoDelay(true));
    outgoing.on('response', (message) => {
      resolve({ status: message.statusCode ?? 500, headers: headersOf(message), body: message });
    });
    outgoing.end(request.body);
  });
}

function definedOf(
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
): Record<string, string | string[]> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => {
      if (value === undefined) return [];
      return [[name, typeof value === 'string' ? value : [...value]]];
    }),
  );
}

function headersOf(message: IncomingMessage): Record<string, string | string[]> {
  return definedOf(message.headers);
}
