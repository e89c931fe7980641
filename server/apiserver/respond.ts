import { StatusError, type Status } from '../../openapi/machinery/status.ts';
import { negotiateError } from './codec/negotiate.ts';
import type { Answer, Exchange } from './exchange.ts';

/** A short JSON or YAML answer. */
export function jsonAnswer(exchange: Exchange, status: number, object: object): Answer {
  const { codec, pretty } = negotiateError(exchange);
  return {
    status,
    headers: { 'content-type': codec.mediaType },
    body: codec.encode(Buffer.from(JSON.stringify(object)), pretty),
  };
}

export function statusAnswer(exchange: Exchange, status: Status): Answer {
  const answer = jsonAnswer(exchange, status.code, status);
  const after = status.details?.retryAfterSeconds;
  if (after === undefined) return answer;
  return { ...answer, headers: { ...answer.headers, 'retry-after': String(after) } };
}

/** Anything that is no StatusError is our fault, and says nothing of itself to the client. */
export function asStatusError(error: unknown): StatusError {
  if (error instanceof StatusError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new StatusError('InternalError', `Internal error occurred: ${message}`, {
    details: { causes: [{ message }] },
    cause: error,
  });
}

/** An answer whose whole body is there. */
type WholeAnswer = Answer & { readonly body: Uint8Array };

export function textAnswer(status: number, text: string): WholeAnswer {
  return {
    status,
    headers: { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' },
    body: Buffer.from(text),
  };
}

export function pageNotFound(): WholeAnswer {
  return textAnswer(404, '404 page not found\n');
}

export function unknownResource(): StatusError {
  return new StatusError('NotFound', 'the server could not find the requested resource', { details: {} });
}

export function wrongMethod(): StatusError {
  return new StatusError(
    'MethodNotAllowed',
    'the server does not allow this method on the requested resource',
    { details: {} },
  );
}
