import { request } from 'node:https';
import type { Duplex } from 'node:stream';
import { constants, createDeflate } from 'node:zlib';
import { spdyDictionary } from '../../server/apiserver/connect/spdy/dictionary.ts';
import {
  FrameReader,
  FrameType,
  controlFrame,
  dataFrameHeader,
  words,
} from '../../server/apiserver/connect/spdy/frame.ts';

export interface SpdyTarget {
  readonly port: number;
  readonly ca: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly protocol: string;
}

/** The client's side of SPDY/3.1, as old kubectl speaks it. */
export interface SpdyClient {
  /** Resolves with all that the server sends on the stream, once it ends it. */
  open(streamId: number, headers: Readonly<Record<string, string>>): Promise<string>;
  send(streamId: number, text: string): void;
  close(): void;
}

export async function openSpdy(target: SpdyTarget): Promise<SpdyClient> {
  const socket = await upgraded(target);
  const ends = new Map<number, (text: string) => void>();
  const texts = new Map<number, string>();
  const reader = new FrameReader();
  const deflate = createDeflate({ dictionary: spdyDictionary, flush: constants.Z_SYNC_FLUSH });
  const ids: number[] = [];
  deflate.on('data', (block: Buffer) => {
    const id = ids.shift() ?? 0;
    socket.write(
      controlFrame(FrameType.synStream, Buffer.concat([words(id, 0), Buffer.from([0, 0]), block])),
    );
  });
  socket.on('data', (chunk: Buffer) => {
    reader.push(chunk);
    for (let frame = reader.next(); frame !== undefined; frame = reader.next()) {
      if (frame.kind === 'control') continue;
      texts.set(frame.streamId, (texts.get(frame.streamId) ?? '') + frame.payload.toString());
      if (frame.fin) ends.get(frame.streamId)?.(texts.get(frame.streamId) ?? '');
    }
  });
  socket.on('error', () => undefined);
  return {
    open: (streamId, headers) =>
      new Promise((resolve) => {
        ends.set(streamId, resolve);
        ids.push(streamId);
        deflate.write(headerBlock(headers));
      }),
    send: (streamId, text) => {
      // Behind the frame that opens the stream, which zlib makes in its own time.
      deflate.flush(constants.Z_BLOCK, () => {
        socket.write(Buffer.concat([dataFrameHeader(streamId, text.length, false), Buffer.from(text)]));
      });
    },
    close: () => {
      socket.destroy();
    },
  };
}

function headerBlock(headers: Readonly<Record<string, string>>): Buffer {
  const pairs = Object.entries(headers);
  const texts = pairs.flat().flatMap((text) => [words(text.length), Buffer.from(text)]);
  return Buffer.concat([words(pairs.length), ...texts]);
}

function upgraded({ port, ca, path, headers, protocol }: SpdyTarget): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const asked = request({
      host: '127.0.0.1',
      port,
      ca,
      path,
      method: 'POST',
      agent: false,
      headers: {
        ...headers,
        connection: 'Upgrade',
        upgrade: 'SPDY/3.1',
        'x-stream-protocol-version': protocol,
      },
    });
    asked.on('upgrade', (_, socket) => {
      resolve(socket);
    });
    asked.on('response', (response) => {
      reject(new Error(`no upgrade: ${response.statusCode ?? 0}`));
    });
    asked.on('error', reject);
    asked.end();
  });
}
