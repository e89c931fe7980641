import { Duplex } from 'node:stream';
import {
  type Frame,
  FrameReader,
  FrameType,
  controlFrame,
  dataFrameHeader,
  payloadBytesMax,
  words,
} from './frame.ts';
import { HeaderReader, type StreamHeaders, emptyHeaderBlock } from './header-block.ts';

/** A stream holds back the whole connection only when so much of it waits to be read. */
const unreadBytesMax = 1024 * 1024;
const streamsMax = 1000;
const ResetStatus = { refused: 3, cancelled: 5, internalError: 6 } as const;

interface SpdyEvents {
  /** A stream that the client opened; it has been accepted already. */
  readonly onStream: (stream: SpdyStream) => void;
  /** The connection is gone, by whichever side; all streams have ended. Called once. */
  readonly onClose: (error: Error | undefined) => void;
}

/**
 * The server's side of SPDY/3.1 as Kubernetes' clients use it: they open streams, with no flow control but TCP's (they never send
 * WINDOW_UPDATE). Takes over `transport`.
 */
export class SpdyConnection {
  readonly #transport: Duplex;
  readonly #events: SpdyEvents;
  readonly #frames = new FrameReader();
  readonly #headers = new HeaderReader();
  readonly #streams = new Map<number, SpdyStream>();
  readonly #full = new Set<SpdyStream>();
  #reading = false;
  #replied = false;
  #closed = false;
  #lastStreamId = 0;

  constructor(transport: Duplex, events: SpdyEvents) {
    this.#transport = transport;
    this.#events = events;
    transport.on('data', (chunk: Buffer) => {
      this.#frames.push(chunk);
      void this.#read();
    });
    transport.on('end', () => {
      this.#close(undefined);
    });
    transport.on('close', () => {
      this.#close(undefined);
    });
    transport.on('error', (error) => {
      this.#close(error);
    });
  }

  /** Sends what is written already, says good-bye and ends. */
  end(): void {
    if (this.#closed) return;
    this.#send(controlFrame(FrameType.goAway, words(this.#lastStreamId, 0)));
    this.#transport.end();
    this.#close(undefined);
  }

  destroy(error?: Error): void {
    this.#transport.destroy();
    this.#close(error);
  }

  /** For SpdyStream. */
  sendData(streamId: number, chunk: Buffer, last: boolean, done: (error?: Error | null) => void): void {
    if (this.#closed) {
      done();
      return;
    }
    let at = 0;
    do {
      const part = chunk.subarray(at, at + payloadBytesMax);
      at += part.length;
      const end = at >= chunk.length;
      this.#transport.write(dataFrameHeader(streamId, part.length, last && end));
      if (part.length > 0 && !end) this.#transport.write(part);
      else if (end)
        this.#transport.write(part, () => {
          done();
        });
    } while (at < chunk.length);
  }

  /** For SpdyStream: its reader wants more. */
  resume(stream: SpdyStream): void {
    if (this.#full.delete(stream) && this.#full.size === 0) this.#transport.resume();
  }

  /** For SpdyStream. */
  forget(stream: SpdyStream, reset: boolean): void {
    this.resume(stream);
    if (!this.#streams.delete(stream.id) || !reset || this.#closed) return;
    this.#send(controlFrame(FrameType.rstStream, words(stream.id, ResetStatus.cancelled)));
  }

  /** Frames one after another: a header block is uncompressed asynchronously, and what follows must wait for it. */
  async #read(): Promise<void> {
    if (this.#reading) return;
    this.#reading = true;
    try {
      for (
        let frame = this.#frames.next();
        frame !== undefined && !this.#closed;
        frame = this.#frames.next()
      ) {
        if (frame.kind === 'data') this.#receiveData(frame);
        else await this.#receiveControl(frame);
      }
    } catch (error) {
      this.destroy(error as Error);
    } finally {
      this.#reading = false;
    }
  }

  #receiveData(frame: Frame & { kind: 'data' }): void {
    const stream = this.#streams.get(frame.streamId);
    if (stream === undefined) return; // Gone already: the client had not heard of it yet.
    if (stream.receive(frame.payload, frame.fin) > unreadBytesMax) {
      this.#full.add(stream);
      this.#transport.pause();
    }
  }

  async #receiveControl(frame: Frame & { kind: 'control' }): Promise<void> {
    const { type, payload } = frame;
    if (type === FrameType.synStream) await this.#openStream(frame);
    else if (type === FrameType.ping) this.#send(controlFrame(FrameType.ping, payload));
    else if (type === FrameType.rstStream && payload.length >= 4) {
      this.#streams.get(payload.readUInt32BE(0) & 0x7fffffff)?.reset();
    }
  }

  async #openStream(frame: Frame & { kind: 'control' }): Promise<void> {
    const id = frame.payload.readUInt32BE(0) & 0x7fffffff;
    const headers = await this.#headers.read(frame.payload.subarray(10));
    if (this.#closed) return;
    if (this.#streams.size >= streamsMax || this.#streams.has(id)) {
      this.#send(controlFrame(FrameType.rstStream, words(id, ResetStatus.refused)));
      return;
    }
    this.#lastStreamId = id;
    const stream = new SpdyStream(this, id, headers);
    this.#streams.set(id, stream);
    this.#send(
      controlFrame(FrameType.synReply, Buffer.concat([words(id), emptyHeaderBlock(!this.#replied)])),
    );
    this.#replied = true;
    if ((frame.flags & 1) !== 0) stream.receive(Buffer.alloc(0), true);
    this.#events.onStream(stream);
  }

  #send(bytes: Buffer): void {
    if (this.#transport.writable) this.#transport.write(bytes);
  }

  #close(error: Error | undefined): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#headers.close();
    for (const stream of [...this.#streams.values()]) stream.reset();
    this.#streams.clear();
    this.#events.onClose(error);
  }
}

export class SpdyStream extends Duplex {
  readonly id: number;
  readonly headers: StreamHeaders;
  readonly #connection: SpdyConnection;
  #ended = false;

  constructor(connection: SpdyConnection, id: number, headers: StreamHeaders) {
    super({ allowHalfOpen: true, writableHighWaterMark: 64 * 1024 });
    this.#connection = connection;
    this.id = id;
    this.headers = headers;
    this.on('error', () => undefined); // A stream that the client cut is no error of ours; whoever pipes sees its close.
  }

  /** Returns how many bytes wait to be read. */
  receive(payload: Buffer, last: boolean): number {
    if (this.#ended || this.destroyed) return 0;
    if (payload.length > 0) this.push(payload);
    if (last) {
      this.#ended = true;
      this.push(null);
    }
    return this.readableLength;
  }

  /** The client cut it, or the connection is gone: what has come can still be read. */
  reset(): void {
    this.receive(Buffer.alloc(0), true);
    if (this.readableLength === 0) this.destroy();
    else this.once('end', () => this.destroy());
  }

  override _read(): void {
    this.#connection.resume(this);
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    this.#connection.sendData(this.id, chunk, false, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#connection.sendData(this.id, Buffer.alloc(0), true, done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#connection.forget(this, !this.writableFinished || !this.#ended);
    done(error);
  }
}
