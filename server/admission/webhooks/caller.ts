import { createHash } from 'node:crypto';
import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import type { Duplex } from 'node:stream';
import { connect as tlsConnect } from 'node:tls';
import type { Clock } from '../../../openapi/machinery/clock.ts';
import type { JsonValue } from '../../../openapi/machinery/json.ts';
import { networkErrorText } from './network-error.ts';
import { CallError, type ClientConfig } from './review.ts';

/** Opens a byte stream to an endpoint of a Service. server/apiserver implements it; main.ts joins the two. */
export type OpenService = (
  service: { readonly namespace: string; readonly name: string; readonly port: number },
  signal: AbortSignal,
) => Promise<Duplex>;

export interface WebhookCaller {
  /** Posts JSON and reads the answer's. Throws CallError with the reason, in Kubernetes' words where they are known. */
  call(client: ClientConfig, body: object, timeoutSeconds: number): Promise<JsonValue>;
}

/** Of an answer: more than any patch needs. */
const answerBytesMax = 8 * 1024 * 1024;
const agentsMax = 100;

interface Target {
  readonly url: URL;
  readonly ca: string | undefined;
  readonly open: ((signal: AbortSignal) => Promise<Duplex>) | undefined;
}

/** Calls webhooks over HTTPS, verified always, and follows no redirects: a webhook must not lead us elsewhere. */
export function createWebhookCaller(openService: OpenService, clock: Pick<Clock, 'sleep'>): WebhookCaller {
  const agents = new Map<string, Agent>();
  function agentFor({ url, ca }: Target): Agent {
    const key = `${url.host} ${createHash('sha256')
      .update(ca ?? '')
      .digest('base64')}`;
    let agent = agents.get(key);
    if (agent !== undefined) return agent;
    if (agents.size >= agentsMax) {
      for (const each of agents.values()) each.destroy();
      agents.clear();
    }
    agent = new Agent({ keepAlive: true, maxSockets: 64, ...(ca === undefined ? {} : { ca }) });
    agents.set(key, agent);
    return agent;
  }
  return {
    async call(client, body, timeoutSeconds) {
      const target = targetOf(openService, client, timeoutSeconds);
      const late = new AbortController();
      const over = new AbortController();
      void clock.sleep(timeoutSeconds * 1000, over.signal).then(
        () => {
          late.abort();
        },
        () => undefined,
      );
      try {
        const answer = await post(target, Buffer.from(JSON.stringify(body)), late.signal, agentFor);
        return readJson(answer);
      } catch (error) {
        if (error instanceof CallError) throw error;
        const why = late.signal.aborted ? 'context deadline exceeded' : networkErrorText(error, target.url);
        throw new CallError(`failed to call webhook: Post "${target.url.href}": ${why}`, { cause: error });
      } finally {
        over.abort();
      }
    },
  };
}

function targetOf(openService: OpenService, client: ClientConfig, timeoutSeconds: number): Target {
  const { service, url: text = '', caBundle = '' } = client;
  const ca = caBundle === '' ? undefined : Buffer.from(caBundle, 'base64').toString('utf8');
  if (service === undefined) {
    if (!URL.canParse(text)) throw new CallError('webhook configuration must have either service or URL');
    const url = new URL(text);
    url.searchParams.set('timeout', `${timeoutSeconds}s`);
    return { url, ca, open: undefined };
  }
  const { namespace, name, path = '', port = 443 } = service;
  const url = new URL(`https://${name}.${namespace}.svc:${port}${path === '' ? '/' : path}`);
  url.searchParams.set('timeout', `${timeoutSeconds}s`);
  return { url, ca, open: (signal) => openService({ namespace, name, port }, signal) };
}

async function post(
  target: Target,
  body: Buffer,
  signal: AbortSignal,
  agentFor: (target: Target) => Agent,
): Promise<Buffer> {
  const options = {
    method: 'POST',
    path: `${target.url.pathname}${target.url.search}`,
    headers: {
      host: target.url.host,
      accept: 'application/json, */*',
      'content-type': 'application/json',
      'content-length': body.length,
    },
    signal,
  };
  if (target.open === undefined) {
    const { hostname, port } = target.url;
    const host = hostname.replace(/^\[|\]$/g, '');
    return await exchange(
      httpsRequest({ ...options, host, port: port === '' ? 443 : port, agent: agentFor(target) }),
      body,
    );
  }
  const stream = await target.open(signal);
  const secure = tlsConnect({
    socket: stream,
    servername: target.url.hostname,
    ...(target.ca === undefined ? {} : { ca: target.ca }),
  });
  try {
    return await exchange(httpRequest({ ...options, createConnection: () => secure }), body);
  } finally {
    secure.destroy();
    stream.destroy();
  }
}

function exchange(outgoing: ClientRequest, body: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    outgoing.on('error', reject);
    outgoing.on('response', (incoming) => {
      readAll(incoming).then(resolve, reject);
    });
    outgoing.end(body);
  });
}

async function readAll(incoming: IncomingMessage): Promise<Buffer> {
  const { statusCode = 0 } = incoming;
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of incoming) {
    length += (chunk as Buffer).length;
    if (length > answerBytesMax) throw new CallError('failed to call webhook: the answer is too large');
    chunks.push(chunk as Buffer);
  }
  if (statusCode >= 200 && statusCode < 300) return Buffer.concat(chunks);
  throw new CallError(`failed to call webhook: ${statusText(statusCode)}`);
}

function statusText(code: number): string {
  switch (code) {
    case 401:
      return 'the server has asked for the client to provide credentials';
    case 403:
      return 'forbidden';
    case 404:
      return 'the server could not find the requested resource';
    case 429:
      return 'the server has received too many requests and has asked us to try again later';
    case 503:
      return 'the server is currently unable to handle the request';
    default:
      return code >= 500
        ? 'an error on the server ("unknown") has prevented the request from succeeding'
        : `the server responded with the status code ${code} but did not return more information`;
  }
}

function readJson(bytes: Buffer): JsonValue {
  try {
    return JSON.parse(bytes.toString('utf8')) as JsonValue;
  } catch {
    throw new CallError(
      "failed to call webhook: couldn't get version/kind; json parse error: the answer is no JSON",
    );
  }
}
