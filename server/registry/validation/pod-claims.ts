import type { PodSpec, ResourceRequirements } from '../../../openapi/generated/types.ts';
import { type FieldError, duplicate, invalidValue, required } from '../../../openapi/machinery/status.ts';
import { notFoundValue, texts } from './field-errors.ts';
import { goValue } from './go-text.ts';
import { dnsLabel, dnsSubdomain } from './names.ts';

/** What devices a pod claims: each under a name, and from one place. */
export function podClaimFaults(path: string, claims: PodSpec['resourceClaims']): FieldError[] {
  const seen = new Set<string>();
  return (claims ?? []).flatMap((claim, i) => {
    const at = `${path}[${i}]`;
    const { resourceClaimName: name, resourceClaimTemplateName: template } = claim;
    const own = (claim.name as string | undefined) ?? '';
    const faults =
      own === ''
        ? [required(`${at}.name`)]
        : seen.has(own)
          ? [duplicate(`${at}.name`, own)]
          : texts(`${at}.name`, own, dnsLabel);
    seen.add(own);
    const printed = goValue('PodResourceClaim', claim);
    if (name !== undefined && template !== undefined) {
      const text = 'at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified';
      faults.push(invalidValue(at, printed, text));
    }
    if (name === undefined && template === undefined) {
      const text = 'must specify one of: `resourceClaimName`, `resourceClaimTemplateName`';
      faults.push(invalidValue(at, printed, text));
    }
    if (name !== undefined) faults.push(...texts(`${at}.resourceClaimName`, name, dnsSubdomain));
    if (template !== undefined) {
      faults.push(...texts(`${at}.resourceClaimTemplateName`, template, dnsSubdomain));
    }
    return faults;
  });
}

/** Which of the pod's claims a container uses, in whole or one request of them; nothing twice. */
export function usedClaimFaults(
  path: string,
  claims: ResourceRequirements['claims'],
  podClaims: readonly string[],
): FieldError[] {
  const seen = new Set<string>();
  return (claims ?? []).flatMap(({ name, request = '' }, i) => {
    const at = `${path}[${i}]`;
    if (((name as string | undefined) ?? '') === '') return [required(at)];
    return [...overlapFaults(at, name, request, seen), ...unknownFaults(at, name, podClaims)];
  });
}

function overlapFaults(path: string, name: string, request: string, seen: Set<string>): FieldError[] {
  if (seen.has(name)) return [duplicate(path, name)];
  const faults = request === '' ? [] : texts(`${path}.request`, request, dnsLabel);
  const key = request === '' ? name : `${name}/${request}`;
  if (seen.has(key)) faults.push(duplicate(path, key));
  else if (request === '') {
    for (const each of seen) if (each.startsWith(`${name}/`)) faults.push(duplicate(path, name));
  }
  seen.add(key);
  return faults;
}

function unknownFaults(path: string, name: string, podClaims: readonly string[]): FieldError[] {
  if (podClaims.includes(name)) return [];
  const names = [...new Set(podClaims)].sort().join(', ');
  const { message, ...rest } = notFoundValue(path, name);
  const known = names === '' ? ' which is empty' : `: ${names}`;
  return [{ ...rest, message: `${message}: must be one of the names in pod.spec.resourceClaims${known}` }];
}
