import { connect, type Socket } from 'node:net';
import { pipeline, type Duplex } from 'node:stream';
import { failureText } from '../kubelet/http-get.ts';
import { isHostNetwork } from '../kubelet/pod.ts';
import type { PodWorker } from '../kubelet/pod-worker.ts';
import type { ServingContext } from './context.ts';
import type { Upgrade } from './exec.ts';
import { HttpError } from './http-error.ts';
import { findPod, type PodPath } from './targets.ts';

const connectMs = 10_000;

/** GET /portForward/{namespace}/{pod}?port=N with Upgrade: tcp: one connection into the pod, bytes both ways. */
export async function servePortForward(
  context: ServingContext,
  target: { readonly path: PodPath; readonly query: URLSearchParams },
  { socket, head }: Upgrade,
): Promise<void> {
  const port = Number(target.query.get('port'));
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new HttpError(400, 'port must be 1 to 65535');
  const worker = findPod(context, target.path);
  const inside = await dialPod(context, worker, port);
  if (socket.destroyed) {
    inside.destroy();
    return;
  }
  socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n');
  if (head.length > 0) inside.write(head);
  // Either side may end first and still read: each direction ends by itself.
  pipeline(socket, inside, () => undefined);
  pipeline(inside, socket, () => undefined);
}

/** By the pod's address; what listens on its loopback only is reached from inside. */
async function dialPod(context: ServingContext, worker: PodWorker, port: number): Promise<Duplex> {
  const host = isHostNetwork(worker.pod) ? '127.0.0.1' : worker.podIP;
  const pid = worker.runtime.sandboxes.find(({ running }) => running)?.pid;
  if (host === undefined || pid === undefined) {
    throw new HttpError(500, 'unable to do port forwarding: pod is not running');
  }
  try {
    return await dial(host, port);
  } catch (error) {
    if (isHostNetwork(worker.pod)) throw error;
    return await context.dialInside(pid, port).catch(() => {
      throw error;
    });
  }
}

function dial(host: string, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, allowHalfOpen: true, noDelay: true, timeout: connectMs });
    function fail(text: string): void {
      socket.destroy();
      reject(new HttpError(502, `failed to connect to ${host}:${port} inside the pod: ${text}`));
    }
    socket.once('timeout', () => {
      fail('i/o timeout');
    });
    socket.once('error', (error) => {
      fail(failureText(error));
    });
    socket.once('connect', () => {
      socket.setTimeout(0);
      socket.removeAllListeners('error');
      socket.removeAllListeners('timeout');
      socket.on('error', () => undefined);
      resolve(socket);
    });
  });
}
