import type { EndpointSlice, Service } from '../../openapi/generated/types.ts';
import type { Change } from '../../openapi/client/informer.ts';
import {
  isIPv4,
  serviceRecords,
  slicesService,
  type NameRecords,
  type ServiceRecords,
} from './service-records.ts';

interface Entry {
  service: Service | undefined;
  readonly slices: Map<string, EndpointSlice>;
  records: ServiceRecords;
}

/** What the zone says of a name: its records, that it exists without any, or that it does not exist. */
export type Found = { readonly exists: false } | { readonly exists: true; readonly records: NameRecords };

const nothing: ServiceRecords = { names: new Map(), reverse: new Map() };
const noRecords: Found = { exists: true, records: {} };
const absent: Found = { exists: false };
const podName = /^(\d{1,3})-(\d{1,3})-(\d{1,3})-(\d{1,3})\.[a-z0-9-]+\.pod$/;

/** The cluster's zone as an index by name; a change touches only its own service's names. */
export class Zone {
  /** "cluster.local" */
  readonly name: string;
  /** Raised by each change: the SOA's serial. */
  serial = 1;
  readonly #entries = new Map<string, Entry>();
  readonly #names = new Map<string, NameRecords>();
  /** Names that only have names below them -> how many. */
  readonly #parents = new Map<string, number>();
  /** Address -> service key -> name. Two services may share an endpoint. */
  readonly #reverse = new Map<string, Map<string, string>>();

  constructor(name: string) {
    this.name = name;
  }

  onService({ object, old }: Change<Service>): void {
    const metadata = (object ?? old)?.metadata;
    const key = `${metadata?.namespace ?? ''}/${metadata?.name ?? ''}`;
    this.#entry(key).service = object;
    this.#rebuild(key);
  }

  onSlice({ object, old }: Change<EndpointSlice>): void {
    const touched = new Set<string>();
    for (const slice of [old, object]) {
      const service = slice === undefined ? undefined : slicesService(slice);
      if (slice === undefined || service === undefined) continue;
      const { slices } = this.#entry(service);
      const name = slice.metadata?.name ?? '';
      if (slice === object) slices.set(name, slice);
      else slices.delete(name);
      touched.add(service);
    }
    for (const key of touched) this.#rebuild(key);
  }

  /** `name` in lower case, without the last dot, within the zone. */
  find(name: string): Found {
    const records = this.#names.get(name);
    if (records !== undefined) return { exists: true, records };
    if (this.#parents.has(name) || this.#isFixed(name)) return noRecords;
    const pod = podName.exec(name.slice(0, -this.name.length - 1));
    const address = pod?.slice(1).join('.');
    return isIPv4(address) ? { exists: true, records: { a: [address] } } : absent;
  }

  /** The names of an address, sorted; none when no service has it. */
  namesOf(address: string): string[] {
    return [...new Set(this.#reverse.get(address)?.values() ?? [])].sort();
  }

  #isFixed(name: string): boolean {
    return name === this.name || name === `svc.${this.name}` || name === `pod.${this.name}`;
  }

  #entry(key: string): Entry {
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      entry = { service: undefined, slices: new Map(), records: nothing };
      this.#entries.set(key, entry);
    }
    return entry;
  }

  #rebuild(key: string): void {
    const entry = this.#entry(key);
    const { service } = entry;
    this.#remove(key, entry.records);
    entry.records =
      service === undefined ? nothing : serviceRecords(service, [...entry.slices.values()], this.name);
    this.#add(key, entry.records);
    if (service === undefined && entry.slices.size === 0) this.#entries.delete(key);
    this.serial = (this.serial + 1) >>> 0;
  }

  #add(key: string, records: ServiceRecords): void {
    for (const [name, each] of records.names) {
      this.#names.set(name, each);
      for (const parent of parentsOf(name, this.name)) {
        this.#parents.set(parent, (this.#parents.get(parent) ?? 0) + 1);
      }
    }
    for (const [address, name] of records.reverse) {
      const owners = this.#reverse.get(address) ?? new Map<string, string>();
      owners.set(key, name);
      this.#reverse.set(address, owners);
    }
  }

  #remove(key: string, records: ServiceRecords): void {
    for (const name of records.names.keys()) {
      this.#names.delete(name);
      for (const parent of parentsOf(name, this.name)) {
        const count = (this.#parents.get(parent) ?? 1) - 1;
        if (count > 0) this.#parents.set(parent, count);
        else this.#parents.delete(parent);
      }
    }
    for (const address of records.reverse.keys()) {
      const owners = this.#reverse.get(address);
      owners?.delete(key);
      if (owners?.size === 0) this.#reverse.delete(address);
    }
  }
}

/** "a.b.svc.cluster.local" in "cluster.local": "b.svc.cluster.local", "svc.cluster.local". */
function parentsOf(name: string, zone: string): string[] {
  const labels = name.slice(0, -zone.length - 1).split('.');
  return labels.slice(1).map((_, i) => `${labels.slice(i + 1).join('.')}.${zone}`);
}
