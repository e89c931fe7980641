import type { Duplex } from 'node:stream';
import { hosts } from '../../openapi/generated/resources.ts';
import type { Host } from '../../openapi/generated/types.ts';
import { AgentInstaller, type Site } from './agent-install.ts';
import { removeAgent } from './agent-remove.ts';
import { openApiSocket, startAgent, waitForAgent } from './agent-start.ts';
import type { Phase, Told } from './conditions.ts';
import { assertFit, examine, systemOf } from './doctor.ts';
import { installers } from './installers/index.ts';
import type { FleetOptions } from './options.ts';
import { probeHost, type Probe } from './probe.ts';
import { routeTo } from './route.ts';
import { addressText } from './ssh/address.ts';
import { connectSsh, type SshConnection } from './ssh/connection.ts';
import { HostFailure, printable } from './ssh/failure.ts';
import { script } from './ssh/script.ts';
import { parseStamp } from './stamp.ts';
import type { StatusFacts } from './status.ts';

/** Allows one cluster's host to be taken over by another; the first one's pods there are removed. */
export const takeOverAnnotation = 'flotilla.dev/take-over';

/** Tells how far a host is. */
export type Tell = (phase: Phase, told: Told, facts?: StatusFacts) => Promise<void>;

const rootScript = script`
id -u
`;

export function nodeNameOf(host: Host): string {
  const { nodeName } = host.spec;
  return nodeName === undefined || nodeName === '' ? (host.metadata?.name ?? '') : nodeName;
}

/** The steps by which a machine becomes a node and ceases to be one. Each rejects with HostFailure. */
export class Joiner {
  readonly #options: FleetOptions;
  readonly #installer: AgentInstaller;

  constructor(options: FleetOptions) {
    this.#options = options;
    this.#installer = new AgentInstaller(options);
  }

