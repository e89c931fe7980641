import { paths } from '../../openapi/machinery/agent-contract.ts';
import type { Logger } from '../../openapi/machinery/log.ts';
import type { Firewall } from '../host/firewall.ts';
import type { Host } from '../host/host.ts';
import { linkNameOf, macOf } from './addresses.ts';
import { planLinks, portLines } from './link-plan.ts';
import { bridgeName, podLinkName } from './names.ts';
import { networkRules } from './network-rules.ts';
import { formatRecords, parseRecords, PodAddresses, type PodRecord } from './pod-addresses.ts';
import type { HostPort, PodAddress, PodNetwork, PodNetworkConfig } from './pod-network.ts';
import { readSnapshot } from './snapshot.ts';
import { SystemSettings } from './system-settings.ts';

export const recordsPath = `${paths.state}/network/pods.json`;

export interface BridgeNetworkOptions {
  readonly host: Host;
  readonly firewall: Pick<Firewall, 'set'>;
  /** Empty: the address on the default route's link. */
  readonly nodeIP: string;
  readonly log: Logger;
}

interface Configured {
  readonly config: PodNetworkConfig;
  readonly addresses: PodAddresses;
  readonly mtu: number;
  readonly tunnelled: readonly string[];
}

/**
 * Pods on a bridge of our own. Each pod has a /32 and reaches everything, its neighbours too, through the gateway: so every
 * packet passes the host's firewall, whether or not the kernel shows it bridged packets.
 */
