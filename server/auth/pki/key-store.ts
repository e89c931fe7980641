import { createPrivateKey, generateKeyPairSync, randomUUID, type KeyObject } from 'node:crypto';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import {
  createAuthority,
  isStillGood,
  issueCertificate,
  type CertificateRequest,
  type KeyPair,
} from './authority.ts';

/** All keys of one cluster. They are made at the first start and stay. */
export interface KeyStore {
  /** Random, made with the cluster: containers and files on hosts carry it. */
  readonly clusterId: string;
  /** Signs client and server certificates; PEM. */
  readonly authority: KeyPair;
  /** Signs service account tokens. */
  readonly serviceAccountKey: KeyObject;
  issue(request: CertificateRequest): Promise<KeyPair>;
  /**
   * The certificate kept under `name`, made anew (with its key) when it is missing, near its end, or lacks one of the names that it
   * must answer for.
   */
  keep(name: string, request: CertificateRequest): Promise<KeyPair>;
}

/** Opens the key store in `directory` (0700; files 0600). Rejects when a file is there but cannot be read: it never replaces a CA. */
export async function openKeyStore(directory: string, nowMs: () => number): Promise<KeyStore> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const path = (name: string): string => join(directory, name);

  async function text(name: string, make: () => Promise<string> | string): Promise<string> {
    const found = await readIfThere(path(name));
    if (found !== undefined) return found;
    const made = await make();
    await writeDurably(path(name), made);
    return made;
  }

  async function readPair(name: string): Promise<KeyPair | undefined> {
    const [certificate, key] = await Promise.all([
      readIfThere(path(`${name}.crt`)),
      readIfThere(path(`${name}.key`)),
    ]);
    return certificate === undefined || key === undefined ? undefined : { certificate, key };
  }

  async function writePair(name: string, pair: KeyPair): Promise<KeyPair> {
    await writeDurably(path(`${name}.key`), pair.key);
    await writeDurably(path(`${name}.crt`), pair.certificate);
    return pair;
  }

  const authority =
    (await readPair('ca')) ?? (await writePair('ca', await createAuthority('flotilla', nowMs())));
  const issue = (request: CertificateRequest): Promise<KeyPair> =>
    issueCertificate(authority, request, nowMs());
  return {
    clusterId: (await text('cluster-id', () => `${randomUUID()}\n`)).trim(),
    authority,
    serviceAccountKey: createPrivateKey(await text('service-account.key', newServiceAccountKey)),
    issue,
    async keep(name, request) {
      const found = await readPair(name);
      if (found !== undefined && isStillGood(found.certificate, authority, request.names ?? [], nowMs()))
        return found;
      return await writePair(name, await issue(request));
    },
  };
}

function newServiceAccountKey(): string {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Writes beside, flushes, renames: a crash leaves the old file or the new one. */
async function writeDurably(path: string, content: string): Promise<void> {
  const file = await open(`${path}.new`, 'w', 0o600);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.new`, path);
}
