import { webcrypto, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
// eslint-disable-next-line no-restricted-syntax -- @peculiar/x509's container needs it loaded before itself
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';

/** A certificate and its private key, both PEM (the key PKCS #8). */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

export interface CertificateRequest {
  readonly commonName: string;
  /** Kubernetes reads groups here. */
  readonly organizations?: readonly string[];
  /** DNS names and IP addresses that a server certificate answers for. */
  readonly names?: readonly string[];
  readonly usage: 'server' | 'client';
  readonly days: number;
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const dayMs = 86_400_000;
/** Certificates hold from a little before now: the clocks of hosts differ. */
const skewMs = 5 * 60_000;

/** Makes a self-signed CA that holds for ten years. `nowMs` is the wall clock. */
export async function createAuthority(commonName: string, nowMs: number): Promise<KeyPair> {
  const keys = await generateKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: nameOf({ commonName }),
    notBefore: new Date(nowMs - skewMs),
    notAfter: new Date(nowMs + 3650 * dayMs),
    keys,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.cRLSign,
        true,
      ),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: certificate.toString('pem'), key: await privateKeyText(keys.privateKey) };
}

/** Makes a key and a certificate for it that `authority` signs. */
export async function issueCertificate(
  authority: KeyPair,
  request: CertificateRequest,
  nowMs: number,
): Promise<KeyPair> {
  const keys = await generateKeys();
  const issuer = new x509.X509Certificate(authority.certificate);
  const signingKey = await importPrivateKey(authority.key);
  const usage =
    request.usage === 'server' ? x509.ExtendedKeyUsage.serverAuth : x509.ExtendedKeyUsage.clientAuth;
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: nameOf(request),
    issuer: issuer.subject,
    notBefore: new Date(nowMs - skewMs),
    notAfter: new Date(nowMs + request.days * dayMs),
    publicKey: keys.publicKey,
    signingKey,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyEncipherment,
        true,
      ),
      new x509.ExtendedKeyUsageExtension([usage]),
      ...subjectAlternativeNames(request.names ?? []),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
    ],
  });
  return { certificate: certificate.toString('pem'), key: await privateKeyText(keys.privateKey) };
}

/**
 * Whether `certificate` need not be made anew: signed by `authority`, a third of its life left, and (for a server) good for all `names`.
 */
export function isStillGood(
  certificate: string,
  authority: KeyPair,
  names: readonly string[],
  nowMs: number,
): boolean {
  const read = new X509Certificate(certificate);
  const from = Date.parse(read.validFrom);
  const until = Date.parse(read.validTo);
  if (nowMs < from || nowMs > until - (until - from) / 3) return false;
  if (!read.verify(new X509Certificate(authority.certificate).publicKey)) return false;
  return names.every((name) =>
    isIP(name) === 0 ? read.checkHost(name) !== undefined : read.checkIP(name) !== undefined,
  );
}

async function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
}

async function importPrivateKey(pem: string): Promise<webcrypto.CryptoKey> {
  const der = Buffer.from(pem.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64');
  return await webcrypto.subtle.importKey('pkcs8', der, algorithm, false, ['sign']);
}

async function privateKeyText(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key)).toString('base64');
  const lines = der.match(/.{1,64}/g) ?? [];
  return ['-----BEGIN PRIVATE KEY-----', ...lines, '-----END PRIVATE KEY-----', ''].join('\n');
}

/** As a JSON name, so that no character of a user's string can end an attribute and begin another. */
function nameOf(request: Pick<CertificateRequest, 'commonName' | 'organizations'>): x509.JsonName {
  return [...(request.organizations ?? []).map((each) => ({ O: [each] })), { CN: [request.commonName] }];
}

function subjectAlternativeNames(names: readonly string[]): x509.Extension[] {
  if (names.length === 0) return [];
  return [
    new x509.SubjectAlternativeNameExtension(
      names.map((value) => ({ type: isIP(value) === 0 ? ('dns' as const) : ('ip' as const), value })),
    ),
  ];
}

function serialNumber(): string {
  const bytes = webcrypto.getRandomValues(new Uint8Array(16));
  bytes[0] = (bytes[0] ?? 0) & 0x7f;
  return Buffer.from(bytes).toString('hex');
}
