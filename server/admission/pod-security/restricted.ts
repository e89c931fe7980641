import { procMount, seccompFields } from './baseline.ts';
import {
  allContainers,
  containerViolation,
  hasOwnUsers,
  isWindows,
  named,
  plural,
  quoted,
  settersOf,
  sorted,
  type AnyContainer,
  type Check,
  type CheckPod,
  type PodLike,
  type Violation,
} from './check.ts';

/** What a pod has to say that follows the practice of hardening. Since 1.25 a Windows pod need not say what means nothing there. */
export const restrictedChecks: readonly Check[] = [
  {
    id: 'allowPrivilegeEscalation',
    level: 'restricted',
    versions: [
      { since: 8, check: escalation },
      { since: 25, check: unlessWindows(escalation) },
    ],
  },
  {
    id: 'capabilities_restricted',
    level: 'restricted',
    versions: [
      { since: 22, check: capabilities, overrides: 'capabilities_baseline' },
      { since: 25, check: unlessWindows(capabilities), overrides: 'capabilities_baseline' },
    ],
  },
  {
    id: 'procMount_restricted',
    level: 'restricted',
    versions: [{ since: 35, check: procMount, overrides: 'procMount' }],
  },
  {
    id: 'restrictedVolumes',
    level: 'restricted',
    versions: [{ since: 0, check: volumeTypes, overrides: 'hostPathVolumes' }],
  },
  {
    id: 'runAsNonRoot',
    level: 'restricted',
    versions: [
      { since: 0, check: nonRoot },
      { since: 35, check: unlessOwnUsers(nonRoot) },
    ],
  },
  {
    id: 'runAsUser',
    level: 'restricted',
    versions: [
      { since: 23, check: rootUser },
      { since: 35, check: unlessOwnUsers(rootUser) },
    ],
  },
  {
    id: 'seccompProfile_restricted',
    level: 'restricted',
    versions: [
      { since: 19, check: seccomp, overrides: 'seccompProfile_baseline' },
      { since: 25, check: unlessWindows(seccomp), overrides: 'seccompProfile_baseline' },
    ],
  },
];

function unlessWindows(check: CheckPod): CheckPod {
  return (pod) => (isWindows(pod) ? undefined : check(pod));
}

function unlessOwnUsers(check: CheckPod): CheckPod {
  return (pod) => (hasOwnUsers(pod) ? undefined : check(pod));
}

function escalation(pod: PodLike): Violation | undefined {
  return containerViolation(
    pod,
    'allowPrivilegeEscalation != false',
    ({ securityContext }) => securityContext?.allowPrivilegeEscalation !== false,
    (who) => `${who} must set securityContext.allowPrivilegeEscalation=false`,
  );
}

function capabilities(pod: PodLike): Violation | undefined {
  const added = ({ securityContext }: AnyContainer): readonly string[] =>
    (securityContext?.capabilities?.add ?? []).filter((each) => each !== 'NET_BIND_SERVICE');
  const keeping = allContainers(pod).filter(
    ({ securityContext }) => !(securityContext?.capabilities?.drop ?? []).includes('ALL'),
  );
  const adding = allContainers(pod).filter((each) => added(each).length > 0);
  const who = (containers: readonly AnyContainer[]): string =>
    named(
      'container',
      containers.map(({ name }) => name),
    );
  const details = [
    ...(keeping.length === 0 ? [] : [`${who(keeping)} must set securityContext.capabilities.drop=["ALL"]`]),
    ...(adding.length === 0
      ? []
      : [
          `${who(adding)} must not include ${quoted(sorted(adding.flatMap(added)))} in securityContext.capabilities.add`,
        ]),
  ];
  if (details.length === 0) return undefined;
  return { reason: 'unrestricted capabilities', detail: details.join('; ') };
}

const allowedVolumes = [
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'image',
  'persistentVolumeClaim',
  'projected',
  'secret',
];
const refusedVolumes = [
  'hostPath',
  'gcePersistentDisk',
  'awsElasticBlockStore',
  'gitRepo',
  'nfs',
  'iscsi',
  'glusterfs',
  'rbd',
  'flexVolume',
  'cinder',
  'cephfs',
  'flocker',
  'fc',
  'azureFile',
  'vsphereVolume',
  'quobyte',
  'azureDisk',
  'photonPersistentDisk',
  'portworxVolume',
  'scaleIO',
  'storageos',
];

function volumeTypes({ spec }: PodLike): Violation | undefined {
  const bad = (spec.volumes ?? []).filter((volume) => !allowedVolumes.some((kind) => kind in volume));
  if (bad.length === 0) return undefined;
  const names = bad.map(({ name }) => name);
  const kinds = sorted(bad.map((volume) => refusedVolumes.find((kind) => kind in volume) ?? 'unknown'));
  const uses = bad.length === 1 ? 'uses' : 'use';
  return {
    reason: 'restricted volume types',
    detail: `${named('volume', names)} ${uses} ${plural('restricted volume type', kinds.length)} ${quoted(kinds)}`,
  };
}

function nonRoot(pod: PodLike): Violation | undefined {
  const reason = 'runAsNonRoot != true';
  const setters = settersOf(pod, ({ runAsNonRoot }) => runAsNonRoot === false);
  if (setters !== '') return { reason, detail: `${setters} must not set securityContext.runAsNonRoot=false` };
  if (pod.spec.securityContext?.runAsNonRoot === true) return undefined;
  return containerViolation(
    pod,
    reason,
    ({ securityContext }) => securityContext?.runAsNonRoot === undefined,
    (who) => `pod or ${who} must set securityContext.runAsNonRoot=true`,
  );
}

function rootUser(pod: PodLike): Violation | undefined {
  const setters = settersOf(pod, ({ runAsUser }) => runAsUser === 0);
  return setters === ''
    ? undefined
    : { reason: 'runAsUser=0', detail: `${setters} must not set runAsUser=0` };
}

function seccomp(pod: PodLike): Violation | undefined {
  const wrong = seccompFields(pod);
  if (wrong !== undefined || pod.spec.securityContext?.seccompProfile !== undefined) return wrong;
  return containerViolation(
    pod,
    'seccompProfile',
    ({ securityContext }) => securityContext?.seccompProfile === undefined,
    (who) => `pod or ${who} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"`,
  );
}