export class BridgeNetwork implements PodNetwork {
  readonly #options: BridgeNetworkOptions;
  readonly #settings: SystemSettings;
  #configured: Configured | undefined;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(options: BridgeNetworkOptions) {
    this.#options = options;
    this.#settings = new SystemSettings(options.host);
  }

  get gateway(): string | undefined {
    return this.#configured?.addresses.gateway;
  }

  configure(config: PodNetworkConfig, signal: AbortSignal): Promise<void> {
    return this.#serialise(() => this.#configure(config, signal));
  }

  async attach(
    podUid: string,
    pid: number,
    hostPorts: readonly HostPort[],
    signal: AbortSignal,
  ): Promise<PodAddress> {
    const { addresses, mtu } = this.#ready();
    // On disk before it is in use.
    const record = await this.#serialise(() => this.#reserve(addresses, podUid, hostPorts));
    const address = { ip: record.ip, gateway: addresses.gateway };
    if (!(await this.#isAttached(podUid, pid, record.ip, signal))) {
      await this.#connect({ podUid, pid, mtu, ...address }, signal);
    }
    return address;
  }

  async detach(podUid: string, signal: AbortSignal): Promise<void> {
    await this.#deleteLinks([linkNameOf(podUid)], signal);
    await this.#serialise(() => this.#release([podUid]));
  }

  async retainOnly(podUids: ReadonlySet<string>, signal: AbortSignal): Promise<void> {
    const { addresses } = this.#ready();
    const gone = [...addresses.pods.keys()].filter((uid) => !podUids.has(uid));
    const kept = new Set([...podUids].map(linkNameOf));
    const { links } = await readSnapshot(this.#options.host, signal);
    const stray = links.map((link) => link.name).filter((name) => podLinkName.test(name) && !kept.has(name));
    await this.#deleteLinks(stray, signal);
    await this.#serialise(() => this.#release(gone));
  }

  async #configure(config: PodNetworkConfig, signal: AbortSignal): Promise<void> {
    const { host, log, nodeIP } = this.#options;
    const addresses = await this.#addressesOf(config.podCIDR);
    const plan = planLinks(await readSnapshot(host, signal), config, nodeIP);
    // The guard of 127.0.0.1 first, then what makes it necessary.
    await this.#options.firewall.set('network', networkRules(config, addresses.pods, plan.tunnelled));
    await this.#settings.set('net/ipv4/ip_forward', '1');
    if (plan.ip.length > 0) {
      log.log('info', 'changing links and routes', { changes: plan.ip.length });
      await host.run('ip', ['-batch', '-'], { input: batch(plan.ip), signal });
    }
    if (plan.bridge.length > 0)
      await host.run('bridge', ['-batch', '-'], { input: batch(plan.bridge), signal });
    for (const link of plan.links) await this.#settings.set(`net/ipv4/conf/${link}/route_localnet`, '1');
    // Neighbours on the bridge are reached through us on purpose: told of each other, they would answer a service's client
    // past the firewall, from an address that it never called. The kernel takes the greater of "all" and the link's own
    // value; other links keep theirs.
    for (const link of [bridgeName, 'all'])
      await this.#settings.set(`net/ipv4/conf/${link}/send_redirects`, '0');
    this.#configured = { config, addresses, mtu: plan.mtu, tunnelled: plan.tunnelled };
  }

  async #addressesOf(podCIDR: string): Promise<PodAddresses> {
    if (this.#configured?.config.podCIDR === podCIDR) return this.#configured.addresses;
    return new PodAddresses(podCIDR, parseRecords(await this.#options.host.readFile(recordsPath)));
  }

  #ready(): Configured {
    if (this.#configured === undefined) {
      throw new Error('Cannot connect a pod: this node has no pod range yet (spec.podCIDR)');
    }
    return this.#configured;
  }

  async #reserve(
    addresses: PodAddresses,
    podUid: string,
    hostPorts: readonly HostPort[],
  ): Promise<PodRecord> {
    const had = addresses.pods.get(podUid);
    if (had !== undefined && JSON.stringify(had.hostPorts) === JSON.stringify(hostPorts)) return had;
    const record = addresses.take(podUid, hostPorts);
    await this.#saved(addresses);
    if (hostPorts.length > 0 || (had?.hostPorts.length ?? 0) > 0) await this.#writeRules();
    return record;
  }

  async #release(podUids: readonly string[]): Promise<void> {
    const { addresses } = this.#ready();
    const released = podUids.map((uid) => addresses.release(uid)).filter((each) => each !== undefined);
    if (released.length === 0) return;
    await this.#saved(addresses);
    if (released.some((each) => each.hostPorts.length > 0)) await this.#writeRules();
  }

  #saved(addresses: PodAddresses): Promise<void> {
    return this.#options.host.writeFile(recordsPath, formatRecords(addresses.pods), 0o600);
  }

  #writeRules(): Promise<void> {
    const { config, addresses, tunnelled } = this.#ready();
    return this.#options.firewall.set('network', networkRules(config, addresses.pods, tunnelled));
  }

  /** Whether the namespace has its eth0 with this address, and our end of it is there. */
  async #isAttached(podUid: string, pid: number, ip: string, signal: AbortSignal): Promise<boolean> {
    const { host } = this.#options;
    const inside = await host.run(
      'nsenter',
      inNamespace(pid, ['-j', '-4', 'addr', 'show', 'dev', 'eth0', 'up']),
      {
        signal,
        allowFailure: true,
      },
    );
    if (inside.code !== 0 || !inside.stdout.includes(`"${ip}"`)) return false;
    const link = await host.run('ip', ['link', 'show', 'dev', linkNameOf(podUid)], {
      signal,
      allowFailure: true,
    });
    return link.code === 0;
  }

  async #connect(
    pod: PodAddress & { readonly podUid: string; readonly pid: number; readonly mtu: number },
    signal: AbortSignal,
  ): Promise<void> {
    const { host } = this.#options;
    const name = linkNameOf(pod.podUid);
    // A sandbox before this one, or a half-made link: the pair goes as a whole.
    await this.#deleteLinks([name], signal);
    const outside = [
      `link add ${name} mtu ${pod.mtu} type veth ` +
        `peer name eth0 address ${macOf('pod', pod.ip)} mtu ${pod.mtu} netns ${pod.pid}`,
      ...portLines(name),
    ];
    const inside = [
      'link set lo up',
      `addr add ${pod.ip}/32 dev eth0`,
      'link set eth0 up',
      `route add ${pod.gateway} dev eth0 scope link`,
      `route add default via ${pod.gateway} dev eth0 src ${pod.ip}`,
    ];
    try {
      await host.run('ip', ['-batch', '-'], { input: batch(outside), signal });
      await host.run('nsenter', inNamespace(pod.pid, ['-batch', '-']), { input: batch(inside), signal });
    } catch (error) {
      await this.#deleteLinks([name], signal).catch(() => undefined);
      throw error;
    }
  }

  async #deleteLinks(names: readonly string[], signal: AbortSignal): Promise<void> {
    for (const name of names) {
      // It ends with 1 when there is no such link: the pod's end took it along.
      await this.#options.host.run('ip', ['link', 'del', 'dev', name], { signal, allowFailure: true });
    }
  }

  #serialise<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(work);
    this.#queue = result.catch(() => undefined);
    return result;
  }
}

function inNamespace(pid: number, ipArgs: readonly string[]): string[] {
  return ['-t', String(pid), '-n', 'ip', ...ipArgs];
}

function batch(lines: readonly string[]): string {
  return `${lines.join('\n')}\n`;
}
