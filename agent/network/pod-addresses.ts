import { createHash } from 'node:crypto';
import { isJsonObject, type JsonValue } from '../../openapi/machinery/json.ts';
import { addressText, contains, gatewayOf, parseRange, type Range } from './addresses.ts';
import type { HostPort } from './pod-network.ts';

export interface PodRecord {
  readonly ip: string;
  readonly hostPorts: readonly HostPort[];
}

/** Which pod has which address. What it holds is written to disk before an address is used, so that no two pods ever share one. */
export class PodAddresses {
  readonly #range: Range;
  readonly #pods = new Map<string, PodRecord>();
  readonly #taken = new Set<string>();

  /** Takes over the records that lie in `podCIDR`; others belong to an earlier cluster. */
  constructor(podCIDR: string, records: ReadonlyMap<string, PodRecord>) {
    this.#range = parseRange(podCIDR);
    if (this.#range.size < 4)
      throw new RangeError(`Cannot give pods addresses of ${podCIDR}: it has none to give`);
    for (const [uid, record] of records) {
      if (!contains(this.#range, record.ip) || this.#taken.has(record.ip)) continue;
      this.#pods.set(uid, record);
      this.#taken.add(record.ip);
    }
  }

  get gateway(): string {
    return gatewayOf(this.#range);
  }

  get pods(): ReadonlyMap<string, PodRecord> {
    return this.#pods;
  }

  /** The same pod gets the same address. Rejects when all are taken. */
  take(podUid: string, hostPorts: readonly HostPort[]): PodRecord {
    const ip = this.#pods.get(podUid)?.ip ?? this.#free(podUid);
    const record = { ip, hostPorts };
    this.#pods.set(podUid, record);
    this.#taken.add(ip);
    return record;
  }

  release(podUid: string): PodRecord | undefined {
    const record = this.#pods.get(podUid);
    if (record === undefined) return undefined;
    this.#pods.delete(podUid);
    this.#taken.delete(record.ip);
    return record;
  }

  /** Starts where the uid's hash says: an address that was just freed is seldom given away again at once. */
  #free(podUid: string): string {
    const usable = this.#range.size - 3; // Network, gateway and broadcast are no pod's.
    const start = createHash('sha256').update(podUid).digest().readUInt32BE(0) % usable;
    for (let i = 0; i < usable; i++) {
      const ip = addressText(this.#range.first + 2 + ((start + i) % usable));
      if (!this.#taken.has(ip)) return ip;
    }
    throw new Error(`Cannot give pod ${podUid} an address: all ${usable} of this node are taken`);
  }
}

/** The state file's text. */
export function formatRecords(pods: ReadonlyMap<string, PodRecord>): string {
  return `${JSON.stringify({ version: 1, pods: Object.fromEntries(pods) })}\n`;
}

/** Reads what formatRecords wrote. Rejects with SyntaxError what is not that: a guess could give an address twice. */
export function parseRecords(text: string | undefined): ReadonlyMap<string, PodRecord> {
  if (text === undefined) return new Map();
  const state = JSON.parse(text) as JsonValue;
  const pods = isJsonObject(state) && state['version'] === 1 ? state['pods'] : undefined;
  if (!isJsonObject(pods)) throw new SyntaxError('Cannot read the state of the pod network: unknown form');
  return new Map(Object.entries(pods).map(([uid, record]) => [uid, parseRecord(uid, record)]));
}

function parseRecord(uid: string, record: JsonValue | undefined): PodRecord {
  const ip = isJsonObject(record) ? record['ip'] : undefined;
  const hostPorts = isJsonObject(record) ? record['hostPorts'] : undefined;
  if (typeof ip !== 'string' || !Array.isArray(hostPorts)) {
    throw new SyntaxError(`Cannot read the state of the pod network: pod ${JSON.stringify(uid)} is broken`);
  }
  return { ip, hostPorts: hostPorts as readonly HostPort[] };
}
