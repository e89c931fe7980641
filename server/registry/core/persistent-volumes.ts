import { isDeepStrictEqual } from 'node:util';
import { persistentVolumes } from '../../../openapi/generated/resources.ts';
import type { PersistentVolume, PersistentVolumeSpec } from '../../../openapi/generated/types.ts';
import { timeText } from '../../../openapi/machinery/clock.ts';
import { milliValue, parseQuantity } from '../../../openapi/machinery/quantity.ts';
import {
  type FieldError,
  forbiddenField,
  invalidValue,
  required,
} from '../../../openapi/machinery/status.ts';
import { onlyStatus } from '../generic/status-split.ts';
import type { Strategy, SyncContext } from '../strategy.ts';
import { persistentVolumeTable } from '../table/core.ts';
import { nodeSelectorFaults } from '../validation/affinity.ts';
import { modeListFaults } from '../validation/claims.ts';
import { noBacksteps, notSupported, oneOf, texts, unchanged } from '../validation/field-errors.ts';
import { dnsSubdomain } from '../validation/names.ts';

type Volume = PersistentVolume;

/** In the order that kube-apiserver looks at them. */
const sources = [
  'hostPath',
  'gcePersistentDisk',
  'awsElasticBlockStore',
  'glusterfs',
  'flocker',
  'nfs',
  'rbd',
  'quobyte',
  'cephfs',
  'iscsi',
  'cinder',
  'fc',
  'flexVolume',
  'azureFile',
  'vsphereVolume',
  'photonPersistentDisk',
  'portworxVolume',
  'azureDisk',
  'scaleIO',
  'local',
  'storageos',
  'csi',
] as const satisfies readonly (keyof PersistentVolumeSpec)[];

export const persistentVolumeStrategy: Strategy<Volume> = {
  resource: persistentVolumes,
  deleteReturnsObject: true,
  defaults: (volume) => ({
    ...volume,
    spec: withDefaults(volume.spec ?? {}),
    status: { ...volume.status, phase: volume.status?.phase ?? 'Pending' },
  }),
  prepareForCreate: (volume, context) => ({
    ...volume,
    status: { phase: 'Pending', lastPhaseTransitionTime: timeText(context.now) },
  }),
  validate: ({ spec }) => specFaults(spec ?? {}),
  validateUpdate: ({ spec }, old) => [...specFaults(spec ?? {}), ...updateFaults(spec ?? {}, old.spec ?? {})],
  table: persistentVolumeTable,
  subresources: {
    status: { form: 'part', verbs: ['get', 'patch', 'update'], prepareForUpdate: statusPart },
  },
};

function statusPart(volume: Volume, old: Volume, context?: SyncContext): Volume {
  const part = onlyStatus(volume, old) as Volume;
  const changed = part.status?.phase !== old.status?.phase;
  return changed && context !== undefined
    ? { ...part, status: { ...part.status, lastPhaseTransitionTime: timeText(context.now) } }
    : part;
}

function withDefaults(spec: PersistentVolumeSpec): PersistentVolumeSpec {
  return {
    ...spec,
    persistentVolumeReclaimPolicy: spec.persistentVolumeReclaimPolicy ?? 'Retain',
    volumeMode: spec.volumeMode ?? 'Filesystem',
    ...(spec.hostPath === undefined
      ? {}
      : { hostPath: { ...spec.hostPath, type: spec.hostPath.type ?? '' } }),
  };
}

function specFaults(spec: PersistentVolumeSpec): FieldError[] {
  const { accessModes = [], storageClassName = '', nodeAffinity } = spec;
  return [
    ...(accessModes.length === 0 ? [required('spec.accessModes')] : []),
    ...modeListFaults('spec.accessModes', accessModes),
    ...capacityFaults(spec.capacity ?? {}),
    ...oneOf('spec.persistentVolumeReclaimPolicy', spec.persistentVolumeReclaimPolicy, [
      'Delete',
      'Recycle',
      'Retain',
    ]),
    ...(nodeAffinity === undefined
      ? []
      : nodeAffinity.required === undefined
        ? [required('spec.nodeAffinity.required', 'must specify required node constraints')]
        : nodeSelectorFaults('spec.nodeAffinity.required', nodeAffinity.required)),
    ...sourceFaults(spec),
    ...recycleFaults(spec),
    ...(storageClassName === '' ? [] : texts('spec.storageClassName', storageClassName, dnsSubdomain)),
    ...oneOf('spec.volumeMode', spec.volumeMode, ['Block', 'Filesystem']),
  ];
}

