import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { createWebSocketStream } from 'ws';
import type { Clock } from '../../../openapi/machinery/clock.ts';
import { badRequest } from '../../../openapi/machinery/status.ts';
import type { ConnectHandler, ConnectRequest } from '../connect-handler.ts';
import type { NodeDialer } from '../node-dialer.ts';
import { openAgentCommand, openAgentPort } from './agent.ts';
import { findBackend } from './backends.ts';
import { bridgeCommand } from './command.ts';
import { spdyCommandProtocols, spdyCommandStreams } from './command-spdy.ts';
import type { CommandOptions, CommandStreams } from './command-streams.ts';
import { webSocketCommandProtocols, webSocketCommandStreams } from './command-websocket.ts';
import { connectOptions, openLog, serveLog } from './log.ts';
import { portForwardProtocol, servePortForward, tunnelProtocol } from './port-forward.ts';
import { serveProxy, upgradeProxy } from './proxy.ts';
import { type Lookup, chooseContainer, findPod, flag, nodeOfPod } from './targets.ts';
import { acceptSpdy, acceptWebSocket, upgradeKind } from './upgrade.ts';

const closeDelayMsMax = 5_000;

export interface ConnectOptions {
  /** The stored objects. */
  readonly objects: Lookup;
  readonly dialer: NodeDialer;
  readonly clock: Clock;
  /** In [0, 1): which endpoint of a Service serves a proxied request. */
  readonly random: () => number;
}

/** log, exec, attach, portforward and proxy, carried to the agents of the nodes. */
export function createConnectHandler(options: ConnectOptions): ConnectHandler {
  return {
    async serve(request, response) {
      if (request.subresource === 'log') await serveLog(options, request, response);
      else if (request.subresource === 'proxy') await serveToBackend(options, request, response);
      else {
        await prepare(options, request);
        throw badRequest('Upgrade request required');
      }
    },
    async upgrade(request, socket, head) {
      socket.on('error', () => undefined); // Its close is what counts.
      const upgrades: Readonly<Record<string, typeof upgradeCommand>> = {
        exec: upgradeCommand,
        attach: upgradeCommand,
        portforward: upgradePortForward,
        proxy: upgradeToBackend,
        log: upgradeLog,
      };
      await upgrades[request.subresource]?.(options, request, socket, head);
    },
  };
}

interface Prepared {
  readonly node: string;
  /** On the agent. */
  readonly path: string;
  readonly command: CommandOptions;
}

/** Finds the pod, its container and its node, and asks admission. Rejects with what is wrong. */
async function prepare(options: ConnectOptions, request: ConnectRequest): Promise<Prepared> {
  const { subresource, query, namespace, name } = request;
  const command = {
    stdin: flag(query, 'stdin'),
    stdout: flag(query, 'stdout'),
    stderr: flag(query, 'stderr'),
    tty: flag(query, 'tty'),
  };
  const container = query.get('container') ?? '';
  const ports = query
    .getAll('ports')
    .flatMap((each) => each.split(','))
    .filter((each) => each !== '');
  const wrong = ports.find((port) => !/^\d+$/.test(port));
  if (wrong !== undefined) {
    const text = `strconv.ParseUint: parsing ${JSON.stringify(wrong)}: invalid syntax`;
    throw badRequest(`cannot convert to []int32: ${text}`);
  }
  const commandLine = query.getAll('command');
  await request.admit(
    subresource === 'portforward'
      ? connectOptions('PodPortForwardOptions', {
          ports: ports.length === 0 ? undefined : ports.map(Number),
        })
      : connectOptions(subresource === 'exec' ? 'PodExecOptions' : 'PodAttachOptions', {
          ...command,
          container,
          command: subresource === 'exec' ? commandLine : undefined,
        }),
  );
  const pod = await findPod(options.objects, { namespace, name });
  const chosen = subresource === 'portforward' ? '' : chooseContainer(pod, container);
  if ((pod.spec?.nodeName ?? '') === '') throw badRequest(`pod ${name} does not have a host assigned`);
  const node = await nodeOfPod(options.objects, pod);
  return { node, path: agentPath(request, chosen, command), command };
}

function agentPath(request: ConnectRequest, container: string, command: CommandOptions): string {
  const { subresource, namespace, name, query } = request;
  const parameters = new URLSearchParams();
  if (subresource === 'exec') for (const word of query.getAll('command')) parameters.append('command', word);
  for (const [field, set] of Object.entries(command)) if (set === true) parameters.set(field, 'true');
  const place = [namespace, name, container].map(encodeURIComponent).join('/');
  return `/${subresource}/${place}?${parameters.toString()}`;
}

