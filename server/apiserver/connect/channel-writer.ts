import { Writable } from 'node:stream';
import type { WebSocket } from 'ws';

export const Channel = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4, close: 255 } as const;

export interface ChannelCodec {
  readonly binary: boolean;
  encode(channel: number, payload: Uint8Array): Buffer | string;
  decode(message: Buffer): { readonly channel: number; readonly payload: Buffer };
}

export const binaryCodec: ChannelCodec = {
  binary: true,
  encode: (channel, payload) => Buffer.concat([Buffer.from([channel]), payload]),
  decode: (message) => ({ channel: message[0] ?? -1, payload: message.subarray(1) }),
};

/** The channel is a digit, what follows is base64: for clients that can send text only. */
export const base64Codec: ChannelCodec = {
  binary: false,
  encode: (channel, payload) => `${channel}${Buffer.from(payload).toString('base64')}`,
  decode: (message) => ({
    channel: (message[0] ?? 0) - 48,
    payload: Buffer.from(message.subarray(1).toString(), 'base64'),
  }),
};

/** Sends what is written as messages of one channel; a write is done when the socket has taken it. */
export class ChannelWriter extends Writable {
  readonly #socket: WebSocket;
  readonly #channel: number;
  readonly #codec: ChannelCodec;

  constructor(socket: WebSocket, channel: number, codec: ChannelCodec = binaryCodec) {
    super({ highWaterMark: 64 * 1024 });
    this.#socket = socket;
    this.#channel = channel;
    this.#codec = codec;
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    if (this.#socket.readyState !== this.#socket.OPEN) {
      done(); // Nobody is there to read it; the close is told apart.
      return;
    }
    this.#socket.send(this.#codec.encode(this.#channel, chunk), { binary: this.#codec.binary }, () => {
      done();
    });
  }
}

/** Writes a message to a stream and holds the socket back until the stream has room. */
export function deliver(socket: WebSocket, target: Writable | undefined, payload: Buffer): void {
  if (target === undefined || target.destroyed || target.writableEnded || payload.length === 0) return;
  if (target.write(payload)) return;
  socket.pause();
  const resume = (): void => {
    target.off('drain', resume);
    target.off('close', resume);
    socket.resume();
  };
  target.on('drain', resume);
  target.on('close', resume);
}
