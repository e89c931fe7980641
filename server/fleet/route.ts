import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Host } from '../../openapi/generated/types.ts';
import { addressOf, addressText, parseAddress, type SshAddress } from './ssh/address.ts';
import type { Hop, SshIdentity } from './ssh/connection.ts';
import { HostFailure } from './ssh/failure.ts';
import { parseKnownHosts, type KnownHost } from './ssh/known-hosts.ts';
import type { FleetOptions } from './options.ts';

const hopsMax = 5;
const usualKeys = ['id_ed25519', 'id_ecdsa', 'id_rsa'];

type SshSettings = FleetOptions['ssh'];

/**
 * The way to a host: its jumps first, itself last. `jump` is a list of "user@host:port" or names of other Hosts, whose own
 * way is then taken. Throws HostFailure InvalidAddress for what cannot be a way.
 */
export async function routeTo(
  host: Host,
  find: (name: string) => Host | undefined,
  settings: SshSettings,
): Promise<Hop[]> {
  const knownHosts = await readKnownHosts(settings.knownHostsFiles);
  const hops: Hop[] = [];
  const seen = new Set<string>();
  function add(at: Host): void {
    const name = at.metadata?.name ?? '';
    if (seen.has(name)) throw wrongJump(`spec.ssh.jump: "${name}" leads back to itself`);
    seen.add(name);
    for (const jump of (at.spec.ssh.jump ?? '')
      .split(',')
      .map((each) => each.trim())
      .filter((each) => each !== '')) {
      const other = find(jump);
      if (other === undefined) hops.push(hopThrough(parseAddress(jump), at, settings, knownHosts));
      else add(other);
    }
    hops.push(hopTo(at, settings, knownHosts));
    if (hops.length > hopsMax) throw wrongJump(`spec.ssh.jump: more than ${hopsMax} hops`);
  }
  add(host);
  return hops;
}

function wrongJump(message: string): HostFailure {
  return new HostFailure('InvalidAddress', message);
}

function hopTo(host: Host, settings: SshSettings, knownHosts: readonly KnownHost[]): Hop {
  const address = addressOf(host.spec.ssh);
  const pin = host.spec.ssh.hostKey;
  return {
    address,
    identity: identityOf(host, settings),
    trust: {
      pin: pin === undefined || pin === '' ? undefined : pin,
      knownHosts,
      acceptCommand: `flotilla host add ${addressWithFlags(address)} --name ${host.metadata?.name ?? ''} --host-key`,
    },
  };
}

function addressWithFlags(address: SshAddress): string {
  const text = addressText({ ...address, port: 22 });
  return address.port === 22 ? text : `${text} --port ${address.port}`;
}

/** A jump that is no Host of its own: verified by known_hosts alone, with the host's key. */
function hopThrough(
  address: SshAddress,
  host: Host,
  settings: SshSettings,
  knownHosts: readonly KnownHost[],
): Hop {
  return {
    address,
    identity: identityOf(host, settings),
    trust: {
      pin: undefined,
      knownHosts,
      acceptCommand: `make the jump host a Host of its own and name that in spec.ssh.jump: flotilla host add ${addressWithFlags(address)} --host-key`,
    },
  };
}

function identityOf(host: Host, { homeDirectory, agentSocket }: SshSettings): SshIdentity {
  const file = host.spec.ssh.identityFile ?? '';
  if (file !== '') {
    const path = file.startsWith('~/') ? join(homeDirectory, file.slice(2)) : file;
    return { keyFiles: [path], only: true, agentSocket: undefined };
  }
  return { keyFiles: usualKeys.map((name) => join(homeDirectory, '.ssh', name)), only: false, agentSocket };
}

async function readKnownHosts(files: readonly string[]): Promise<KnownHost[]> {
  const texts = await Promise.all(files.map((file) => readFile(file, 'utf8').catch(() => '')));
  return texts.flatMap(parseKnownHosts);
}
