import { paths } from '../../openapi/machinery/agent-contract.ts';
import type { Host } from '../host/host.ts';
import { bridgeName, podLinkName, routeProtocol, vxlanName } from './names.ts';
import { readSnapshot } from './snapshot.ts';
import { SystemSettings } from './system-settings.ts';

const directory = `${paths.state}/network`;

/** Takes away every link, route, setting and file of the pod network, and nothing else. May be repeated. */
export async function cleanupPodNetwork(host: Host, signal: AbortSignal): Promise<void> {
  const { links, routes } = await readSnapshot(host, signal);
  const names = links.map((link) => link.name);
  const own = names.filter((name) => name === bridgeName || name === vxlanName || podLinkName.test(name));
  for (const route of routes) {
    await host.run('ip', ['route', 'del', route.destination, 'proto', routeProtocol], {
      signal,
      allowFailure: true,
    });
  }
  for (const name of own) await host.run('ip', ['link', 'del', 'dev', name], { signal, allowFailure: true });
  // Docker forwards too, and found forwarding switched on: without it, its containers would lose their network.
  const forwardsFor = names.filter(
    (name) => name === 'docker0' || name.startsWith('br-') || name.startsWith('cni'),
  );
  await new SystemSettings(host).restore(
    (name) => name !== 'net/ipv4/ip_forward' || forwardsFor.length === 0,
  );
  await host.run('rm', ['-rf', directory], { signal });
}
