import { PassThrough, Transform, type Readable, type TransformCallback } from 'node:stream';

/** A frame is one byte of stream (1 stdout, 2 stderr), three of nothing, four of length, then the bytes. */
const headerBytes = 8;

/** Cuts the engine's framed bytes into payloads; a payload may come in pieces. */
class FrameReader {
  #header = Buffer.alloc(0);
  #stream = 1;
  #left = 0;

  read(chunk: Buffer, emit: (stream: number, bytes: Buffer) => void): void {
    let rest = chunk;
    while (rest.length > 0) {
      if (this.#left > 0) {
        const part = rest.subarray(0, this.#left);
        this.#left -= part.length;
        emit(this.#stream, part);
        rest = rest.subarray(part.length);
        continue;
      }
      const missing = headerBytes - this.#header.length;
      this.#header = Buffer.concat([this.#header, rest.subarray(0, missing)]);
      rest = rest.subarray(missing);
      if (this.#header.length < headerBytes) return;
      this.#stream = this.#header[0] ?? 1;
      this.#left = this.#header.readUInt32BE(4);
      this.#header = Buffer.alloc(0);
    }
  }
}

/** Both streams in the order of writing, without the frames: what logs are. */
export function unframed(): Transform {
  const reader = new FrameReader();
  return new Transform({
    transform(chunk: Buffer, _encoding, done: TransformCallback) {
      reader.read(chunk, (_stream, bytes) => this.push(bytes));
      done();
    },
  });
}

/** Parts a framed connection. Either output that is not read holds the other back, so the caller reads or resumes both. */
export function demux(source: Readable): { readonly stdout: PassThrough; readonly stderr: PassThrough } {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const reader = new FrameReader();
  source.on('data', (chunk: Buffer) => {
    reader.read(chunk, (stream, bytes) => {
      const target = stream === 2 ? stderr : stdout;
      if (target.writable && !target.write(bytes)) source.pause();
    });
  });
  for (const target of [stdout, stderr]) {
    target.on('drain', () => {
      if (stdout.writableNeedDrain || stderr.writableNeedDrain) return;
      source.resume();
    });
    target.on('close', () => source.resume());
  }
  function end(): void {
    stdout.end();
    stderr.end();
  }
  source.once('end', end);
  source.once('close', end);
  source.once('error', end);
  return { stdout, stderr };
}
