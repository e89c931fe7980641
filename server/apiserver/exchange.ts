import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Credentials } from '../auth/authenticator.ts';
import type { UserInfo } from '../auth/user.ts';

/** A request as the pipeline takes it: of a socket, of Express, or of this process. */
export interface Exchange {
  readonly method: string;
  /** As on the request line: "/api/v1/pods?limit=5". */
  readonly url: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly certificate: Credentials['certificate'];
  /** The client showed a certificate that nobody we trust has signed, or that is over. */
  readonly hasBadCertificate?: boolean;
  /** Set when the caller is known without a credential: a part of this server. */
  readonly user?: UserInfo;
  /** Aborts when the caller goes away. */
  readonly signal: AbortSignal;
  /** The body, decompressed. Rejects with 413 when it is too long. */
  readBody(): Promise<Uint8Array>;
  /** What connect subresources speak through; absent for calls from this process. */
  readonly sockets?: Sockets | undefined;
}

export interface Sockets {
  readonly incoming: IncomingMessage;
  /** Of a plain request. */
  readonly response?: ServerResponse;
  /** Of a request that asks for an upgrade. */
  readonly upgrade?: { readonly socket: Duplex; readonly head: Buffer };
}

/** Takes the chunks of an answer. */
export interface Sink {
  /** False: enough is held for now. */
  write(chunk: Uint8Array): boolean;
  /** Bytes that the reader has not taken yet. */
  readonly pendingBytes: number;
  /** Resolves when little is held, or the reader is gone. */
  drained(): Promise<void>;
}

/** Whole, or written piece by piece. */
export type Body = Uint8Array | ((sink: Sink) => Promise<void>);

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: Body;
  /** Its chunks must go out as they come. */
  readonly isWatch?: boolean;
}

/** Undefined: somebody else has answered already, on the sockets. */
export type Handled = Answer | undefined;

export function headerText(exchange: Pick<Exchange, 'headers'>, name: string): string {
  const value = exchange.headers[name];
  return typeof value === 'string' ? value : (value ?? []).join(', ');
}
