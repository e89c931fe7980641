import { mkdir, open, writeFile } from 'node:fs/promises';
import { constants } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Pod } from '../../openapi/generated/types.ts';
import type { NodeFacts } from './node-facts.ts';
import type { HostFiles } from './pod-tools.ts';
import { isHostNetwork, podRef } from './pod.ts';
import { hostNetworkHostsFile, hostsFile, resolvConf } from './pod-names.ts';

/** Files that the agent keeps for a pod, beside its volumes. */
export function podFiles(
  podsFolder: string,
  podUid: string,
): { hosts: string; resolvConf: string; folder: string } {
  const folder = join(podsFolder, podUid);
  return { folder, hosts: join(folder, 'etc-hosts'), resolvConf: join(folder, 'resolv.conf') };
}

export function terminationLogPath(
  podsFolder: string,
  podUid: string,
  name: string,
  attempt: number,
): string {
  return join(podsFolder, podUid, 'containers', name, `${attempt}-termination-log`);
}

/** Written in place: containers that run have these very files mounted. */
export async function writePodFiles(
  pod: Pod,
  podIP: string | undefined,
  node: NodeFacts,
  files: HostFiles,
): Promise<void> {
  const own = podFiles(node.podsFolder, podRef(pod).uid);
  await mkdir(own.folder, { recursive: true, mode: 0o750 });
  const hosts = isHostNetwork(pod)
    ? hostNetworkHostsFile((await files.readFile('/etc/hosts')) ?? '', pod)
    : hostsFile(pod, podIP === undefined ? [] : [podIP], node.clusterDomain);
  const hostFile = (await files.readFile('/etc/resolv.conf')) ?? '';
  const { clusterDNS, clusterDomain } = node;
  await writeFile(own.hosts, hosts, { mode: 0o644 });
  await writeFile(own.resolvConf, resolvConf(pod, { clusterDNS, clusterDomain, hostFile }), {
    mode: 0o644,
  });
}

/** Anybody in the container may write it, whoever it runs as. */
export async function makeTerminationLog(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o750 });
  const file = await open(path, constants.O_CREAT | constants.O_WRONLY | constants.O_NOFOLLOW, 0o666);
  try {
    await file.chmod(0o666);
  } finally {
    await file.close();
  }
}
