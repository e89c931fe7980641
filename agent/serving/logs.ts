import type { ServerResponse } from 'node:http';
import { Transform, type TransformCallback } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { isRuntimeError, type LogOptions } from '../runtime/driver.ts';
import type { ServingContext } from './context.ts';
import { HttpError } from './http-error.ts';
import { findLogged, type ContainerPath } from './targets.ts';

/** GET /containerLogs/{namespace}/{pod}/{container}: the lines as they come, as fast as the reader takes them. */
export async function serveLogs(
  context: ServingContext,
  path: ContainerPath,
  query: URLSearchParams,
  reply: { readonly response: ServerResponse; readonly signal: AbortSignal },
): Promise<void> {
  const options = logOptions(query, context.clock.now());
  const limit = numberOf(query, 'limitBytes');
  const id = findLogged(context, path, isTrue(query, 'previous'));
  const { response, signal } = reply;
  try {
    const lines = await context.driver.readLogs(id, options, signal);
    response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' });
    // Who follows a silent container wants to know at once that it is followed.
    response.flushHeaders();
    if (limit === undefined) await pipeline(lines, response, { signal });
    else await pipeline(lines, cutAt(limit), response, { signal });
  } catch (error) {
    if (isRuntimeError(error, 'not-found')) {
      throw new HttpError(
        400,
        `container ${JSON.stringify(path.container)} in pod ${JSON.stringify(path.pod)} is not available`,
      );
    }
    // The reader went away, or has had all that it asked for.
    if (!response.headersSent) throw error;
    response.destroy();
  }
}

function logOptions(query: URLSearchParams, nowMs: number): LogOptions {
  const tailLines = numberOf(query, 'tailLines');
  const sinceSeconds = numberOf(query, 'sinceSeconds');
  const sinceTime = query.get('sinceTime');
  const sinceMs = sinceTime === null ? undefined : Date.parse(sinceTime);
  if (sinceMs !== undefined && Number.isNaN(sinceMs))
    throw new HttpError(400, `sinceTime ${JSON.stringify(sinceTime)} is no time`);
  const since = sinceSeconds === undefined ? sinceMs : nowMs - sinceSeconds * 1000;
  return {
    follow: isTrue(query, 'follow'),
    timestamps: isTrue(query, 'timestamps'),
    ...(tailLines === undefined ? {} : { tailLines }),
    ...(since === undefined ? {} : { sinceMs: since }),
  };
}

function numberOf(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null || text === '') return undefined;
  if (!/^\d{1,15}$/.test(text))
    throw new HttpError(400, `${name} ${JSON.stringify(text)} is not a whole number`);
  return Number(text);
}

export function isTrue(query: URLSearchParams, name: string): boolean {
  return ['true', '1'].includes(query.get(name) ?? '');
}

/** The first `bytes` bytes, then the end. */
function cutAt(bytes: number): Transform {
  let left = bytes;
  return new Transform({
    transform(chunk: Buffer, _encoding, done: TransformCallback) {
      if (left <= 0) {
        done();
        return;
      }
      this.push(chunk.subarray(0, left));
      left -= chunk.length;
      if (left <= 0) this.push(null);
      done();
    },
  });
}
