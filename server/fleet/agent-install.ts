import { readFile, stat } from 'node:fs/promises';
import { paths, type AgentConfig } from '../../openapi/machinery/agent-contract.ts';
import type { Host } from '../../openapi/generated/types.ts';
import { usableNode } from './doctor.ts';
import { NodeRuntimes } from './node-runtime.ts';
import type { FleetOptions } from './options.ts';
import type { Probe } from './probe.ts';
import { pushFile } from './ssh/copy.ts';
import type { SshConnection } from './ssh/connection.ts';
import { HostFailure } from './ssh/failure.ts';
import { inputsOf, isCurrent, parseStamp, sha256, stampPath, type Stamp } from './stamp.ts';
import { unitText } from './unit.ts';

/** A joined host as the steps see it. */
export interface Site {
  readonly host: Host;
  readonly nodeName: string;
  readonly connection: SshConnection;
  readonly asRoot: boolean;
  readonly probe: Probe;
  readonly signal: AbortSignal;
}

export interface Installed {
  /** True when something was written that the running agent does not know of yet. */
  readonly changed: boolean;
  readonly agentVersion: string;
  /** When the node's certificate has to be renewed, in ms since 1970. */
  readonly renewAtMs: number;
}

interface Bundle {
  readonly content: Buffer;
  readonly sha256: string;
}

/** Writes the agent to hosts: what is there already is left alone, so that a reconnect restarts nothing. */
export class AgentInstaller {
  readonly #options: FleetOptions;
  readonly #runtimes: NodeRuntimes;
  #bundle: { readonly changedMs: number; readonly bundle: Bundle } | undefined;

  constructor(options: FleetOptions) {
    this.#options = options;
    this.#runtimes = new NodeRuntimes(options.nodeRuntime);
  }

  /** Makes sure that a Node.js is there; resolves to its path. */
  async ensureNode(
    site: Site,
  ): Promise<{ readonly path: string; readonly version: string; readonly pushed: boolean }> {
    const there = usableNode(site.probe);
    if (there !== undefined) return { ...there, pushed: false };
    const own = await this.#runtimes.own(site.probe);
    try {
      if (own !== undefined) await this.#pushNode(site, own);
    } catch (error) {
      const canFetch = this.#options.nodeRuntime.fetch !== undefined;
      if (!(error instanceof HostFailure) || error.reason !== 'NodeRuntimeMissing' || !canFetch) throw error;
      await this.#pushNode(site, await this.#runtimes.fetched(site.probe, site.signal));
    }
    if (own === undefined) await this.#pushNode(site, await this.#runtimes.fetched(site.probe, site.signal));
    return { path: paths.node, version: '', pushed: true };
  }

  async #pushNode(site: Site, content: { readonly file: string; readonly sha256: string }): Promise<void> {
    await pushFile(site.connection, { ...site, path: paths.node, mode: '0755', content, mustRun: true });
  }

  async install(site: Site, nodePath: string): Promise<Installed> {
    const { probe, connection } = site;
    const nowMs = this.#options.clock.now();
    const bundle = await this.#readBundle();
    const bundleChanged = probe.bundleSha256 !== bundle.sha256;
    if (bundleChanged)
      await pushFile(connection, { ...site, path: paths.bundle, mode: '0600', content: bundle.content });
    const agentVersion = bundle.sha256.slice(0, 12);
    const config = this.#configWithoutCredential(site);
    const stamp = parseStamp(probe.stamp);
    const current = isCurrent(stamp, inputsOf(config), probe.configSha256, nowMs);
    const written = current && stamp !== undefined ? stamp : await this.#writeConfig(site, config, nowMs);
    const unit = unitText(nodePath, connection.address.user);
    const unitChanged = sha256(unit) !== probe.unitSha256;
    if (unitChanged)
      await pushFile(connection, { ...site, path: paths.unit, mode: '0644', content: Buffer.from(unit) });
    return { changed: bundleChanged || !current || unitChanged, agentVersion, renewAtMs: written.renewAtMs };
  }

  async #writeConfig(site: Site, config: AgentConfig, nowMs: number): Promise<Stamp> {
    const { ca, certificate, key, notAfterMs } = await this.#options.issueNodeCertificate(site.nodeName);
    const text = `${JSON.stringify({ ...config, api: { ...config.api, ca, certificate, key } }, undefined, 2)}\n`;
    const stamp: Stamp = {
      clusterId: this.#options.clusterId,
      nodeName: site.nodeName,
      inputs: inputsOf(config),
      config: sha256(text),
      notAfterMs,
      renewAtMs: nowMs + Math.floor(((notAfterMs - nowMs) * 2) / 3),
    };
    await pushFile(site.connection, {
      ...site,
      path: paths.config,
      mode: '0600',
      content: Buffer.from(text),
    });
    const stampText = Buffer.from(`${JSON.stringify(stamp)}\n`);
    await pushFile(site.connection, { ...site, path: stampPath, mode: '0600', content: stampText });
    return stamp;
  }

  #configWithoutCredential({ host, nodeName, probe }: Site): AgentConfig {
    const { network, clusterId, apiServerName, ca } = this.#options;
    const isUsable = /^\d+\.\d+\.\d+\.\d+$/.test(probe.address) && !probe.address.startsWith('127.');
    return {
      nodeName,
      clusterId,
      nodeIP: isUsable ? probe.address : '',
      ...network,
      runtime: 'docker',
      api: { serverName: apiServerName, ca, certificate: '', key: '' },
      labels: host.spec.labels ?? {},
      taints: host.spec.taints ?? [],
    };
  }

  async #readBundle(): Promise<Bundle> {
    const { agentBundlePath } = this.#options;
    const changedMs = (await stat(agentBundlePath)).mtimeMs;
    if (this.#bundle?.changedMs !== changedMs) {
      const content = await readFile(agentBundlePath);
      this.#bundle = { changedMs, bundle: { content, sha256: sha256(content) } };
    }
    return this.#bundle.bundle;
  }
}
