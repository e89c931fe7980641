import type { Container, Pod, PodSecurityContext, SecurityContext } from '../../openapi/generated/types.ts';
import type { ContainerSecurity } from '../runtime/driver.ts';
import { ConfigError } from './environment.ts';
import { podText } from './pod.ts';

/** The container's own settings before the pod's. Throws ConfigError for what this node cannot do. */
export function containerSecurity(pod: Pod, container: Container): ContainerSecurity {
  const ofPod = pod.spec?.securityContext ?? {};
  const own = container.securityContext ?? {};
  const capabilities = own.capabilities ?? {};
  const groups = new Set(ofPod.supplementalGroups ?? []);
  if (ofPod.fsGroup !== undefined) groups.add(ofPod.fsGroup);
  return {
    user: own.runAsUser ?? ofPod.runAsUser,
    group: own.runAsGroup ?? ofPod.runAsGroup,
    supplementalGroups: [...groups],
    privileged: own.privileged === true,
    readOnlyRootFilesystem: own.readOnlyRootFilesystem === true,
    noNewPrivileges: own.allowPrivilegeEscalation === false,
    addCapabilities: (capabilities.add ?? []).map(capabilityName),
    dropCapabilities: (capabilities.drop ?? []).map(capabilityName),
    seccomp: seccompOf(own, ofPod),
    unmaskedProc: own.procMount === 'Unmasked',
  };
}

function capabilityName(name: string): string {
  return name.toUpperCase().replace(/^CAP_/, '');
}

function seccompOf(own: SecurityContext, ofPod: PodSecurityContext): ContainerSecurity['seccomp'] {
  const type = (own.seccompProfile ?? ofPod.seccompProfile)?.type ?? 'RuntimeDefault';
  if (type === 'Localhost')
    throw new ConfigError('seccomp profiles of type Localhost are not supported on this node');
  return type === 'Unconfined' ? 'unconfined' : 'default';
}

/** Refuses a container that must not run as root and would. `imageUser` is what the image's configuration says. */
export function verifyNonRoot(pod: Pod, container: Container, imageUser: string): void {
  const own = container.securityContext ?? {};
  const ofPod = pod.spec?.securityContext ?? {};
  if ((own.runAsNonRoot ?? ofPod.runAsNonRoot) !== true) return;
  const where = `(pod: ${JSON.stringify(podText(pod))}, container: ${container.name})`;
  const user = own.runAsUser ?? ofPod.runAsUser;
  if (user !== undefined) {
    if (user === 0) throw new ConfigError(`container's runAsUser breaks non-root policy ${where}`);
    return;
  }
  const name = imageUser.split(':')[0] ?? '';
  if (name === '' || name === '0') {
    throw new ConfigError(`container has runAsNonRoot and image will run as root ${where}`);
  }
  if (!/^\d+$/.test(name)) {
    throw new ConfigError(
      `container has runAsNonRoot and image has non-numeric user (${name}), cannot verify user is non-root ${where}`,
    );
  }
}
