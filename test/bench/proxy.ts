import { Firewall } from '../../agent/host/firewall.ts';
import type { Host } from '../../agent/host/host.ts';
import { ProxyState } from '../../agent/proxy/proxy-state.ts';
import { systemClock } from '../../openapi/machinery/clock.ts';
import { silentLogger } from '../../openapi/machinery/log.ts';
import { createNetworkNamespace } from '../fixtures/network-namespace.ts';
import type { BenchRow } from './row.ts';

const endpointsEach = 2;
const sizes = [1_000, 10_000];

/** Services to the kernel, by both kinds of iptables, in a network namespace of its own. The limit is iptables-restore alone. */
export async function proxyBench(): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  for (const variant of ['legacy', 'nft'] as const) {
    for (const services of sizes) {
      const namespace = await createNetworkNamespace('flotilla-bench');
      try {
        rows.push(...(await measureSize(namespace.host(variant), `iptables-${variant}`, services)));
      } finally {
        await namespace.remove();
      }
    }
  }
  return rows;
}

async function measureSize(host: Host, name: string, services: number): Promise<BenchRow[]> {
  let restoreMs = 0;
  const timed: Host = {
    ...host,
    async run(command, args, options) {
      const started = performance.now();
      const result = await host.run(command, args, options);
      if (command.endsWith('-restore')) restoreMs += performance.now() - started;
      return result;
    },
  };
  const firewall = new Firewall({ host: timed, clock: systemClock, log: silentLogger });
  const state = filledState(services);
  const write = async (what: string): Promise<BenchRow> => {
    restoreMs = 0;
    const started = performance.now();
    await firewall.set('proxy', state.render().part);
    const value = Math.round(performance.now() - started);
    return {
      name: `${name}, ${services} services: ${what}`,
      value,
      unit: 'ms',
      limit: Math.round(restoreMs),
    };
  };
  const rows = [await write('all to the kernel')];
  setEndpoints(state, services - 1, '10.244.9');
  rows.push(await write('endpoints of one change'));
  addService(state, services);
  rows.push(await write('one more'));
  return rows;
}

function filledState(services: number): ProxyState {
  const state = new ProxyState(
    {
      nodeName: 'n1',
      zone: undefined,
      clusterCIDR: '10.244.0.0/16',
      serviceCIDR: '10.96.0.0/16',
      gateway: '10.244.1.1',
      localServices: [],
    },
    { bridge: 'flotilla0', gateway: '10.244.1.1', ports: [] },
  );
  for (let i = 0; i < services; i++) addService(state, i);
  return state;
}

function addService(state: ProxyState, i: number): void {
  const metadata = { namespace: `namespace-${i % 20}`, name: `service-${i}` };
  const spec = {
    clusterIP: `10.${96 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}`,
    ports: [{ name: 'http', port: 80 }],
  };
  state.onService({ old: undefined, object: { metadata, spec } });
  setEndpoints(state, i, `10.244.${i & 255}`);
}

function setEndpoints(state: ProxyState, i: number, prefix: string): void {
  const name = `service-${i}`;
  const labels = { 'kubernetes.io/service-name': name };
  const addresses = Array.from({ length: endpointsEach }, (_, n) => ({ addresses: [`${prefix}.${n + 2}`] }));
  const metadata = { namespace: `namespace-${i % 20}`, name: `${name}-1`, labels };
  const object = {
    metadata,
    addressType: 'IPv4',
    ports: [{ name: 'http', port: 8080 }],
    endpoints: addresses,
  };
  state.onSlice({ old: undefined, object });
}
