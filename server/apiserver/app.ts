import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ApiRequest, ApiResponse } from '../../openapi/client/transport.ts';
import type { Answer } from './exchange.ts';
import { HttpExchange } from './http-exchange.ts';
import { writeAnswer } from './http-answer.ts';
import { healthAnswer, type HealthCheck } from './health.ts';
import type { Pipeline } from './pipeline.ts';
import { asStatusError, pageNotFound, statusAnswer, textAnswer } from './respond.ts';

/** Answers paths that are no resources, such as discovery; undefined: not mine. May throw StatusError. */
export type Page = (request: ApiRequest) => Promise<ApiResponse | undefined>;

export interface AppOptions {
  readonly pages: readonly Page[];
  readonly healthChecks: readonly HealthCheck[];
  metricsText(): string;
}

/** Node's way of a request: it answers, or calls `next` for what is not its own. */
export type Middleware = (incoming: IncomingMessage, response: ServerResponse, next: () => void) => void;

/** The pipeline as middleware: resources are answered, everything else that is allowed goes on. */
export function pipelineMiddleware(pipeline: Pipeline): Middleware {
  return (incoming, response, next) => {
    void handle(pipeline, incoming, response, next);
  };
}

async function handle(
  pipeline: Pipeline,
  incoming: IncomingMessage,
  response: ServerResponse,
  next: () => void,
): Promise<void> {
  const outcome = await pipeline(new HttpExchange(incoming, { response }));
  if (outcome === 'elsewhere') next();
  else if (outcome !== undefined) await answerOn(incoming, response, outcome);
}

async function answerOn(incoming: IncomingMessage, response: ServerResponse, answer: Answer): Promise<void> {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  await writeAnswer(incoming, response, answer);
}

/** What is not a resource. Requests come here authenticated and authorized. */
export function createApp(options: AppOptions): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.use(/^\/(?:healthz|livez|readyz)(?=\/|$)/, (request, response, next) => {
    void respond(request, response, next, (exchange) => healthAnswer(options.healthChecks, exchange));
  });
  app.get('/metrics', (request, response, next) => {
    void respond(request, response, next, () => Promise.resolve(textAnswer(200, options.metricsText())));
  });
  for (const page of options.pages) {
    app.use((request, response, next) => {
      void respond(request, response, next, (exchange) => pageAnswer(page, exchange));
    });
  }
  app.use((request, response, next) => {
    void respond(request, response, next, () => Promise.resolve(pageNotFound()));
  });
  return app;
}

/** The whole server as one Express app: for tests, which drive it without a socket of their own. */
export function mountAll(middleware: Middleware, rest: Express): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.use(middleware);
  app.use(rest);
  return app;
}

async function respond(
  request: Request,
  response: Response,
  next: NextFunction,
  answerFor: (exchange: HttpExchange) => Promise<Answer | undefined>,
): Promise<void> {
  request.url = request.originalUrl;
  const exchange = new HttpExchange(request, { response });
  try {
    const answer = await answerFor(exchange);
    if (answer === undefined) next();
    else await answerOn(request, response, answer);
  } catch (error) {
    await answerOn(request, response, statusAnswer(exchange, asStatusError(error).toStatus()));
  }
}

async function pageAnswer(page: Page, exchange: HttpExchange): Promise<Answer | undefined> {
  const { method, url, headers, signal } = exchange;
  const answer = await page({ method: method as ApiRequest['method'], url, headers, signal });
  if (answer === undefined) return undefined;
  const { body } = answer;
  if (body instanceof Uint8Array) return { ...answer, body };
  return {
    ...answer,
    async body(sink) {
      for await (const chunk of body) if (!sink.write(chunk)) await sink.drained();
    },
  };
}
