import { isIPv6 } from 'node:net';
import { HostFailure } from './failure.ts';

/** One machine to log in to. Made by `addressOf` only, so that it holds nothing that a shell or an option parser could take amiss. */
export interface SshAddress {
  readonly host: string;
  readonly port: number;
  readonly user: string;
}

const hostPattern = /^[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,252})$/;
const userPattern = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$/;

/** Throws HostFailure InvalidAddress that names the field and what is allowed. */
export function addressOf(parts: {
  host: string;
  port?: number | undefined;
  user?: string | undefined;
}): SshAddress {
  const { host, port = 22, user = 'root' } = parts;
  if (!hostPattern.test(host) && !isIPv6(host))
    throw invalid('host', host, 'a host name, an IPv4 or an IPv6 address is allowed');
  if (!userPattern.test(user))
    throw invalid('user', user, 'letters, digits, ".", "_" and "-" are allowed, and no "-" in front');
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw invalid('port', String(port), '1 to 65535 is allowed');
  return { host, port, user };
}

function invalid(field: string, value: string, allowed: string): HostFailure {
  return new HostFailure(
    'InvalidAddress',
    `spec.ssh.${field}: Cannot use ${JSON.stringify(value)}: ${allowed}`,
  );
}

/** Reads "user@host:port" with user and port optional and IPv6 in brackets. */
export function parseAddress(text: string): SshAddress {
  const match = /^(?:([^@]*)@)?(?:\[([^\]]*)\]|([^:[\]@]*))(?::(\d{1,5}))?$/.exec(text);
  if (match === null) throw invalid('jump', text, 'USER@HOST:PORT or the name of another Host is allowed');
  const [, user, bracketed, plain, port] = match;
  return addressOf({
    host: bracketed ?? plain ?? '',
    user,
    port: port === undefined ? undefined : Number(port),
  });
}

/** As people write it. */
export function addressText({ host, port, user }: SshAddress): string {
  const shown = isIPv6(host) ? `[${host}]` : host;
  return port === 22 ? `${user}@${shown}` : `${user}@${shown}:${port}`;
}
