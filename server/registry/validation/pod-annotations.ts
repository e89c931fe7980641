import type { PodSpec } from '../../../openapi/generated/types.ts';
import { type FieldError, invalidValue } from '../../../openapi/machinery/status.ts';
import { ownPath } from './field-errors.ts';

const mirrorKey = 'kubernetes.io/config.mirror';
const deletionCostKey = 'controller.kubernetes.io/pod-deletion-cost';
const appArmorPrefix = 'container.apparmor.security.beta.kubernetes.io/';
const seccompKey = 'seccomp.security.alpha.kubernetes.io/pod';
const seccompPrefix = 'container.seccomp.security.alpha.kubernetes.io/';

/** Annotations of pods, and of templates of pods, that mean something to Kubernetes. */
export function podAnnotationFaults(
  path: string,
  annotations: Readonly<Record<string, string>>,
  spec: PodSpec,
): FieldError[] {
  const mirror = annotations[mirrorKey];
  const cost = annotations[deletionCostKey];
  const faults: FieldError[] = [];
  if (mirror !== undefined && (spec.nodeName ?? '') === '') {
    const text = 'must set spec.nodeName if mirror pod annotation is set';
    faults.push(invalidValue(`${path}[${mirrorKey}]`, mirror, text));
  }
  if (cost !== undefined && !isInt32(cost)) {
    faults.push(invalidValue(`${path}[${deletionCostKey}]`, cost, 'must be a 32bit integer'));
  }
  for (const [key, value] of Object.entries(annotations)) {
    if (key === seccompKey || key.startsWith(seccompPrefix)) {
      faults.push(...seccompFaults(`${path}.${key}`, value));
    } else if (key.startsWith(appArmorPrefix)) faults.push(...appArmorFaults(path, key, value, spec));
  }
  return faults;
}

function isInt32(text: string): boolean {
  if (!/^(?:0|[1-9]\d*|-\d+)$/.test(text) || text.length > 15) return false;
  const value = Number(text);
  return value >= -2147483648 && value <= 2147483647;
}

function seccompFaults(path: string, profile: string): FieldError[] {
  if (['runtime/default', 'docker/default', 'unconfined'].includes(profile)) return [];
  if (profile.startsWith('localhost/')) return ownPath(path, profile.slice('localhost/'.length));
  return [invalidValue(path, profile, 'must be a valid seccomp profile')];
}

function appArmorFaults(path: string, key: string, profile: string, spec: PodSpec): FieldError[] {
  const name = key.slice(appArmorPrefix.length);
  const containers = [
    ...(spec.initContainers ?? []),
    ...spec.containers,
    ...(spec.ephemeralContainers ?? []),
  ];
  const known = ['', 'runtime/default', 'unconfined'].includes(profile) || profile.startsWith('localhost/');
  return [
    ...(containers.some((each) => each.name === name)
      ? []
      : [invalidValue(`${path}[${key}]`, name, 'container not found')]),
    ...(known
      ? []
      : [
          invalidValue(
            `${path}[${key}]`,
            profile,
            `invalid AppArmor profile name: ${JSON.stringify(profile)}`,
          ),
        ]),
  ];
}