async function upgradeCommand(
  options: ConnectOptions,
  request: ConnectRequest,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  const { node, path, command } = await prepare(options, request);
  if (upgradeKind(request.incoming) === 'other') throw badRequest('Upgrade request required');
  const agent = await openAgentCommand(options.dialer, node, path, request.signal);
  try {
    const client = await clientStreams(options.clock, request, { socket, head, command });
    if (client !== undefined) await bridgeCommand(client, agent);
  } finally {
    agent.terminate();
    closeSoon(socket, options.clock);
  }
}

interface Upgraded {
  readonly socket: Duplex;
  readonly head: Buffer;
  readonly command: CommandOptions;
}

/** Undefined when the client speaks none of our protocols; it has been told. Rejects only when the client has gone. */
async function clientStreams(
  clock: Clock,
  { incoming }: ConnectRequest,
  { socket, head, command }: Upgraded,
): Promise<CommandStreams | undefined> {
  if (upgradeKind(incoming) === 'websocket') {
    return webSocketCommandStreams(
      await acceptWebSocket(incoming, socket, head, webSocketCommandProtocols),
      command,
    );
  }
  const protocol = acceptSpdy(incoming, socket, head, spdyCommandProtocols);
  return protocol === undefined ? undefined : await spdyCommandStreams(socket, protocol, command, clock);
}

/** What has been written still goes out; a client that does not take it is cut off. */
function closeSoon(socket: Duplex, clock: Clock): void {
  if (socket.destroyed) return;
  const closed = new AbortController();
  socket.once('close', () => {
    closed.abort();
  });
  socket.end();
  clock.sleep(closeDelayMsMax, closed.signal).then(
    () => socket.destroy(),
    () => undefined, // Closed in time.
  );
}

async function upgradePortForward(
  options: ConnectOptions,
  request: ConnectRequest,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  const { node } = await prepare(options, request);
  const transport = await portForwardTransport(request, socket, head);
  if (transport === undefined) return;
  const place = [request.namespace, request.name].map(encodeURIComponent).join('/');
  await servePortForward(
    transport,
    (port, signal) => openAgentPort(options.dialer, node, `/portForward/${place}?port=${port}`, signal),
    options.clock,
  );
}

async function portForwardTransport(
  { incoming }: ConnectRequest,
  socket: Duplex,
  head: Buffer,
): Promise<Duplex | undefined> {
  const kind = upgradeKind(incoming);
  if (kind === 'websocket') {
    const webSocket = await acceptWebSocket(incoming, socket, head, [tunnelProtocol]);
    return createWebSocketStream(webSocket.socket, { highWaterMark: 64 * 1024 });
  }
  if (kind === 'other') throw badRequest('Upgrade request required');
  return acceptSpdy(incoming, socket, head, [portForwardProtocol]) === undefined ? undefined : socket;
}

async function serveToBackend(
  options: ConnectOptions,
  request: ConnectRequest,
  response: ServerResponse,
): Promise<void> {
  const backend = await findBackend(options, request);
  await serveProxy(request, response, backend);
}

async function upgradeToBackend(
  options: ConnectOptions,
  request: ConnectRequest,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  await upgradeProxy(request, socket, head, await findBackend(options, request));
}

const logProtocols = ['binary.k8s.io', 'base64.binary.k8s.io'];

/** A log as WebSocket messages: of bytes, or of base64 for clients that take text only. */
async function upgradeLog(
  options: ConnectOptions,
  request: ConnectRequest,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  const log = await openLog(options, request);
  const { socket: webSocket, protocol } = await acceptWebSocket(request.incoming, socket, head, logProtocols);
  const text = protocol.startsWith('base64.');
  webSocket.on('error', () => log?.destroy());
  webSocket.on('close', () => log?.destroy());
  webSocket.resume();
  try {
    for await (const chunk of log ?? []) {
      const message = text ? (chunk as Buffer).toString('base64') : (chunk as Buffer);
      await new Promise<void>((resolve) => {
        webSocket.send(message, { binary: !text }, () => {
          resolve();
        });
      });
    }
  } catch {
    // The client has gone, or the agent: what came has been sent.
  } finally {
    webSocket.close(1000);
  }
}
