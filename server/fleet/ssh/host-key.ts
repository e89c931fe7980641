import { addressText, type SshAddress } from './address.ts';
import { HostFailure } from './failure.ts';
import { fingerprintOf, keyTypeOf, linesAbout, type KnownHost } from './known-hosts.ts';

/** What decides whether a host's key is the right one. */
export interface HostTrust {
  /** "SHA256:…": the one key to accept. Wins over known_hosts. */
  readonly pin: string | undefined;
  readonly knownHosts: readonly KnownHost[];
  /** The command that accepts a key, for the error: it ends where the fingerprint follows. */
  readonly acceptCommand: string;
}

const fingerprintPattern = /^SHA256:[A-Za-z0-9+/]{43}$/;

/** Every key type that is accepted, best first. SHA-1 signatures and DSA are not. */
export const hostKeyTypes = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'rsa-sha2-512',
  'rsa-sha2-256',
] as const;
export type HostKeyType = (typeof hostKeyTypes)[number];

function typeOfAlgorithm(algorithm: HostKeyType): string {
  return algorithm.startsWith('rsa-') ? 'ssh-rsa' : algorithm;
}

/** The types to ask for: those that are on file first, as a host with several keys shows the one that is asked for. */
export function preferredTypes(trust: HostTrust, address: SshAddress): HostKeyType[] {
  const lines = linesAbout(trust.knownHosts, address.host, address.port);
  const known = new Set(lines.filter(({ marker }) => marker === undefined).map(({ type }) => type));
  const isKnown = (type: HostKeyType): boolean => known.has(typeOfAlgorithm(type));
  return [...hostKeyTypes.filter(isKnown), ...hostKeyTypes.filter((type) => !isKnown(type))];
}

/** Returns the accepted fingerprint. Throws HostFailure for every key that was not accepted before. */
export function judgeHostKey(trust: HostTrust, address: SshAddress, key: Buffer): string {
  const fingerprint = fingerprintOf(key);
  const lines = linesAbout(trust.knownHosts, address.host, address.port);
  const matching = lines.filter((line) => line.key.equals(key));
  const where = addressText(address);
  if (matching.some(({ marker }) => marker === 'revoked'))
    throw new HostFailure(
      'HostKeyRevoked',
      `Refused to log in to ${where}: its key ${fingerprint} is marked @revoked in known_hosts. Give the host a new key (ssh-keygen -A there), and accept that.`,
    );
  if (trust.pin !== undefined) {
    if (!fingerprintPattern.test(trust.pin))
      throw new HostFailure(
        'InvalidAddress',
        `spec.ssh.hostKey: Cannot use ${JSON.stringify(trust.pin)}: a fingerprint as ssh-keygen -l prints it is allowed: SHA256: and 43 characters`,
      );
    if (trust.pin === fingerprint) return fingerprint;
    throw changed(where, trust.pin, fingerprint, trust.acceptCommand);
  }
  if (matching.some(({ marker }) => marker === undefined)) return fingerprint;
  const others = lines.filter(({ marker }) => marker === undefined);
  const first = others[0];
  if (first !== undefined) throw changed(where, fingerprintOf(first.key), fingerprint, trust.acceptCommand);
  throw new HostFailure(
    'UnknownHostKey',
    `Refused to log in to ${where}: its ${keyTypeOf(key)} key ${fingerprint} was never accepted. Compare it with what "ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub" prints on the host, then accept it: ${trust.acceptCommand} ${fingerprint}`,
  );
}

function changed(where: string, want: string, have: string, acceptCommand: string): HostFailure {
  return new HostFailure(
    'HostKeyChanged',
    `REFUSED to log in to ${where}: ITS HOST KEY HAS CHANGED. Accepted was ${want}, now it shows ${have}. Someone may be listening in, or the host was set up anew. Only if you know that it was: ${acceptCommand} ${have}`,
  );
}
