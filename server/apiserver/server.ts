import type { Express } from 'express';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Transport } from '../../openapi/client/transport.ts';
import type { Clock } from '../../openapi/machinery/clock.ts';
import type { Logger } from '../../openapi/machinery/log.ts';
import type { AdmissionPlugin } from '../admission/plugin.ts';
import type { Authenticator } from '../auth/authenticator.ts';
import type { Authorizer } from '../auth/authorizer.ts';
import type { Review } from '../auth/reviews/review.ts';
import type { UserInfo } from '../auth/user.ts';
import { keepDefinitions } from '../registry/custom/keeper.ts';
import { expireObjects } from '../registry/generic/expiry.ts';
import { createObjects } from '../registry/generic/objects.ts';
import type { PathOptions } from '../registry/generic/path.ts';
import { createSharedReads, type SharedReads } from '../registry/generic/shared-reads.ts';
import type { Objects, Registry } from '../registry/strategy.ts';
import { createApp, mountAll, pipelineMiddleware, type Middleware, type Page } from './app.ts';
import type { ConnectHandler } from './connect-handler.ts';
import { Deadlines } from './filters/deadlines.ts';
import { InFlight } from './filters/limits.ts';
import { FlushTimer } from './handlers/frame-queue.ts';
import type { HealthCheck } from './health.ts';
import { writeRaw } from './http-answer.ts';
import { HttpExchange } from './http-exchange.ts';
import { createLoopback } from './loopback.ts';
import { Metrics } from './metrics.ts';
import { createPipeline, type Pipeline } from './pipeline.ts';

export interface TlsOptions {
  /** PEM: the server's certificate (with its chain) and key, and the CA of client certificates. */
  readonly certificate: string;
  readonly key: string;
  readonly clientCa: string;
}

export interface ApiServerOptions {
  readonly storage: PathOptions['storage'];
  readonly registry: Registry;
  /** Asked in order; without a credential a request is anonymous. */
  readonly authenticators: readonly Authenticator[];
  readonly authorizer: Authorizer;
  /** In the order they run. */
  readonly admission: readonly AdmissionPlugin[];
  readonly reviews?: readonly Review[];
  /** log, exec, attach, port-forward and proxy; without it they answer 503. */
  readonly connect?: ConnectHandler;
  /** Discovery, OpenAPI, version, keys: asked in order for what is no resource. */
  readonly pages?: readonly Page[];
  readonly healthChecks?: readonly HealthCheck[];
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  /** Absent: no socket can be listened on, and the server is used by `app` and `transport` alone. */
  readonly tls?: TlsOptions;
  readonly limits?: { readonly readsMax?: number; readonly writesMax?: number; readonly timeoutMs?: number };
}

export interface ApiServer {
  /** The whole API as an Express app: for tests. */
  readonly app: Express;
  /** Typed access beneath admission and authorization: for admission plugins and the server's own beginnings. */
  readonly objects: Objects;
  /** The same to look only, at objects that many look at. */
  readonly reads: SharedReads;
  /** The API for a part of this process that acts as `user`; admission and authorization hold for it too. */
  transport(user: UserInfo): Transport;
  /** Serves what the stored CustomResourceDefinitions define, and goes on doing so. Resolves when all of them are served. */
  serveDefinitions(): Promise<void>;
  /** Resolves with the port when the server takes connections. */
  listen(address: { readonly host: string; readonly port: number }): Promise<number>;
  /** A connection that came some other way, such as an agent's tunnel: TLS bytes are read from it. */
  accept(connection: Duplex): void;
  /** Takes no more connections and ends those that there are; requests under way get `graceMs`. */
  stop(graceMs?: number): Promise<void>;
}

const defaults = { readsMax: 400, writesMax: 200, timeoutMs: 60_000 };