  async connect(host: Host, tell: Tell, signal: AbortSignal): Promise<SshConnection> {
    const all = this.#options.informers.of(hosts);
    const hops = await routeTo(host, (name) => all.get({ name }), this.#options.ssh);
    const last = hops.at(-1);
    const where = last === undefined ? '' : addressText(last.address);
    await tell('Connecting', doing(`connecting to ${where}`));
    const connection = await connectSsh(hops, this.#options.clock, signal);
    const facts = { hostKey: connection.hostKey, address: connection.address.host };
    await tell('Connecting', done('Connected', `connected to ${where}`), facts);
    return connection;
  }

  /** Brings a connected host to where its agent answers. Resolves to when the node's certificate is to be renewed. */
  async join(
    host: Host,
    connection: SshConnection,
    tell: Tell,
    signal: AbortSignal,
  ): Promise<{ renewAtMs: number }> {
    const site = await this.#look(host, connection, tell, signal);
    const node = await this.#prepare(site, tell);
    await tell('Installing', doing('installing the agent'));
    const { changed, agentVersion, renewAtMs } = await this.#installer.install(site, node);
    await tell(
      'Installing',
      done('Installed', changed ? 'the agent was installed' : 'the agent is up to date'),
      { agentVersion },
    );
    await tell('Starting', doing(changed ? 'starting the agent' : 'reaching the agent'));
    await this.#openTunnel(site);
    await startAgent(site, changed);
    await waitForAgent(site, this.#options.clock);
    await tell('Starting', done('Started', 'the agent answers'));
    return { renewAtMs };
  }

  /** Takes everything of ours off the host. */
  async leave(host: Host, connection: SshConnection, signal: AbortSignal): Promise<void> {
    const asRoot = await this.#rootBy(host, connection, signal);
    const probe = await probeHost(connection, asRoot, signal);
    const stamp = parseStamp(probe.stamp);
    // What another cluster has put there meanwhile is not ours to remove.
    if (stamp !== undefined && stamp.clusterId !== this.#options.clusterId) return;
    await removeAgent({ host, nodeName: nodeNameOf(host), connection, asRoot, probe, signal });
  }

  readonly #tunnels = new WeakSet<SshConnection>();

  async #openTunnel(site: Site): Promise<void> {
    if (this.#tunnels.has(site.connection)) return;
    const { onApiConnection } = this.#options;
    await openApiSocket(site, (stream: Duplex) => {
      onApiConnection(stream, site.nodeName);
    });
    this.#tunnels.add(site.connection);
  }

  async #look(host: Host, connection: SshConnection, tell: Tell, signal: AbortSignal): Promise<Site> {
    await tell('Probing', doing('looking at the host'));
    const asRoot = await this.#rootBy(host, connection, signal);
    const probe = await probeHost(connection, asRoot, signal);
    const facts = { system: systemOf(probe) };
    const findings = examine(probe, host.spec.runtime?.install ?? '', this.#options.clock.now());
    const site = { host, nodeName: nodeNameOf(host), connection, asRoot, probe, signal };
    const warnings = assertFit(findings);
    await this.#assertOurs(site);
    const text = [
      probe.osName,
      probe.kernel,
      probe.docker === '' ? 'no Docker' : `Docker ${probe.docker}`,
      ...warnings,
    ];
    await tell(
      'Probing',
      done(warnings.length === 0 ? 'Fit' : 'Warnings', text.filter(Boolean).join(', ')),
      facts,
    );
    return site;
  }

  /** Returns whether commands go through sudo. */
  async #rootBy(host: Host, connection: SshConnection, signal: AbortSignal): Promise<boolean> {
    const { user } = connection.address;
    const asRoot = user !== 'root' && host.spec.ssh.sudo === true;
    const result = await connection.exec(rootScript, { asRoot, timeoutMs: 20_000, signal });
    if (result.code === 0 && result.stdout.trim() === '0') return asRoot;
    if (!asRoot)
      throw new HostFailure(
        'NotRoot',
        `The agent needs root, and "${user}" is not. Let Flotilla use sudo: spec.ssh.sudo: true (host add --sudo), or log in as root.`,
      );
    throw new HostFailure(
      'SudoRefused',
      `sudo -n does not work for "${user}" (${printable(result.stderr, 200)}). Allow it on the host: echo '${user} ALL=(root) NOPASSWD: ALL' | sudo tee /etc/sudoers.d/flotilla`,
    );
  }

  /** A host belongs to one cluster and is one node of it. */
  async #assertOurs(site: Site): Promise<void> {
    const stamp = parseStamp(site.probe.stamp);
    if (stamp === undefined) return;
    const isOther = stamp.clusterId !== this.#options.clusterId;
    if (!isOther && stamp.nodeName === site.nodeName) return;
    if (site.host.metadata?.annotations?.[takeOverAnnotation] === 'true') {
      await removeAgent(site);
      return;
    }
    const name = site.host.metadata?.name ?? '';
    const why = isOther
      ? 'to another Flotilla cluster'
      : `to this cluster as node "${printable(stamp.nodeName, 100)}"`;
    throw new HostFailure(
      isOther ? 'OwnedByAnotherCluster' : 'NodeNameTaken',
      `The host belongs ${why}. Remove it there (flotilla host rm), or take it over, which removes the pods that run on it: kubectl annotate host ${name} ${takeOverAnnotation}=true`,
    );
  }

  /** Resolves to the path of the Node.js that runs the agent. */
  async #prepare(site: Site, tell: Tell): Promise<string> {
    const { probe, signal, connection, asRoot } = site;
    const notes: string[] = [];
    if (probe.docker === '') {
      await tell('Preparing', doing('installing Docker (this may take minutes)'));
      await installDocker(probe, { connection, asRoot, signal });
      const system = systemOf(await probeHost(connection, asRoot, signal));
      await tell('Preparing', doing('Docker was installed'), { system });
      notes.push('Docker was installed');
    }
    await tell('Preparing', doing('providing Node.js'));
    const node = await this.#installer.ensureNode(site);
    notes.push(node.pushed ? 'Node.js was pushed' : `Node.js ${node.version} is there`);
    await tell('Preparing', done('Prepared', notes.join(', ')));
    return node.path;
  }
}

async function installDocker(
  probe: Probe,
  context: { connection: SshConnection; asRoot: boolean; signal: AbortSignal },
): Promise<void> {
  const installer = installers.find((each) => each.handles(probe));
  if (installer === undefined)
    throw new HostFailure(
      'UnsupportedSystem',
      `Docker cannot be installed on ${probe.osName} by Flotilla yet`,
    );
  await installer.installDocker(context);
}

function doing(message: string): Told {
  return { status: 'Unknown', reason: 'InProgress', message };
}

function done(reason: string, message: string): Told {
  return { status: 'True', reason, message };
}
