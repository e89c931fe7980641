import type { PodSecurityContext, SecurityContext } from '../../../openapi/generated/types.ts';
import { type FieldError, duplicate, invalidValue, required } from '../../../openapi/machinery/status.ts';
import { inRange, oneOf } from './field-errors.ts';

const idMax = 2147483647;
const sysctlPattern = /^[a-z0-9]([-_a-z0-9]*[a-z0-9])?([./][a-z0-9]([-_a-z0-9]*[a-z0-9])?)*$/;
const sysctlText = '([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?';

export function containerSecurityFaults(path: string, context: SecurityContext | undefined): FieldError[] {
  if (context === undefined) return [];
  const { privileged, allowPrivilegeEscalation, capabilities } = context;
  const faults = [...idFaults(path, context), ...profileFaults(path, context)];
  faults.push(...oneOf(`${path}.procMount`, context.procMount, ['Default', 'Unmasked']));
  if (allowPrivilegeEscalation === false) {
    if (privileged === true) {
      const text = 'cannot set `allowPrivilegeEscalation` to false and `privileged` to true';
      faults.push(invalidValue(path, context, text));
    }
    if (capabilities?.add?.includes('CAP_SYS_ADMIN') === true) {
      const text = 'cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN';
      faults.push(invalidValue(path, context, text));
    }
  }
  return faults;
}

export function podSecurityFaults(
  path: string,
  context: PodSecurityContext | undefined,
  host: {
    readonly network: boolean;
    readonly pid: boolean;
    readonly ipc: boolean;
    readonly sharedPid: boolean;
  },
): FieldError[] {
  const faults: FieldError[] = [];
  if (context?.fsGroup !== undefined) faults.push(...idRange(`${path}.fsGroup`, context.fsGroup));
  faults.push(...idFaults(path, context ?? {}));
  for (const [i, group] of (context?.supplementalGroups ?? []).entries()) {
    faults.push(...idRange(`${path}.supplementalGroups[${i}]`, group));
  }
  if (host.sharedPid && host.pid) {
    faults.push(
      invalidValue(
        `${path}.shareProcessNamespace`,
        true,
        'ShareProcessNamespace and HostPID cannot both be enabled',
      ),
    );
  }
  faults.push(...sysctlFaults(`${path}.sysctls`, context?.sysctls ?? [], host));
  faults.push(
    ...oneOf(`${path}.fsGroupChangePolicy`, context?.fsGroupChangePolicy, ['Always', 'OnRootMismatch']),
  );
  faults.push(...profileFaults(path, context ?? {}));
  faults.push(
    ...oneOf(`${path}.supplementalGroupsPolicy`, context?.supplementalGroupsPolicy, ['Merge', 'Strict']),
  );
  return faults;
}

function idFaults(
  path: string,
  ids: { readonly runAsUser?: number; readonly runAsGroup?: number },
): FieldError[] {
  return (['runAsUser', 'runAsGroup'] as const).flatMap((field) => {
    const id = ids[field];
    return id === undefined ? [] : idRange(`${path}.${field}`, id);
  });
}

function idRange(path: string, id: number): FieldError[] {
  return inRange(path, id, 0, idMax);
}

type Profiles = Pick<SecurityContext, 'seccompProfile' | 'appArmorProfile'>;

function profileFaults(path: string, { seccompProfile, appArmorProfile }: Profiles): FieldError[] {
  return [
    ...localhostFaults(`${path}.seccompProfile`, seccompProfile, 'seccomp'),
    ...localhostFaults(`${path}.appArmorProfile`, appArmorProfile, 'AppArmor'),
  ];
}

function localhostFaults(
  path: string,
  profile: { readonly type: string; readonly localhostProfile?: string } | undefined,
  kind: 'seccomp' | 'AppArmor',
): FieldError[] {
  if (profile === undefined) return [];
  const { type, localhostProfile } = profile;
  const at = `${path}.localhostProfile`;
  const faults = oneOf(`${path}.type`, type, ['Localhost', 'RuntimeDefault', 'Unconfined']);
  if (type === 'Localhost') {
    if (localhostProfile !== undefined && localhostProfile !== '') return faults;
    const text =
      kind === 'seccomp'
        ? 'must be set when seccomp type is Localhost'
        : 'must be set when AppArmor type is Localhost';
    return [...faults, required(at, text)];
  }
  if (localhostProfile === undefined) return faults;
  const text =
    kind === 'seccomp'
      ? 'can only be set when seccomp type is Localhost'
      : 'can only be set when AppArmor type is Localhost';
  return [...faults, invalidValue(at, localhostProfile, text)];
}

function sysctlFaults(
  path: string,
  sysctls: readonly { readonly name: string }[],
  host: { readonly network: boolean; readonly ipc: boolean },
): FieldError[] {
  const seen = new Set<string>();
  return sysctls.flatMap(({ name }, i) => {
    const at = `${path}[${i}].name`;
    if (name === '') return [required(at)];
    const faults: FieldError[] = [];
    if (name.length > 253 || !sysctlPattern.test(name)) {
      faults.push(invalidValue(at, name, `must have at most 253 characters and match regex ^${sysctlText}$`));
    } else if (seen.has(name)) faults.push(duplicate(at, name));
    seen.add(name);
    const dotted = name.replaceAll('/', '.');
    if (host.network && dotted.startsWith('net.')) {
      faults.push(invalidValue(at, name, "may not be specified when 'hostNetwork' is true"));
    }
    if (host.ipc && /^(kernel\.(shm|msg|sem)|fs\.mqueue\.)/.test(dotted)) {
      faults.push(invalidValue(at, name, "may not be specified when 'hostIPC' is true"));
    }
    return faults;
  });
}
