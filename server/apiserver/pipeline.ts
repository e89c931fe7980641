import { randomUUID } from 'node:crypto';
import { StatusError } from '../../openapi/machinery/status.ts';
import type { Authenticator } from '../auth/authenticator.ts';
import type { UserInfo } from '../auth/user.ts';
import { customRouteOf } from './dispatch-custom.ts';
import { routeOf } from './dispatch.ts';
import { headerText, type Answer, type Exchange, type Handled } from './exchange.ts';
import { authenticate } from './filters/authenticate.ts';
import { authorize } from './filters/authorize.ts';
import { impersonate } from './filters/impersonate.ts';
import { createImpersonator } from './filters/impersonation-modes.ts';
import type { Deadlines } from './filters/deadlines.ts';
import type { InFlight } from './filters/limits.ts';
import type { Metrics } from './metrics.ts';
import { Warnings, type Call, type Environment } from './handlers/context.ts';
import { parseRequest, type RequestInfo } from './request-info.ts';
import { asStatusError, pageNotFound, statusAnswer, unknownResource } from './respond.ts';

export interface PipelineOptions {
  readonly environment: Environment;
  readonly authenticators: readonly Authenticator[];
  readonly inFlight: InFlight;
  readonly metrics: Metrics;
  /** Of anything but reads of one object, watches and streams. */
  readonly deadlines: Deadlines;
}

/** What came of a request: an answer; undefined when the sockets have it; 'elsewhere': allowed, but not of a resource. */
export type Outcome = Handled | 'elsewhere';

export type Pipeline = (exchange: Exchange) => Promise<Outcome>;

/** The way of every request: who asks, may they, is there room, and then the handler of its verb. Never rejects. */
export function createPipeline(options: PipelineOptions): Pipeline {
  const impersonator = createImpersonator(options.environment.authorizer);
  return async (exchange) => {
    const warnings = new Warnings();
    const sentId = headerText(exchange, 'audit-id');
    const auditId = sentId === '' ? randomUUID() : sentId;
    const info = parseRequest(exchange.method, exchange.url);
    try {
      if (info === undefined) throw new StatusError('BadRequest', 'the path of the request is malformed');
      const asker = await authenticate(options.authenticators, exchange);
      const user = impersonate(impersonator, asker, exchange, info);
      authorize(options.environment.authorizer, user, info);
      if (!info.isResource) return 'elsewhere';
      const outcome = await handleResource(options, { exchange, info, user, warnings });
      count(options, info, outcome?.status ?? 101);
      return outcome === undefined ? undefined : complete(outcome, auditId, warnings);
    } catch (error) {
      const failure = asStatusError(error);
      if (info?.isResource === true) count(options, info, failure.code);
      if (failure.code >= 500) logFailure(options, exchange, failure);
      return complete(statusAnswer(exchange, failure.toStatus()), auditId, warnings);
    }
  };
}

/** What is not served is not counted apart: its names are whatever clients write. */
function count({ environment, metrics }: PipelineOptions, info: RequestInfo, code: number): void {
  const { group, version, resource, subresource } = info;
  const registered = environment.registry.find(group, version, resource);
  if (registered === undefined) return;
  if (subresource !== '' && !registered.subresources.some(({ name }) => name === subresource)) return;
  metrics.count(info, code);
}

interface Asked {
  readonly exchange: Exchange;
  readonly info: RequestInfo;
  readonly user: UserInfo;
  readonly warnings: Warnings;
}

async function handleResource(options: PipelineOptions, asked: Asked): Promise<Handled> {
  const { environment, inFlight } = options;
  const { exchange, info } = asked;
  const registered = environment.registry.find(info.group, info.version, info.resource);
  if (registered === undefined) {
    if (environment.registry.isBuiltIn(info.group)) throw unknownResource();
    return pageNotFound();
  }
  const route =
    registered.custom === undefined
      ? routeOf(registered, info, exchange.method)
      : customRouteOf(registered, info, exchange.method);
  if (route === undefined) return pageNotFound();
  const { handler, longRunning } = route;
  if (registered.strategy.deprecation !== undefined) asked.warnings.add(registered.strategy.deprecation);
  const call: Call = {
    ...asked,
    environment,
    registered,
    get signal() {
      return exchange.signal;
    },
  };
  if (longRunning) return await handler(call);
  const isRead = info.verb === 'get' || info.verb === 'list';
  return await inFlight.run(isRead ? 'read' : 'write', () =>
    info.verb === 'get' ? handler(call) : options.deadlines.run(() => handler(call)),
  );
}

function complete(answer: Answer, auditId: string, warnings: Warnings): Answer {
  const { texts } = warnings;
  return {
    ...answer,
    headers: {
      'audit-id': auditId,
      'cache-control': 'no-cache, private',
      ...answer.headers,
      ...(texts.length === 0 ? {} : { warning: warningHeaders(texts) }),
    },
  };
}

const warningRunesMax = 4 * 1024;
const warningRunesCut = 256;

/** One header a text; when they are too much together, each is cut. */
function warningHeaders(texts: readonly string[]): readonly string[] {
  const total = texts.reduce((sum, text) => sum + text.length, 0);
  const cut = total <= warningRunesMax ? texts : texts.map((text) => text.slice(0, warningRunesCut));
  return cut.map((text) => `299 - "${text.replaceAll(/[\\"]/g, '\\$&').replaceAll(/[\p{Cc}]/gu, ' ')}"`);
}

function logFailure({ environment }: PipelineOptions, exchange: Exchange, failure: StatusError): void {
  const cause = failure.cause instanceof Error ? (failure.cause.stack ?? failure.cause.message) : undefined;
  environment.log.log('warn', 'a request failed', {
    method: exchange.method,
    url: exchange.url.split('?')[0],
    code: failure.code,
    message: failure.message,
    cause,
  });
}
