import { notFound } from '../../../openapi/machinery/status.ts';
import type { Clock } from '../../../openapi/machinery/clock.ts';
import { StatusError } from '../../../openapi/machinery/status.ts';
import { revisionProblem } from './list-options.ts';
import { answerOf, keyOf, type Answer, type PathOptions, type PathRequest } from './path.ts';

const futureWaitMs = 3000;

/** One object as it is now. With a resourceVersion it waits a little for a store that lags behind. */
export async function readObject(
  options: PathOptions,
  request: PathRequest,
  resourceVersion: string | undefined,
): Promise<Answer> {
  const revision = revisionOf(resourceVersion);
  if (revision > options.storage.revision) {
    await waitForRevision(options, revision, request.context.signal);
  }
  const found = await options.storage.get(keyOf(request, request.name));
  if (found === undefined) throw notFound(request.registered.resource, request.name);
  return answerOf(request.registered, found);
}

function revisionOf(text = ''): number {
  if (text === '') return 0;
  const problem = revisionProblem(text);
  if (problem !== undefined) throw new StatusError('', problem);
  return Number(text);
}

/** Rejects with 504 when the store does not reach `revision` within 3 s. */
export async function waitForRevision(
  { storage, clock }: { readonly storage: { readonly revision: number }; readonly clock: Clock },
  revision: number,
  signal: AbortSignal,
): Promise<void> {
  const deadline = clock.monotonic() + futureWaitMs;
  while (storage.revision < revision) {
    if (clock.monotonic() >= deadline) throw tooLargeRevision(revision, storage.revision);
    await clock.sleep(50, signal);
  }
}

export function tooLargeRevision(requested: number, current: number): StatusError {
  return new StatusError(
    'Timeout',
    `Timeout: Too large resource version: ${requested}, current: ${current}`,
    {
      details: {
        causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
        retryAfterSeconds: 1,
      },
    },
  );
}
