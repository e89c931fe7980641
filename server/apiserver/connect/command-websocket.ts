import { PassThrough, type Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import {
  Channel,
  type ChannelCodec,
  ChannelWriter,
  base64Codec,
  binaryCodec,
  deliver,
} from './channel-writer.ts';
import type { CommandOptions, CommandStatus, CommandStreams } from './command-streams.ts';
import type { AcceptedWebSocket } from './upgrade.ts';

/** In the order that we would choose; "" is a client that names none. */
export const webSocketCommandProtocols: readonly string[] = [
  'v5.channel.k8s.io',
  'v4.channel.k8s.io',
  'v4.base64.channel.k8s.io',
  'channel.k8s.io',
  'base64.channel.k8s.io',
];

/** The client's streams as channels of one WebSocket: the first byte of each message says which. */
export function webSocketCommandStreams(
  { socket, protocol }: AcceptedWebSocket,
  options: CommandOptions,
): CommandStreams {
  const codec = protocol.includes('base64') ? base64Codec : binaryCodec;
  const gone = new AbortController();
  const stdin = options.stdin ? new PassThrough({ highWaterMark: 256 * 1024 }) : undefined;
  const resize = options.tty ? new PassThrough({ objectMode: true }) : undefined;
  const stdout = options.stdout ? new ChannelWriter(socket, Channel.stdout, codec) : undefined;
  const stderr =
    options.stderr && !options.tty ? new ChannelWriter(socket, Channel.stderr, codec) : undefined;

  socket.on('message', (message: Buffer) => {
    const { channel, payload } = codec.decode(message);
    if (channel === Channel.stdin) deliver(socket, stdin, payload);
    else if (channel === Channel.resize) resize?.write(payload.toString());
    else if (channel === Channel.close && protocol.startsWith('v5') && payload[0] === Channel.stdin) {
      stdin?.end();
    }
  });
  socket.on('error', () => undefined); // Its close follows.
  socket.on('close', () => {
    gone.abort();
    stdin?.end();
    resize?.end();
  });
  // The first writable channel gets an empty message: some clients wait for one to know that they are connected.
  socket.resume();
  const first = firstWritable(options);
  socket.send(codec.encode(first, new Uint8Array()), { binary: codec.binary });
  return {
    stdin,
    stdout,
    stderr,
    resize,
    gone: gone.signal,
    async finish(status) {
      await Promise.allSettled([stdout, stderr].map(end));
      await finish({ socket, protocol }, codec, status);
    },
  };
}

function firstWritable(options: CommandOptions): number {
  if (options.stdout) return Channel.stdout;
  return options.stderr && !options.tty ? Channel.stderr : Channel.error;
}

async function finish(
  { socket, protocol }: AcceptedWebSocket,
  codec: ChannelCodec,
  status: CommandStatus,
): Promise<void> {
  if (socket.readyState !== socket.OPEN) return;
  const text = errorText(protocol, status);
  await new Promise<void>((resolve) => {
    socket.once('close', () => {
      resolve();
    });
    if (text !== '') socket.send(codec.encode(Channel.error, Buffer.from(text)), { binary: codec.binary });
    socket.close(1000);
  });
}

async function end(stream: Writable | undefined): Promise<void> {
  if (stream === undefined) return;
  stream.end();
  await finished(stream);
}

/** Before v4 there is no status: a failure is told in words, a success by silence. */
function errorText(protocol: string, status: CommandStatus): string {
  if (/^v[45]\./.test(protocol)) return JSON.stringify(status);
  return status.status === 'Success' ? '' : (status.message ?? 'the command failed');
}
