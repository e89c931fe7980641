import type { EndpointSlice, Service } from '../../openapi/generated/types.ts';
import type { Informer } from '../../openapi/client/informer.ts';
import type { Clock } from '../../openapi/machinery/clock.ts';
import type { Logger } from '../../openapi/machinery/log.ts';
import type { KubeObject } from '../../openapi/machinery/object.ts';
import type { Firewall } from '../host/firewall.ts';
import type { Host } from '../host/host.ts';
import { ProxyState } from './proxy-state.ts';
import type { OwnListeners } from './rules.ts';
import type { NodeFacts } from './service-ports.ts';
import { forgetFlows } from './stale-flows.ts';

/** A change is written at once; a burst of changes at most once a second. */
const intervalMs = 1_000;
const burst = 2;
const retryMsMax = 30_000;
const zoneLabel = 'topology.kubernetes.io/zone';
/** More than this many flows at once come from a list, not from a change: they would take seconds. */
const flowsMax = 200;

export interface ProxyOptions {
  readonly host: Host;
  readonly firewall: Pick<Firewall, 'set'>;
  readonly services: Pick<Informer<Service & KubeObject>, 'subscribe' | 'waitForSync'>;
  readonly slices: Pick<Informer<EndpointSlice & KubeObject>, 'subscribe' | 'waitForSync'>;
  /** For the zone of this node, which a label says. */
  readonly nodes: Pick<Informer<KubeObject>, 'subscribe'>;
  readonly facts: Omit<NodeFacts, 'zone'>;
  readonly own: OwnListeners;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/** Keeps Services working on this node until the signal aborts. The rules stay when it ends. */
export async function runProxy(options: ProxyOptions): Promise<void> {
  const { services, slices, signal } = options;
  try {
    // Rules from half a list would cut off services that work now.
    await Promise.all([services.waitForSync(signal), slices.waitForSync(signal)]);
    const state = new ProxyState({ ...options.facts, zone: undefined }, options.own);
    const bell = new Bell();
    const stops = [
      services.subscribe((change) => {
        state.onService(change);
        bell.ring();
      }),
      slices.subscribe((change) => {
        state.onSlice(change);
        bell.ring();
      }),
      options.nodes.subscribe(({ object }) => {
        if (object?.metadata?.name !== options.facts.nodeName) return;
        if (state.setZone(object.metadata.labels?.[zoneLabel])) bell.ring();
      }),
    ];
    try {
      await writeChanges(options, state, bell);
    } finally {
      for (const stop of stops) stop();
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

async function writeChanges(options: ProxyOptions, state: ProxyState, bell: Bell): Promise<void> {
  const { clock, signal } = options;
  let allowance = burst;
  let last = clock.monotonic();
  let failures = 0;
  // The first time also without any service: the shared chains must be there.
  for (let first = true; !signal.aborted; first = false) {
    if (first) bell.clear();
    else await bell.wait(signal);
    const now = clock.monotonic();
    allowance = Math.min(burst, allowance + (now - last) / intervalMs);
    last = now;
    if (allowance < 1) await clock.sleep((1 - allowance) * intervalMs, signal);
    allowance -= 1;
    if (await tryWrite(options, state, failures)) {
      failures = 0;
      continue;
    }
    await clock.sleep(retryDelayMs(failures++), signal);
    bell.ring();
  }
}

async function tryWrite(options: ProxyOptions, state: ProxyState, failures: number): Promise<boolean> {
  try {
    await writeOnce(options, state);
    return true;
  } catch (error) {
    if (options.signal.aborted) throw error;
    const facts = { error: String(error), retryMs: retryDelayMs(failures) };
    options.log.log('warn', 'cannot write service rules', facts);
    return false;
  }
}

function retryDelayMs(failures: number): number {
  return Math.min(retryMsMax, intervalMs * 2 ** failures);
}

async function writeOnce(options: ProxyOptions, state: ProxyState): Promise<void> {
  const { part, stale } = state.render();
  await options.firewall.set('proxy', part);
  if (stale.length === 0 || stale.length > flowsMax) return;
  const done = await forgetFlows(options.host, stale, options.signal);
  if (!done) options.log.log('debug', 'no conntrack program: old UDP flows end by themselves');
}

/** Wakes one waiter; a ring while nobody waits is kept. */
class Bell {
  #rung = false;
  #wake: (() => void) | undefined;

  ring(): void {
    this.#rung = true;
    this.#wake?.();
  }

  clear(): void {
    this.#rung = false;
  }

  async wait(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (!this.#rung) {
      await new Promise<void>((resolve, reject) => {
        function onAbort(): void {
          reject(signal.reason as Error);
        }
        signal.addEventListener('abort', onAbort, { once: true });
        this.#wake = () => {
          signal.removeEventListener('abort', onAbort);
          resolve();
        };
      });
    }
    this.#wake = undefined;
    this.#rung = false;
  }
}
