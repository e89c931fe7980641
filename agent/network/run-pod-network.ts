import type { Informer } from '../../openapi/client/informer.ts';
import type { Clock } from '../../openapi/machinery/clock.ts';
import { linkSignals } from '../../openapi/machinery/link-signals.ts';
import type { Logger } from '../../openapi/machinery/log.ts';
import type { KubeObject } from '../../openapi/machinery/object.ts';
import { parseAddress, parseRange } from './addresses.ts';
import type { PodNetwork, PodNetworkConfig } from './pod-network.ts';

/** Links and routes are compared as often: a restarted network service takes ours away. */
const checkMs = 30_000;
const retryMsMin = 1_000;

/** What is read of core/v1 Node. */
export interface NetworkNode extends KubeObject {
  readonly spec?: { readonly podCIDR?: string } | undefined;
  readonly status?:
    | { readonly addresses?: readonly { readonly type: string; readonly address: string }[] | undefined }
    | undefined;
}

export interface RunPodNetworkOptions {
  readonly network: Pick<PodNetwork, 'configure' | 'gateway'>;
  readonly nodes: Pick<Informer<NetworkNode>, 'list' | 'subscribe' | 'waitForSync'>;
  readonly nodeName: string;
  readonly clusterCIDR: string;
  readonly serviceCIDR: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** Called after each time that the network stands as wanted. */
  readonly onReady: (gateway: string) => void;
}

/** Undefined as long as this node has no range. Peers without a range or an IPv4 address are left out. */
export function networkConfigOf(
  nodes: readonly NetworkNode[],
  options: Pick<RunPodNetworkOptions, 'nodeName' | 'clusterCIDR' | 'serviceCIDR'>,
): PodNetworkConfig | undefined {
  const podCIDR = nodes.find((node) => node.metadata?.name === options.nodeName)?.spec?.podCIDR;
  if (podCIDR === undefined || podCIDR === '') return undefined;
  const peers = nodes.flatMap((node) => {
    const nodeName = node.metadata?.name ?? '';
    const address = internalIP(node);
    const range = node.spec?.podCIDR;
    if (nodeName === options.nodeName || address === undefined || !isRange(range)) return [];
    return [{ nodeName, address, podCIDR: range }];
  });
  peers.sort((a, b) => (a.nodeName < b.nodeName ? -1 : 1));
  return { podCIDR, clusterCIDR: options.clusterCIDR, serviceCIDR: options.serviceCIDR, peers };
}

/** Keeps links and routes as the nodes want them, until the signal aborts. They stay when it ends. */
export async function runPodNetwork(options: RunPodNetworkOptions): Promise<void> {
  const { nodes, clock, signal } = options;
  await nodes.waitForSync(signal);
  let changed = new AbortController();
  let known = '';
  const stop = nodes.subscribe(() => {
    const text = JSON.stringify(networkConfigOf(nodes.list(), options));
    if (text !== known) changed.abort();
    known = text;
  });
  try {
    for (let failures = 0; !isAborted(signal);) {
      changed = new AbortController();
      const done = await tryConfigure(options, failures);
      failures = done ? 0 : failures + 1;
      const waitMs = done ? checkMs : retryDelayMs(failures);
      const either = linkSignals(signal, changed.signal);
      await clock.sleep(waitMs, either.signal).catch(() => undefined);
      either.release();
    }
  } finally {
    stop();
  }
}

async function tryConfigure(options: RunPodNetworkOptions, failures: number): Promise<boolean> {
  try {
    await configureOnce(options);
    return true;
  } catch (error) {
    const facts = { error: String(error), retryMs: retryDelayMs(failures + 1) };
    if (!isAborted(options.signal)) options.log.log('warn', 'cannot bring up the pod network', facts);
    return false;
  }
}

function retryDelayMs(failures: number): number {
  return Math.min(checkMs, retryMsMin * 2 ** (failures - 1));
}

async function configureOnce(options: RunPodNetworkOptions): Promise<void> {
  const config = networkConfigOf(options.nodes.list(), options);
  if (config === undefined) return;
  await options.network.configure(config, options.signal);
  if (options.network.gateway !== undefined) options.onReady(options.network.gateway);
}

// A function, since the compiler does not see that the signal changes while we wait.
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}

function internalIP(node: NetworkNode): string | undefined {
  return node.status?.addresses?.find(
    (each) => each.type === 'InternalIP' && parseAddress(each.address) !== undefined,
  )?.address;
}

function isRange(text: string | undefined): text is string {
  try {
    return text !== undefined && parseRange(text).prefix < 32;
  } catch {
    return false;
  }
}
