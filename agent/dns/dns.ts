import type { EndpointSlice, Service } from '../../openapi/generated/types.ts';
import type { Informer } from '../../openapi/client/informer.ts';
import type { Clock } from '../../openapi/machinery/clock.ts';
import type { Logger } from '../../openapi/machinery/log.ts';
import type { KubeObject } from '../../openapi/machinery/object.ts';
import type { Host } from '../host/host.ts';
import { Resolver } from './resolver.ts';
import { startDnsServer } from './server.ts';
import { Upstream } from './upstream.ts';
import { Zone } from './zone.ts';

export interface DnsOptions {
  readonly host: Pick<Host, 'readFile'>;
  readonly services: Pick<Informer<Service & KubeObject>, 'subscribe' | 'synced'>;
  readonly slices: Pick<Informer<EndpointSlice & KubeObject>, 'subscribe' | 'synced'>;
  /** Where to listen: the gateway of the node's pods. */
  readonly address: string;
  readonly ports?: readonly number[];
  /** ClusterIP of kube-system/kube-dns: leads to us, so never asked. */
  readonly clusterDNS: string;
  /** "cluster.local" */
  readonly clusterDomain: string;
  /** Whether an address is a pod's or a service's. */
  readonly isOwnAddress: (address: string) => boolean;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/** The cluster's DNS on this node, until the signal aborts. Resolves when it listens; the port may be another than 53. */
export async function startDns(options: DnsOptions): Promise<{ readonly port: number }> {
  const { services, slices, signal } = options;
  const zone = new Zone(options.clusterDomain.toLowerCase());
  const upstream = new Upstream({
    host: options.host,
    ownAddresses: new Set([options.address, options.clusterDNS]),
    clock: options.clock,
  });
  const resolver = new Resolver({
    zone,
    upstream,
    isOwnAddress: options.isOwnAddress,
    random: options.random,
    clock: options.clock,
    isReady: () => services.synced && slices.synced,
  });
  const stops = [
    services.subscribe((change) => {
      zone.onService(change);
    }),
    slices.subscribe((change) => {
      zone.onSlice(change);
    }),
  ];
  signal.addEventListener(
    'abort',
    () => {
      for (const stop of stops) stop();
    },
    { once: true },
  );
  return startDnsServer({
    address: options.address,
    ...(options.ports === undefined ? {} : { ports: options.ports }),
    resolver,
    log: options.log,
    signal,
  });
}
