import type { PodSecurityContext, SecurityContext } from '../../../openapi/generated/types.ts';
import {
  type FieldError,
  duplicate,
  invalidValue,
  required,
  tooLong,
} from '../../../openapi/machinery/status.ts';
import { inRange, notSupported, oneOf, ownPath } from './field-errors.ts';
import { goValue } from './go-text.ts';
import { windowsOptionFaults } from './windows.ts';

const idMax = 2147483647;
const sysctlPattern = /^[a-z0-9]([-_a-z0-9]*[a-z0-9])?([./][a-z0-9]([-_a-z0-9]*[a-z0-9])?)*$/;
const sysctlText = '([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?';

export function containerSecurityFaults(
  path: string,
  context: SecurityContext | undefined,
  hostUsers: boolean,
): FieldError[] {
  if (context === undefined) return [];
  const { privileged, allowPrivilegeEscalation, capabilities } = context;
  const { procMount } = context;
  const faults = idFaults(path, context);
  faults.push(...oneOf(`${path}.procMount`, procMount, ['Default', 'Unmasked']));
  if (hostUsers && procMount === 'Unmasked') {
    faults.push(invalidValue(`${path}.procMount`, procMount, '`hostUsers` must be false to use `Unmasked`'));
  }
  faults.push(...seccompFaults(`${path}.seccompProfile`, context.seccompProfile));
  if (allowPrivilegeEscalation === false) {
    if (privileged === true) {
      const text = 'cannot set `allowPrivilegeEscalation` to false and `privileged` to true';
      faults.push(invalidValue(path, goValue('SecurityContext', context), text));
    }
    if (capabilities?.add?.includes('CAP_SYS_ADMIN') === true) {
      const text = 'cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN';
      faults.push(invalidValue(path, goValue('SecurityContext', context), text));
    }
  }
  return [
    ...faults,
    ...windowsOptionFaults(`${path}.windowsOptions`, context.windowsOptions),
    ...appArmorFaults(`${path}.appArmorProfile`, context.appArmorProfile),
  ];
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
  faults.push(...seccompFaults(`${path}.seccompProfile`, context?.seccompProfile));
  faults.push(...windowsOptionFaults(`${path}.windowsOptions`, context?.windowsOptions));
  faults.push(...appArmorFaults(`${path}.appArmorProfile`, context?.appArmorProfile));
  faults.push(
    ...oneOf(`${path}.supplementalGroupsPolicy`, context?.supplementalGroupsPolicy, ['Merge', 'Strict']),
    ...oneOf(`${path}.seLinuxChangePolicy`, context?.seLinuxChangePolicy, ['Recursive']),
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

type Seccomp = NonNullable<SecurityContext['seccompProfile']>;
type AppArmor = NonNullable<SecurityContext['appArmorProfile']>;
const profileTypes = ['Localhost', 'RuntimeDefault', 'Unconfined'];
const profilePathMax = 4095;

function seccompFaults(path: string, profile: Seccomp | undefined): FieldError[] {
  if (profile === undefined) return [];
  const { type = '', localhostProfile } = profile as Partial<Seccomp>;
  const at = `${path}.localhostProfile`;
  const faults = typeFaults(`${path}.type`, type, 'seccompProfile');
  if (type === 'Localhost') {
    return localhostProfile === undefined
      ? [...faults, required(at, 'must be set when seccomp type is Localhost')]
      : [...faults, ...ownPath(at, localhostProfile)];
  }
  if (localhostProfile === undefined) return faults;
  const text = 'can only be set when seccomp type is Localhost';
  return [...faults, invalidValue(at, goValue('SeccompProfile', profile), text)];
}

function typeFaults(path: string, type: string, field: string): FieldError[] {
  if (type === '') return [required(path, `type is required when ${field} is set`)];
  return profileTypes.includes(type) ? [] : [notSupported(path, type, profileTypes)];
}

function appArmorFaults(path: string, profile: AppArmor | undefined): FieldError[] {
  if (profile === undefined) return [];
  const { type = '', localhostProfile } = profile as Partial<AppArmor>;
  const at = `${path}.localhostProfile`;
  if (type !== 'Localhost') {
    const faults = typeFaults(`${path}.type`, type, 'appArmorProfile');
    if (localhostProfile === undefined || faults.length > 0) return faults;
    return [invalidValue(at, localhostProfile, 'can only be set when AppArmor type is Localhost')];
  }
  const trimmed = localhostProfile?.trim() ?? '';
  const unset = required(at, 'must be set when AppArmor type is Localhost');
  if (localhostProfile === undefined) return [unset];
  return [
    ...(trimmed !== localhostProfile
      ? [invalidValue(at, localhostProfile, 'must not be padded with whitespace')]
      : trimmed === ''
        ? [unset]
        : []),
    ...(Buffer.byteLength(localhostProfile) > profilePathMax ? [tooLong(at, profilePathMax)] : []),
  ];
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
