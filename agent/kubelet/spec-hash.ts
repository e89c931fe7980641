import { createHash } from 'node:crypto';
import type { Container } from '../../openapi/generated/types.ts';
import type { ContainerStatus } from '../runtime/driver.ts';

/** Goes up with every change of what is hashed, or how. */
const algorithm = '1';

/**
 * Of the fields only that a user can change in a running pod, so that no default which a newer server or agent fills in changes
 * it. Label "flotilla.dev/spec-hash" of each container: "<algorithm>:<hash>".
 */
export function specHash(container: Container): string {
  const fields = JSON.stringify([container.name, container.image ?? '']);
  return `${algorithm}:${createHash('sha256').update(fields).digest('hex').slice(0, 16)}`;
}

/** A hash by another algorithm says nothing: an upgraded agent adopts what the older one started. */
export function specChanged(container: Container, status: Pick<ContainerStatus, 'specHash'>): boolean {
  if (!status.specHash.startsWith(`${algorithm}:`)) return false;
  return status.specHash !== specHash(container);
}
