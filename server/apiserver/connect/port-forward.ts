import type { Duplex } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { Clock } from '../../../openapi/machinery/clock.ts';
import { SpdyConnection, type SpdyStream } from './spdy/connection.ts';

export const portForwardProtocol = 'portforward.k8s.io';
/** The name of the same inside a WebSocket. */
export const tunnelProtocol = 'SPDY/3.1+portforward.k8s.io';

const pairDelayMsMax = 30_000;
const pairsMax = 512;

interface Pair {
  error?: SpdyStream;
  data?: SpdyStream;
}

/**
 * Serves a port-forward session: for every connection the client opens two streams with the same requestID, one for errors, one for
 * data; `open` reaches the port. Resolves when the client has gone.
 */
export function servePortForward(
  transport: Duplex,
  open: (port: number, signal: AbortSignal) => Promise<Duplex>,
  clock: Clock,
): Promise<void> {
  return new Promise((resolve) => {
    const pairs = new Map<string, Pair>();
    const gone = new AbortController();
    const connection = new SpdyConnection(transport, {
      onStream(stream) {
        const problem =
          streamProblem(stream) ?? (pairs.size >= pairsMax ? 'too many connections' : undefined);
        if (problem !== undefined) {
          stream.end(problem);
          return;
        }
        const id = requestId(stream);
        const pair = pairs.get(id) ?? {};
        if (!pairs.has(id)) expire(pairs, id, clock, gone.signal);
        pairs.set(id, pair);
        if (stream.headers.get('streamtype') === 'error') pair.error = stream;
        else pair.data = stream;
        if (pair.error === undefined || pair.data === undefined) return;
        pairs.delete(id);
        void forward({ error: pair.error, data: pair.data }, open, clock, gone.signal);
      },
      onClose() {
        gone.abort(new Error('the client has gone'));
        connection.destroy();
        resolve();
      },
    });
  });
}

/** Old clients send no requestID: then the error stream's id is one below the data stream's. */
function requestId(stream: SpdyStream): string {
  const sent = stream.headers.get('requestid');
  if (sent !== undefined) return sent;
  return String(stream.headers.get('streamtype') === 'error' ? stream.id : stream.id - 2);
}

function streamProblem(stream: SpdyStream): string | undefined {
  const port = Number(stream.headers.get('port'));
  if (!Number.isInteger(port) || port < 1 || port > 65535) {
    return `unable to parse "${stream.headers.get('port') ?? ''}" as a port: must be between 1 and 65535`;
  }
  const type = stream.headers.get('streamtype');
  return type === 'error' || type === 'data' ? undefined : `invalid stream type "${type ?? ''}"`;
}

function expire(pairs: Map<string, Pair>, id: string, clock: Clock, signal: AbortSignal): void {
  void clock.sleep(pairDelayMsMax, signal).then(
    () => {
      const pair = pairs.get(id);
      pairs.delete(id);
      pair?.error?.destroy();
      pair?.data?.destroy();
    },
    () => undefined,
  );
}

/** When one direction has ended, the other gets a moment; kubectl up to 1.30 closes its side only after the error stream's end. */
const lingerMs = 1000;

async function forward(
  { error, data }: { readonly error: SpdyStream; readonly data: SpdyStream },
  open: (port: number, signal: AbortSignal) => Promise<Duplex>,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  error.resume(); // The client closes its side at once.
  try {
    const target = await open(Number(data.headers.get('port')), signal);
    const joined = join(data, target);
    await Promise.race([joined, finished(target, { writable: false }).catch(() => undefined)]);
    error.end();
    await Promise.race([joined, clock.sleep(lingerMs, signal).catch(() => undefined)]);
    target.destroy();
    await joined;
  } catch (failure) {
    error.end((failure as Error).message);
    data.end();
    data.resume();
  }
}

/** Both ways, half-closes included, until both directions have ended; then both are gone. */
export async function join(a: Duplex, b: Duplex): Promise<void> {
  a.pipe(b);
  b.pipe(a);
  const cut = (): void => {
    a.destroy();
    b.destroy();
  };
  a.on('error', cut);
  b.on('error', cut);
  try {
    await Promise.all([ended(a, b), ended(b, a)]);
  } finally {
    cut();
  }
}

/** When the one side is destroyed without an end, pipe would leave the other waiting. */
async function ended(source: Duplex, target: Duplex): Promise<void> {
  try {
    await finished(source, { writable: false });
  } catch {
    target.destroy();
  }
  try {
    await finished(target, { readable: false });
  } catch {
    source.destroy();
  }
}
