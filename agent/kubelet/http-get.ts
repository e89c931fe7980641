import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Clock } from '../../openapi/machinery/clock.ts';
import { withinTime } from '../../openapi/machinery/link-signals.ts';
import type { HTTPGetAction } from '../../openapi/generated/types.ts';

export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
  readonly location: string | undefined;
}

const bodyBytesMax = 10 * 1024;
const redirectsMax = 10;

export interface HttpGetTarget {
  readonly action: HTTPGetAction;
  readonly port: number;
  readonly podIP: string;
  /** "kube-probe/1.36" or "kube-lifecycle/1.36". */
  readonly userAgent: string;
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** One GET as probes and hooks make it; redirects to the same host are followed. Certificates are not verified, as Kubernetes has it. */
export function httpGet(target: HttpGetTarget): Promise<HttpAnswer> {
  return withinTime(target.signal, target.timeoutMs, target.clock, (signal) => follow(target, signal));
}

async function follow(target: HttpGetTarget, signal: AbortSignal): Promise<HttpAnswer> {
  const { action } = target;
  const scheme = (action.scheme ?? 'HTTP').toLowerCase();
  const host = action.host === undefined || action.host === '' ? target.podIP : action.host;
  const authority = host.includes(':') ? `[${host}]` : host;
  const path = action.path ?? '/';
  const first = new URL(path.startsWith('/') ? path : `/${path}`, `${scheme}://${authority}:${target.port}`);
  let url = first;
  for (let hop = 0; ; hop++) {
    const answer = await exchange(url, headersOf(target), signal);
    const redirect = answer.status >= 300 && answer.status < 400 ? answer.location : undefined;
    if (redirect === undefined || !URL.canParse(redirect, url.href)) return answer;
    const next = new URL(redirect, url);
    if (next.hostname !== first.hostname || !/^https?:$/.test(next.protocol)) return answer;
    if (hop === redirectsMax) throw new Error(`Get ${JSON.stringify(redirect)}: stopped after 10 redirects`);
    url = next;
  }
}

function headersOf({ action, userAgent }: HttpGetTarget): Record<string, string | string[]> {
  const headers: Record<string, string[]> = {};
  for (const { name, value } of action.httpHeaders ?? []) (headers[name.toLowerCase()] ??= []).push(value);
  headers['user-agent'] ??= [userAgent];
  headers['accept'] ??= ['*/*'];
  // "User-Agent: " and "Accept: " of a probe mean: send none.
  const sent = Object.entries(headers).filter(([, values]) => values.some((value) => value !== ''));
  return Object.fromEntries(
    sent.map(([name, values]) => [name, name === 'host' ? (values[0] ?? '') : values]),
  );
}

function exchange(
  url: URL,
  headers: Record<string, string | string[]>,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    // Go's client, and so Kubernetes, takes header lines that end without CR, as CGI scripts write them.
    const options = { method: 'GET', headers, signal, agent: false as const, insecureHTTPParser: true };
    const sent =
      url.protocol === 'https:'
        ? httpsRequest(url, { ...options, rejectUnauthorized: false })
        : httpRequest(url, options);
    sent.once('error', (error) => {
      reject(new Error(`Get ${JSON.stringify(url.href)}: ${failureText(error)}`, { cause: error }));
    });
    sent.once('response', (response) => {
      read(response).then(resolve, reject);
    });
    sent.end();
  });
}

async function read(response: IncomingMessage): Promise<HttpAnswer> {
  let body = '';
  for await (const chunk of response as AsyncIterable<Buffer>) {
    body += chunk.toString('utf8');
    if (body.length > bodyBytesMax) break;
  }
  const { location } = response.headers;
  return { status: response.statusCode ?? 0, body: body.slice(0, bodyBytesMax), location };
}

/** In the words of Go's client, which users know. */
export function failureText(error: Error): string {
  const {
    code,
    address = '',
    port = 0,
  } = error as NodeJS.ErrnoException & { address?: string; port?: number };
  const target = `dial tcp ${address.includes(':') ? `[${address}]` : address}:${port}: connect`;
  if (error.name === 'AbortError' || error.name === 'TimeoutError') {
    return 'context deadline exceeded (Client.Timeout exceeded while awaiting headers)';
  }
  if (code === 'ECONNREFUSED') return `${target}: connection refused`;
  if (code === 'EHOSTUNREACH') return `${target}: no route to host`;
  if (code === 'ECONNRESET') return 'EOF';
  return error.message;
}
