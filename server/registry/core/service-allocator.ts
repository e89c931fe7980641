import { isIPv4 } from 'node:net';
import { services } from '../../../openapi/generated/resources.ts';
import type { Service } from '../../../openapi/generated/types.ts';
import type { Objects } from '../strategy.ts';
import { cidrParts } from '../validation/addresses.ts';

export const nodePortRange = { low: 30000, high: 32767 } as const;

export interface ServiceRange {
  /** IPv4: "10.96.0.0/16". Its first address is that of the `kubernetes` Service. */
  readonly cidr: string;
  /** In [0, 1). */
  readonly random: () => number;
}

/** Which addresses and node ports Services hold. Filled from the store when first asked; then kept up by whoever writes Services. */
export class ServiceAllocator {
  readonly #first: number;
  readonly #size: number;
  readonly #random: () => number;
  readonly #ips = new Set<string>();
  /** A node port is one Service's, for all protocols. */
  readonly #ports = new Set<number>();
  #filled: Promise<void> | undefined;

  constructor({ cidr, random }: ServiceRange) {
    const parts = cidrParts(cidr);
    if (parts === undefined || !isIPv4(parts.ip)) {
      throw new RangeError(`Cannot use "${cidr}" for Services: it is no IPv4 range`);
    }
    this.#size = 2 ** (32 - parts.bits);
    this.#first = numberOf(parts.ip) - (numberOf(parts.ip) % this.#size);
    this.#random = random;
  }

  async fill(objects: Objects): Promise<void> {
    this.#filled ??= objects.list(services).then((all) => {
      for (const service of all) this.hold(service);
    });
    try {
      await this.#filled;
    } catch (error) {
      this.#filled = undefined;
      throw error;
    }
  }

  hold(service: Service): void {
    for (const ip of ipsOf(service)) this.#ips.add(ip);
    for (const port of portsOf(service)) this.#ports.add(port);
  }

  release(ips: readonly string[], ports: readonly number[]): void {
    for (const ip of ips) this.#ips.delete(ip);
    for (const port of ports) this.#ports.delete(port);
  }

  contains(ip: string): boolean {
    if (!isIPv4(ip)) return false;
    const offset = numberOf(ip) - this.#first;
    return offset > 0 && offset < this.#size - 1;
  }

  /** False when it is taken already. */
  takeIp(ip: string): boolean {
    if (this.#ips.has(ip)) return false;
    this.#ips.add(ip);
    return true;
  }

  /** Undefined when none is left. The first few stay free for those who ask for one by number. */
  nextIp(): string | undefined {
    const usable = this.#size - 2;
    const reserved = Math.min(256, Math.max(16, Math.floor(usable / 16)));
    const start = usable > reserved ? reserved : 0;
    const from = Math.floor(this.#random() * (usable - start));
    for (let i = 0; i < usable; i++) {
      const offset = 1 + ((start + from + i) % usable);
      const ip = textOf(this.#first + offset);
      if (offset > 1 && this.takeIp(ip)) return ip;
    }
    return undefined;
  }

  /** False when it is taken already. */
  takePort(port: number): boolean {
    if (this.#ports.has(port)) return false;
    this.#ports.add(port);
    return true;
  }

  nextPort(): number | undefined {
    const count = nodePortRange.high - nodePortRange.low + 1;
    const from = Math.floor(this.#random() * count);
    for (let i = 0; i < count; i++) {
      const port = nodePortRange.low + ((from + i) % count);
      if (this.takePort(port)) return port;
    }
    return undefined;
  }
}

export function ipsOf({ spec }: Service): readonly string[] {
  const all = spec?.clusterIPs ?? (spec?.clusterIP === undefined ? [] : [spec.clusterIP]);
  return all.filter((ip) => ip !== '' && ip !== 'None');
}

export function portsOf({ spec }: Service): readonly number[] {
  const ports = (spec?.ports ?? []).map(({ nodePort = 0 }) => nodePort);
  return [...ports, spec?.healthCheckNodePort ?? 0].filter((port) => port !== 0);
}

function numberOf(ip: string): number {
  return ip.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

function textOf(number: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.');
}
