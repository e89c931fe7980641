import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** One line of a known_hosts file that names a key. */
export interface KnownHost {
  readonly marker: 'revoked' | 'cert-authority' | undefined;
  /** Comma-separated patterns, or one hashed name "|1|salt|hash". */
  readonly names: string;
  readonly type: string;
  readonly key: Buffer;
}

/** Reads the format of OpenSSH's known_hosts; a line that it cannot read counts for nothing. */
export function parseKnownHosts(text: string): KnownHost[] {
  return text.split('\n').flatMap((line) => {
    const fields = line.trim().split(/\s+/);
    const first = fields[0] ?? '';
    if (first === '' || first.startsWith('#')) return [];
    const marker = first.startsWith('@') ? fields.shift()?.slice(1) : undefined;
    if (marker !== undefined && marker !== 'revoked' && marker !== 'cert-authority') return [];
    const [names, type, key] = fields;
    if (names === undefined || type === undefined || key === undefined) return [];
    return [{ marker, names, type, key: Buffer.from(key, 'base64') }];
  });
}

function matchesHashed(hashed: string, name: string): boolean {
  const [, , salt = '', hash = ''] = hashed.split('|');
  const want = Buffer.from(hash, 'base64');
  const have = createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest();
  return want.length === have.length && timingSafeEqual(want, have);
}

/** `*` and `?` as OpenSSH reads them, without a regular expression: patterns come from a file that others may write. */
function matchesGlob(pattern: string, name: string): boolean {
  let at = 0;
  let star = -1;
  let resume = 0;
  let index = 0;
  while (index < name.length) {
    if (pattern[at] === '*') {
      star = at++;
      resume = index;
    } else if (pattern[at] === '?' || pattern[at] === name[index]) {
      at++;
      index++;
    } else if (star >= 0) {
      at = star + 1;
      index = ++resume;
    } else return false;
  }
  while (pattern[at] === '*') at++;
  return at === pattern.length;
}

function matchesNames(names: string, name: string): boolean {
  if (names.startsWith('|1|')) return matchesHashed(names, name);
  let found = false;
  for (const pattern of names.toLowerCase().split(',')) {
    if (pattern.startsWith('!') && matchesGlob(pattern.slice(1), name)) return false;
    found ||= matchesGlob(pattern, name);
  }
  return found;
}

/** The lines about a host: by its name on port 22, else by "[name]:port". */
export function linesAbout(lines: readonly KnownHost[], host: string, port: number): KnownHost[] {
  const name = port === 22 ? host.toLowerCase() : `[${host.toLowerCase()}]:${port}`;
  return lines.filter((line) => matchesNames(line.names, name));
}

/** "SHA256:…" as ssh-keygen prints it. */
export function fingerprintOf(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
}

/** The type that a public key in SSH's wire form names itself: "ssh-ed25519". */
export function keyTypeOf(key: Buffer): string {
  if (key.length < 4) return '';
  return key.subarray(4, 4 + key.readUInt32BE(0)).toString('latin1');
}
