import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { KubeObject } from '../../openapi/machinery/object.ts';
import type { UserInfo } from '../auth/user.ts';
import type { Registered } from '../registry/strategy.ts';

/** A request to log, exec, attach, portforward or proxy; authenticated, authorized and counted already. */
export interface ConnectRequest {
  /** pods, services or nodes. */
  readonly registered: Registered;
  readonly subresource: string;
  /** "" for nodes. */
  readonly namespace: string;
  readonly name: string;
  /** What follows …/proxy, raw as on the request line, its slash included; "" when nothing follows. */
  readonly rest: string;
  readonly query: URLSearchParams;
  readonly user: UserInfo;
  /** Method, headers and the body as a stream: nothing of it has been read. */
  readonly incoming: IncomingMessage;
  /** Aborts when the caller goes away or the server stops. */
  readonly signal: AbortSignal;
  /** Runs admission with operation CONNECT on the options (PodExecOptions …). Rejects with StatusError. */
  admit(options: KubeObject): Promise<void>;
}

/**
 * Carries bytes between a caller and a node's agent (or a Service's endpoint). server/apiserver/connect implements it.
 * A StatusError that is thrown before anything was written is answered as a Status by the pipeline.
 */
export interface ConnectHandler {
  /** Answers on `response`; resolves when the answer has ended. */
  serve(request: ConnectRequest, response: ServerResponse): Promise<void>;
  /** The request asked for an upgrade: `socket` is the caller's, `head` its first bytes. Resolves when the socket is done. */
  upgrade(request: ConnectRequest, socket: Duplex, head: Buffer): Promise<void>;
}
