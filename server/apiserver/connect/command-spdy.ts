import { type Duplex, type Readable, Transform, type Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { Clock } from '../../../openapi/machinery/clock.ts';
import type { CommandOptions, CommandStatus, CommandStreams } from './command-streams.ts';
import { SpdyConnection, type SpdyStream } from './spdy/connection.ts';

/** The newest first; v4 ends with a Status, the older ones with a plain text, v3 knows resizing. */
export const spdyCommandProtocols: readonly string[] = [
  'v4.channel.k8s.io',
  'v3.channel.k8s.io',
  'v2.channel.k8s.io',
  'channel.k8s.io',
];

const streamsDelayMsMax = 30_000;
const lineBytesMax = 4096;

/** Waits until the client has opened all streams that its options ask for. Rejects when it does not within 30 s, or goes away. */
export async function spdyCommandStreams(
  transport: Duplex,
  protocol: string,
  options: CommandOptions,
  clock: Clock,
): Promise<CommandStreams> {
  const streams = new Map<string, SpdyStream>();
  const gone = new AbortController();
  const wanted = wantedStreams(protocol, options);
  let arrived: () => void = () => undefined;
  const all = new Promise<void>((resolve, reject) => {
    arrived = resolve;
    gone.signal.addEventListener('abort', () => {
      reject(new Error('the client went away before it had opened its streams'));
    });
  });
  const connection = new SpdyConnection(transport, {
    onStream(stream) {
      const type = stream.headers.get('streamtype') ?? '';
      if (!wanted.includes(type) || streams.has(type)) stream.destroy();
      else streams.set(type, stream);
      if (wanted.every((each) => streams.has(each))) arrived();
    },
    onClose() {
      gone.abort();
    },
  });
  const late = new AbortController();
  try {
    await Promise.race([all, timeout(clock, late.signal)]);
  } catch (error) {
    connection.destroy();
    throw error;
  } finally {
    late.abort();
  }
  const resize = streams.get('resize');
  return {
    stdin: streams.get('stdin'),
    stdout: streams.get('stdout'),
    stderr: streams.get('stderr'),
    resize: resize === undefined ? undefined : lines(resize),
    gone: gone.signal,
    async finish(status) {
      const error = streams.get('error');
      const outputs: (Writable | undefined)[] = [streams.get('stdout'), streams.get('stderr'), error];
      error?.write(statusText(protocol, status));
      await Promise.allSettled(outputs.map((stream) => end(stream)));
      connection.end();
    },
  };
}

function wantedStreams(protocol: string, options: CommandOptions): readonly string[] {
  const names = ['error'];
  if (options.stdin) names.push('stdin');
  if (options.stdout) names.push('stdout');
  if (options.stderr && !options.tty) names.push('stderr');
  if (options.tty && (protocol.startsWith('v4') || protocol.startsWith('v3'))) names.push('resize');
  return names;
}

async function timeout(clock: Clock, signal: AbortSignal): Promise<never> {
  await clock.sleep(streamsDelayMsMax, signal);
  throw new Error('timed out waiting for client to create streams');
}

function statusText(protocol: string, status: CommandStatus): string {
  if (protocol.startsWith('v4')) return JSON.stringify(status);
  return status.status === 'Success' ? '' : (status.message ?? 'the command failed');
}

async function end(stream: Writable | undefined): Promise<void> {
  if (stream === undefined || stream.destroyed) return;
  stream.end();
  await finished(stream, { readable: false });
}

/** Sizes come as JSON texts with a newline behind each; a chunk may hold half of one. */
function lines(source: Readable): Readable {
  let rest = '';
  const cutter = new Transform({
    readableObjectMode: true,
    transform(chunk: Buffer, _encoding, done) {
      const parts = (rest + chunk.toString()).split('\n');
      rest = (parts.pop() ?? '').slice(0, lineBytesMax);
      for (const part of parts) if (part.trim() !== '') this.push(part);
      done();
    },
  });
  source.pipe(cutter);
  return cutter;
}
