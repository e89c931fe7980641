import { createHash } from 'node:crypto';
import type { Protocol } from './service-ports.ts';

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** "KUBE-SVC-" and the like + 16 letters, as kube-proxy makes them, so that people and tools find what they know. */
export function serviceChain(kind: 'SVC' | 'SVL' | 'EXT' | 'FW', rawId: string, protocol: Protocol): string {
  return `KUBE-${kind}-${hash16(rawId + protocol)}`;
}

/** The chain of one endpoint ("address:port") of a service port. */
export function endpointChain(rawId: string, protocol: Protocol, endpoint: string): string {
  return `KUBE-SEP-${hash16(rawId + protocol + endpoint)}`;
}

/** The first 16 letters of the base32 form of the text's SHA-256. */
export function hash16(text: string): string {
  const digest = createHash('sha256').update(text).digest();
  let letters = '';
  let bits = 0;
  let count = 0;
  for (const byte of digest.subarray(0, 10)) {
    bits = (bits << 8) | byte;
    count += 8;
    for (; count >= 5; count -= 5) {
      letters += alphabet[(bits >>> (count - 5)) & 31] ?? '';
    }
    bits &= (1 << count) - 1;
  }
  return letters;
}
