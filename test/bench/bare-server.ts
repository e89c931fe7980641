/**
 * What node:https can do at best with the same bytes: started by bare.ts with a directory in which stand key.pem, cert.pem and
 * the bodies to answer with. GET /get, GET /list, GET /page, POST /create (the body goes to a file that is flushed for all who wait at once),
 * GET /watch (what is POSTed to /event goes to all who watch).
 */
import { readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { join } from 'node:path';

// Whoever started it is gone when stdin ends.
process.stdin.resume().once('end', () => process.exit(0));

const directory = process.argv[2] ?? '.';
const bodies = new Map<string, Buffer>();
const watchers = new Set<ServerResponse>();

function bodyOf(name: string): Buffer {
  const known = bodies.get(name);
  if (known !== undefined) return known;
  const body = readFileSync(join(directory, name));
  bodies.set(name, body);
  return body;
}

const file = await open(join(directory, 'written'), 'w');
let waiting: { readonly bytes: Buffer; readonly done: () => void }[] = [];
let flushing = false;

async function flushAll(): Promise<void> {
  if (flushing) return;
  flushing = true;
  while (waiting.length > 0) {
    const batch = waiting;
    waiting = [];
    await file.writev(batch.map((each) => each.bytes));
    await file.datasync();
    for (const each of batch) each.done();
  }
  flushing = false;
}

function written(bytes: Buffer): Promise<void> {
  return new Promise((done) => {
    waiting.push({ bytes, done });
    void flushAll();
  });
}

async function read(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function answer(response: ServerResponse, status: number, body: Buffer): void {
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': body.length });
  response.end(body);
}

async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = request.url ?? '/';
  if (path === '/watch') {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    watchers.add(response);
    response.on('close', () => watchers.delete(response));
    response.write('\n');
  } else if (path === '/event') {
    const bytes = await read(request);
    for (const watcher of watchers) watcher.write(bytes);
    answer(response, 200, Buffer.from('{}'));
  } else if (path === '/create') {
    await read(request);
    // As many bytes as a server stores of it: with what it adds.
    await written(bodyOf('get'));
    answer(response, 201, bodyOf('get'));
  } else {
    answer(response, 200, bodyOf(path.slice(1)));
  }
}

const server = createServer(
  { key: readFileSync(join(directory, 'key.pem')), cert: readFileSync(join(directory, 'cert.pem')) },
  (request, response) => void handle(request, response),
);
server.listen(Number(process.argv[3] ?? '0'), '127.0.0.1', () => {
  const address = server.address();
  process.stdout.write(`${typeof address === 'object' && address !== null ? address.port : 0}\n`);
});