function capacityFaults(capacity: Readonly<Record<string, string>>): FieldError[] {
  const path = 'spec.capacity';
  const names = Object.keys(capacity);
  return [
    ...(names.length === 0 ? [required(path)] : []),
    ...(capacity['storage'] === undefined || names.length > 1
      ? [notSupported(path, capacity, ['storage'])]
      : []),
    ...Object.entries(capacity).flatMap(([name, value]) => amountFaults(`${path}[${name}]`, value)),
  ];
}

function amountFaults(path: string, value: string): FieldError[] {
  const amount = milliValue(parseQuantity(value));
  return [
    ...(amount < 0n ? [invalidValue(path, Number(value), 'must be a valid resource quantity')] : []),
    ...(amount <= 0n ? [invalidValue(path, value, 'must be greater than zero')] : []),
  ];
}

function sourceFaults(spec: PersistentVolumeSpec): FieldError[] {
  const given = sources.filter((name) => spec[name] !== undefined);
  if (given.length === 0) return [required('spec', 'must specify a volume type')];
  return given.flatMap((name, i) =>
    i === 0
      ? partFaults(spec, name)
      : [forbiddenField(`spec.${name}`, 'may not specify more than 1 volume type')],
  );
}

function partFaults(spec: PersistentVolumeSpec, name: (typeof sources)[number]): FieldError[] {
  const missing = (fields: Readonly<Record<string, string | undefined>>): FieldError[] =>
    Object.entries(fields)
      .filter(([, value]) => (value ?? '') === '')
      .map(([field]) => required(`spec.${name}.${field}`));
  const { hostPath, nfs, local, csi } = spec;
  if (name === 'hostPath' && hostPath !== undefined) {
    return hostPath.path === '' ? missing({ path: '' }) : noBacksteps('spec.hostPath.path', hostPath.path);
  }
  if (name === 'nfs' && nfs !== undefined) {
    return [
      ...missing({ server: nfs.server, path: nfs.path }),
      ...(nfs.path.startsWith('/')
        ? []
        : [invalidValue('spec.nfs.path', nfs.path, 'must be an absolute path')]),
    ];
  }
  if (name === 'local' && local !== undefined) {
    return [
      ...(local.path === '' ? missing({ path: '' }) : noBacksteps('spec.local.path', local.path)),
      ...(spec.nodeAffinity === undefined
        ? [required('spec.nodeAffinity', 'Local volume requires node affinity')]
        : []),
    ];
  }
  return name === 'csi' && csi !== undefined
    ? missing({ driver: csi.driver, volumeHandle: csi.volumeHandle })
    : [];
}

function recycleFaults(spec: PersistentVolumeSpec): FieldError[] {
  if (spec.hostPath?.path !== '/' || spec.persistentVolumeReclaimPolicy !== 'Recycle') return [];
  return [
    forbiddenField('spec.persistentVolumeReclaimPolicy', "may not be 'recycle' for a hostPath mount of '/'"),
  ];
}

function updateFaults(spec: PersistentVolumeSpec, old: PersistentVolumeSpec): FieldError[] {
  const source = (each: PersistentVolumeSpec): unknown => sources.map((name) => each[name]);
  const text = 'spec.persistentvolumesource is immutable after creation';
  return [
    ...(isDeepStrictEqual(source(spec), source(old))
      ? []
      : [forbiddenField('spec.persistentvolumesource', text)]),
    ...unchanged('volumeMode', spec.volumeMode, old.volumeMode),
    ...(old.nodeAffinity === undefined || isDeepStrictEqual(spec.nodeAffinity, old.nodeAffinity)
      ? []
      : [
          invalidValue(
            'nodeAffinity',
            spec.nodeAffinity,
            'field is immutable, except for updating from beta label to GA',
          ),
        ]),
  ];
}
