import { rm } from 'node:fs/promises';
import { paths, type AgentConfig } from '../openapi/machinery/agent-contract.ts';
import type { Clock } from '../openapi/machinery/clock.ts';
import type { Logger } from '../openapi/machinery/log.ts';
import { cleanupClusterNetwork } from './cluster-network.ts';
import type { Host } from './host/host.ts';
import { createMounts } from './host/mounts.ts';
import { removeOrphans } from './kubelet/orphans.ts';
import { createDriver } from './runtime/index.ts';
import { removeVolumes } from './volumes/pod-volumes.ts';

export interface CleanupOptions {
  /** Undefined where the agent never had one: then there are no containers of ours. */
  readonly config: AgentConfig | undefined;
  readonly host: Host;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/** The host is leaving the cluster: its pods have been drained, or nobody waits for them. */
const graceMs = 5_000;

/**
 * Takes away all that the agent made on this host: containers with the cluster's label, mounts, pod folders, the pause image,
 * links, routes and rules. Nothing of anybody else. May be repeated; goes on past what fails, and rejects at the end.
 */
export async function cleanup(options: CleanupOptions): Promise<void> {
  const { host, log, signal } = options;
  const failures: string[] = [];
  async function step(what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      failures.push(`${what}: ${error instanceof Error ? error.message : String(error)}`);
      log.log('warn', 'Cannot clean up: going on', { what, error: String(error) });
    }
  }
  await step('containers', () => removeContainers(options));
  await step('volumes', async () => {
    const mounts = createMounts(host);
    await removeVolumes(paths.pods, mounts, new Set());
    await rm(paths.pods, { recursive: true, force: true });
  });
  await step('network', () => cleanupClusterNetwork(options));
  await step('files', async () => {
    for (const path of [paths.agentSocket, `${paths.agent}/objects`])
      await rm(path, { recursive: true, force: true });
    for (const name of ['pods', 'services']) await rm(`${paths.agent}/${name}.json`, { force: true });
  });
  signal.throwIfAborted();
  if (failures.length > 0) throw new Error(`Cannot clean up all: ${failures.join('; ')}`);
}

async function removeContainers({ config, clock, signal }: CleanupOptions): Promise<void> {
  if (config === undefined) return;
  const driver = createDriver(config.runtime, { clusterId: config.clusterId, clock });
  await removeOrphans(driver, new Set(), graceMs, signal);
  await driver.removeOwnImages(signal);
}
