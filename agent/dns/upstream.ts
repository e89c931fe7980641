import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { connect, isIP } from 'node:net';
import type { Clock } from '../../openapi/machinery/clock.ts';
import { linkSignals } from '../../openapi/machinery/link-signals.ts';
import type { Host } from '../host/host.ts';
import { skipName } from './message.ts';

const timeoutMs = 2_000;
const inFlightMax = 512;
const rereadMs = 10_000;
/** A server that did not answer is asked last for so long. */
const penaltyMs = 10_000;
const serversMax = 3;

export interface UpstreamOptions {
  readonly host: Pick<Host, 'readFile'>;
  /** Addresses at which we are asked ourselves: asking them would go round in circles. */
  readonly ownAddresses: ReadonlySet<string>;
  readonly clock: Clock;
  readonly resolvConf?: string;
  /** 53, except in tests. */
  readonly port?: number;
}

/** The name servers of the host, asked for what is not the cluster's. */
export class Upstream {
  readonly #options: UpstreamOptions;
  readonly #failedAtMs = new Map<string, number>();
  #servers: readonly string[] = [];
  #readAtMs = -rereadMs;
  #inFlight = 0;

  constructor(options: UpstreamOptions) {
    this.#options = options;
  }

  /** The answer's bytes, with the query's id; undefined when nobody answered, or when too many wait already. */
  async ask(message: Buffer, transport: 'udp' | 'tcp', signal: AbortSignal): Promise<Buffer | undefined> {
    if (this.#inFlight >= inFlightMax) return undefined;
    this.#inFlight += 1;
    try {
      for (const server of await this.#inOrder()) {
        const answer = await this.#askOne(server, message, transport, signal);
        if (answer !== undefined) {
          this.#failedAtMs.delete(server);
          return answer;
        }
        if (signal.aborted) return undefined;
        this.#failedAtMs.set(server, this.#options.clock.monotonic());
      }
      return undefined;
    } finally {
      this.#inFlight -= 1;
    }
  }

  async #inOrder(): Promise<readonly string[]> {
    const now = this.#options.clock.monotonic();
    if (now - this.#readAtMs >= rereadMs) {
      const text = await this.#options.host.readFile(this.#options.resolvConf ?? '/etc/resolv.conf');
      this.#servers = parseNameServers(text ?? '', this.#options.ownAddresses);
      this.#readAtMs = now;
    }
    const isFailing = (server: string): boolean =>
      now - (this.#failedAtMs.get(server) ?? -penaltyMs) < penaltyMs;
    return [...this.#servers.filter((each) => !isFailing(each)), ...this.#servers.filter(isFailing)];
  }

  async #askOne(
    server: string,
    message: Buffer,
    transport: 'udp' | 'tcp',
    signal: AbortSignal,
  ): Promise<Buffer | undefined> {
    const ended = new AbortController();
    const both = linkSignals(signal, ended.signal);
    const timeout = this.#options.clock.sleep(timeoutMs, both.signal).catch(() => undefined);
    const target = { server, port: this.#options.port ?? 53 };
    const query = Buffer.from(message);
    // Our own id, and a port of the moment: hard to guess for who would forge an answer.
    query.writeUInt16BE(randomInt(65_536), 0);
    const exchange = (transport === 'udp' ? askUdp : askTcp)(target, query, both.signal);
    try {
      const answer = await Promise.race([exchange, timeout]);
      if (!(answer instanceof Uint8Array)) return undefined;
      answer.writeUInt16BE(message.readUInt16BE(0), 0);
      return answer;
    } finally {
      ended.abort();
      both.release();
    }
  }
}

interface Target {
  readonly server: string;
  readonly port: number;
}

/** "nameserver" lines of a resolv.conf, as far as the C library reads them. */
export function parseNameServers(text: string, own: ReadonlySet<string>): string[] {
  return text
    .split('\n')
    .map((line) => /^nameserver\s+(\S+)/.exec(line)?.[1] ?? '')
    .filter((server) => isIP(server.replace(/%.*$/, '')) !== 0 && !own.has(server))
    .slice(0, serversMax);
}

/** Whether the message answers the query: same id, same question. */
function answers(message: Buffer, query: Buffer): boolean {
  if (message.length < 12 || message.readUInt16BE(0) !== query.readUInt16BE(0)) return false;
  if ((message.readUInt16BE(2) & 0x8000) === 0) return false;
  if (message.readUInt16BE(4) === 0) return (message.readUInt16BE(2) & 15) !== 0;
  const end = skipName(query, 12) + 4;
  const asked = query.subarray(12, end).toString('latin1').toLowerCase();
  return message.subarray(12, end).toString('latin1').toLowerCase() === asked;
}

function askUdp(target: Target, query: Buffer, signal: AbortSignal): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket(isIP(target.server.replace(/%.*$/, '')) === 6 ? 'udp6' : 'udp4');
    function finish(answer: Buffer | undefined): void {
      signal.removeEventListener('abort', onAbort);
      socket.removeAllListeners('message');
      try {
        socket.close();
      } catch {
        // Closed by an error already.
      }
      resolve(answer);
    }
    function onAbort(): void {
      finish(undefined);
    }
    signal.addEventListener('abort', onAbort, { once: true });
    socket.on('error', onAbort);
    socket.on('message', (message) => {
      if (answers(message, query)) finish(message);
    });
    // Connected: the kernel drops what comes from elsewhere, and tells when the port is closed.
    socket.connect(target.port, target.server, () => {
      socket.send(query);
    });
  });
}

function askTcp(target: Target, query: Buffer, signal: AbortSignal): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host: target.server, port: target.port });
    let received = Buffer.alloc(0);
    function finish(answer: Buffer | undefined): void {
      signal.removeEventListener('abort', onAbort);
      socket.destroy();
      resolve(answer);
    }
    function onAbort(): void {
      finish(undefined);
    }
    signal.addEventListener('abort', onAbort, { once: true });
    socket.on('error', onAbort);
    socket.on('close', onAbort);
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      if (received.length < 2 || received.length < 2 + received.readUInt16BE(0)) return;
      const message = received.subarray(2, 2 + received.readUInt16BE(0));
      finish(answers(message, query) ? message : undefined);
    });
    const length = Buffer.alloc(2);
    length.writeUInt16BE(query.length);
    socket.write(Buffer.concat([length, query]));
  });
}
