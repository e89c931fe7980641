import type { EndpointSlice, Service } from '../../openapi/generated/types.ts';
import { serviceNameLabel } from '../../openapi/machinery/well-known-labels.ts';
import type { Change } from '../../openapi/client/informer.ts';
import type { FirewallPart } from '../host/firewall-plan.ts';
import { proxyRules, type OwnListeners } from './rules.ts';
import { servicePorts, type NodeFacts, type ServicePort } from './service-ports.ts';
import { serviceRules, type ServiceRules } from './service-rules.ts';
import { staleFlows, type StaleFlow } from './stale-flows.ts';

interface Entry {
  service: Service | undefined;
  readonly slices: Map<string, EndpointSlice>;
  ports: readonly ServicePort[];
  rules: readonly ServiceRules[];
}

interface WithMeta {
  readonly metadata?:
    { readonly name?: string | undefined; readonly namespace?: string | undefined } | undefined;
}

export interface ProxyOutput {
  readonly part: FirewallPart;
  /** UDP flows that the kernel would keep sending to where nothing is any more. */
  readonly stale: readonly StaleFlow[];
}

/** Services and slices as last heard, and the rules of each, made anew only for what changed. */
export class ProxyState {
  readonly #entries = new Map<string, Entry>();
  readonly #dirty = new Set<string>();
  readonly #own: OwnListeners;
  #facts: NodeFacts;
  #order: readonly string[] | undefined;

  constructor(facts: NodeFacts, own: OwnListeners) {
    this.#facts = facts;
    this.#own = own;
  }

  /** By the zone goes which endpoints are near. Yields whether it is another one than before. */
  setZone(zone: string | undefined): boolean {
    if (zone === this.#facts.zone) return false;
    this.#facts = { ...this.#facts, zone };
    for (const key of this.#entries.keys()) this.#dirty.add(key);
    return true;
  }

  onService(change: Change<Service>): void {
    const key = keyOf(change.object ?? change.old);
    this.#entry(key).service = change.object;
    this.#dirty.add(key);
  }

  onSlice({ object, old }: Change<EndpointSlice>): void {
    if (old !== undefined) this.#forSlice(old, (slices, name) => slices.delete(name));
    if (object !== undefined) this.#forSlice(object, (slices, name) => slices.set(name, object));
  }

  /** The rules of now. Afterwards nothing is dirty; should they not reach the kernel, call `render` again. */
  render(): ProxyOutput {
    const stale: StaleFlow[] = [];
    for (const key of this.#dirty) stale.push(...this.#compile(key));
    this.#dirty.clear();
    this.#order ??= [...this.#entries.keys()].sort();
    const services = this.#order.flatMap((key) => this.#entries.get(key)?.rules ?? []);
    const { serviceCIDR } = this.#facts;
    return { part: proxyRules({ services, serviceCIDR, own: this.#own }), stale };
  }

  #compile(key: string): StaleFlow[] {
    const entry = this.#entries.get(key);
    if (entry === undefined) return [];
    const before = entry.ports;
    entry.ports =
      entry.service === undefined ? [] : servicePorts(entry.service, [...entry.slices.values()], this.#facts);
    entry.rules = entry.ports.map((port) => serviceRules(port, this.#facts.clusterCIDR));
    if (entry.service === undefined && entry.slices.size === 0) {
      this.#entries.delete(key);
      this.#order = undefined;
    }
    return staleFlows(before, entry.ports);
  }

  #forSlice(slice: EndpointSlice, change: (slices: Map<string, EndpointSlice>, name: string) => void): void {
    const service = slice.metadata?.labels?.[serviceNameLabel];
    if (service === undefined) return;
    const key = `${slice.metadata?.namespace ?? ''}/${service}`;
    change(this.#entry(key).slices, slice.metadata?.name ?? '');
    this.#dirty.add(key);
  }

  #entry(key: string): Entry {
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      entry = { service: undefined, slices: new Map(), ports: [], rules: [] };
      this.#entries.set(key, entry);
      this.#order = undefined;
    }
    return entry;
  }
}

function keyOf(object: WithMeta | undefined): string {
  return `${object?.metadata?.namespace ?? ''}/${object?.metadata?.name ?? ''}`;
}