/** Joins the pipeline, Express and the HTTPS server. Nothing happens until `listen`. */
export function createApiServer(options: ApiServerOptions): ApiServer {
  const { storage, registry, clock, random, pages = [] } = options;
  const limits = { ...defaults, ...options.limits };
  const inFlight = new InFlight(limits);
  const metrics = new Metrics();
  const objects = createObjects({ storage, registry, clock, random });
  const { authorizer, admission, log } = options;
  const environment = {
    storage,
    registry,
    clock,
    random,
    objects,
    authorizer,
    admission,
    log,
    flushTimer: new FlushTimer(clock),
  };
  const pipeline = createPipeline({
    environment: { ...environment, reviews: options.reviews ?? [], connect: options.connect },
    authenticators: options.authenticators,
    inFlight,
    metrics,
    deadlines: new Deadlines(clock, limits.timeoutMs),
  });
  const rest = createApp({
    pages,
    healthChecks: options.healthChecks ?? [],
    metricsText: () => metrics.text(inFlight),
  });
  const over = new AbortController();
  const middleware = pipelineMiddleware(pipeline);
  const sockets =
    options.tls === undefined ? undefined : new HttpsSockets(options.tls, pipeline, middleware, rest);
  return {
    app: mountAll(middleware, rest),
    objects,
    reads: createSharedReads({ storage, registry }),
    transport: (user) => createLoopback(pipeline, pages, user),
    async serveDefinitions() {
      const keeping = { storage, registry, clock, random, objects, log: log.child('definitions') };
      await keepDefinitions({ ...keeping, signal: over.signal });
    },
    async listen(address) {
      if (sockets === undefined) throw new Error('Cannot listen: the server was given no certificate');
      void expireObjects({ storage, registry, clock, signal: over.signal }).catch((error: unknown) => {
        log.log('error', 'events are no longer removed', { message: String(error) });
      });
      return await sockets.listen(address);
    },
    accept(connection) {
      sockets?.accept(connection);
    },
    async stop(graceMs = 2000) {
      over.abort();
      await sockets?.stop(clock, graceMs);
    },
  };
}

/** The HTTPS server and its connections. */
class HttpsSockets {
  readonly #server: Server;
  readonly #open = new Set<Socket>();

  constructor(tls: TlsOptions, pipeline: Pipeline, middleware: Middleware, rest: Express) {
    this.#server = createServer(
      {
        cert: tls.certificate,
        key: tls.key,
        ca: tls.clientCa,
        requestCert: true,
        rejectUnauthorized: false,
        minVersion: 'TLSv1.2',
        handshakeTimeout: 10_000,
        maxHeaderSize: 64 * 1024,
        headersTimeout: 20_000,
        // Of the request only: an answer, such as a watch, may last.
        requestTimeout: 60_000,
        keepAliveTimeout: 90_000,
        noDelay: true,
      },
      (incoming: IncomingMessage, response: ServerResponse) => {
        middleware(incoming, response, () => {
          rest(incoming, response);
        });
      },
    );
    this.#server.maxHeadersCount = 200;
    this.#server.timeout = 0;
    this.#server.on('upgrade', (incoming: IncomingMessage, socket: Duplex, head: Buffer) => {
      void upgrade(pipeline, incoming, socket, head);
    });
    this.#server.on('secureConnection', (socket) => {
      this.#open.add(socket);
      socket.on('close', () => this.#open.delete(socket));
      // A connection that breaks is the client's matter; whoever uses it hears of it by 'close'.
      socket.on('error', () => undefined);
    });
    this.#server.on('tlsClientError', (_error, socket) => {
      socket.destroy();
    });
    this.#server.on('clientError', (_error, socket) => {
      if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n');
      else socket.destroy();
    });
  }

  listen({ host, port }: { readonly host: string; readonly port: number }): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ host, port }, () => {
        this.#server.off('error', reject);
        resolve((this.#server.address() as AddressInfo).port);
      });
    });
  }

  /** The TLS server takes any byte stream for a socket. */
  accept(connection: Duplex): void {
    connection.on('error', () => undefined);
    this.#server.emit('connection', connection);
  }

  async stop(clock: Clock, graceMs: number): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => {
        resolve();
      });
    });
    this.#server.closeIdleConnections();
    const over = new AbortController();
    const late = clock.sleep(graceMs, over.signal).then(
      () => {
        this.#server.closeAllConnections();
        for (const socket of this.#open) socket.destroy();
      },
      () => undefined,
    );
    await Promise.race([closed, late.then(() => closed)]);
    over.abort();
  }
}

async function upgrade(
  pipeline: Pipeline,
  incoming: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  socket.on('error', () => undefined);
  const exchange = new HttpExchange(incoming, { upgrade: { socket, head } });
  const outcome = await pipeline(exchange);
  if (outcome === undefined) return;
  const refused = { status: 400, headers: {}, body: Buffer.from('this path cannot be upgraded') };
  writeRaw(socket, outcome === 'elsewhere' ? refused : outcome);
}
