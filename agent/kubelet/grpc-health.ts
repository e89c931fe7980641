import { connect, constants, type IncomingHttpHeaders } from 'node:http2';
import type { Clock } from '../../openapi/machinery/clock.ts';
import { withinTime } from '../../openapi/machinery/link-signals.ts';

export interface GrpcHealthTarget {
  readonly host: string;
  readonly port: number;
  readonly service: string;
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

const answerBytesMax = 4096;
const serving = 1;

export type GrpcHealth = { readonly healthy: true } | { readonly healthy: false; readonly output: string };

/** Asks grpc.health.v1.Health/Check, whose messages are small enough to be read and written by hand. */
export async function grpcHealth(target: GrpcHealthTarget): Promise<GrpcHealth> {
  const { host, port, service } = target;
  const address = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  try {
    const { status, body } = await withinTime(target.signal, target.timeoutMs, target.clock, (signal) =>
      call(address, service, signal),
    );
    if (status === 12)
      return {
        healthy: false,
        output: `this server does not implement the grpc health protocol (grpc.health.v1.Health): unknown service`,
      };
    if (status !== 0)
      return { healthy: false, output: `service health check failed, grpc status code ${status}` };
    if (servingStatus(body) === serving) return { healthy: true };
    return {
      healthy: false,
      output: `service unhealthy (responded with ${JSON.stringify(statusNames[servingStatus(body)] ?? 'UNKNOWN')})`,
    };
  } catch {
    const waited = Math.round(target.timeoutMs / 1000);
    return {
      healthy: false,
      output: `timeout: failed to connect service ${JSON.stringify(address)} within ${waited}s: context deadline exceeded`,
    };
  }
}

const statusNames = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'];

function call(
  address: string,
  service: string,
  signal: AbortSignal,
): Promise<{ status: number; body: Buffer }> {
  return new Promise((resolve, reject) => {
    const session = connect(`http://${address}`);
    function fail(error: Error): void {
      session.destroy();
      reject(error);
    }
    signal.addEventListener(
      'abort',
      () => {
        fail(signal.reason as Error);
      },
      { once: true },
    );
    session.once('error', fail);
    const stream = session.request({
      [constants.HTTP2_HEADER_METHOD]: 'POST',
      [constants.HTTP2_HEADER_PATH]: '/grpc.health.v1.Health/Check',
      'content-type': 'application/grpc',
      'user-agent': 'kube-probe/1.36',
      te: 'trailers',
    });
    let body = Buffer.alloc(0);
    let status = -1;
    stream.on('response', (headers) => (status = statusOf(headers)));
    stream.on('trailers', (trailers: IncomingHttpHeaders) => (status = statusOf(trailers)));
    stream.on('data', (chunk: Buffer) => {
      if (body.length < answerBytesMax) body = Buffer.concat([body, chunk]);
    });
    stream.once('error', fail);
    stream.once('close', () => {
      session.destroy();
      resolve({ status, body });
    });
    stream.end(requestFrame(service));
  });
}

function statusOf(headers: IncomingHttpHeaders): number {
  const status = headers['grpc-status'];
  return typeof status === 'string' ? Number(status) : -1;
}

/** One byte (not compressed), four of length, the message {1: service}. */
function requestFrame(service: string): Buffer {
  const name = Buffer.from(service).subarray(0, 120);
  const message =
    name.length === 0 ? Buffer.alloc(0) : Buffer.concat([Buffer.from([0x0a, name.length]), name]);
  const header = Buffer.alloc(5);
  header.writeUInt32BE(message.length, 1);
  return Buffer.concat([header, message]);
}

/** The message {1: status}; an absent field is 0. */
function servingStatus(body: Buffer): number {
  return body.length >= 7 && body[5] === 0x08 ? (body[6] ?? 0) : 0;
}
