import { isDeepStrictEqual } from 'node:util';
import { persistentVolumes } from '../../../openapi/generated/resources.ts';
import type { PersistentVolume, PersistentVolumeSpec } from '../../../openapi/generated/types.ts';
import { timeText } from '../../../openapi/machinery/clock.ts';
import { milliValue, parseQuantity, quantityValue } from '../../../openapi/machinery/quantity.ts';
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
import { goDiff } from '../validation/go-diff.ts';
import { goValue } from '../validation/go-text.ts';
import { dnsSubdomain } from '../validation/names.ts';
import {
  type SharedSource,
  onlyFirst,
  secondNames,
  sharedSourceFaults,
} from '../validation/volume-sources.ts';

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
  validate: specFaults,
  validateUpdate: (volume, old) => [
    ...specFaults(volume),
    ...updateFaults(volume.spec ?? {}, old.spec ?? {}),
  ],
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

function specFaults({ metadata, spec = {} }: Volume): FieldError[] {
  const name = metadata?.name ?? '';
  const { accessModes = [], storageClassName = '', nodeAffinity } = spec;
  return [
    ...(accessModes.length === 0 ? [required('spec.accessModes')] : []),
    ...modeListFaults('spec.accessModes', accessModes),
    ...capacityFaults(spec.capacity),
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
    ...sourceFaults(spec, name),
    ...recycleFaults(spec),
    ...(storageClassName === '' ? [] : texts('spec.storageClassName', storageClassName, dnsSubdomain)),
    ...oneOf('spec.volumeMode', spec.volumeMode, ['Block', 'Filesystem']),
    ...attributesClassFaults(spec),
  ];
}

function capacityFaults(sent: Readonly<Record<string, string>> | undefined): FieldError[] {
  const capacity = sent ?? {};
  const path = 'spec.capacity';
  const names = Object.keys(capacity);
  return [
    ...(names.length === 0 ? [required(path)] : []),
    ...(capacity['storage'] === undefined || names.length > 1
      ? [notSupported(path, sent ?? null, ['storage'])]
      : []),
    ...Object.entries(capacity).flatMap(([name, value]) => amountFaults(`${path}[${name}]`, value)),
  ];
}

function amountFaults(path: string, value: string): FieldError[] {
  const amount = milliValue(parseQuantity(value));
  return [
    ...(amount < 0n
      ? [invalidValue(path, Number(quantityValue(parseQuantity(value))), 'must be a valid resource quantity')]
      : []),
    ...(amount <= 0n ? [invalidValue(path, value, 'must be greater than zero')] : []),
  ];
}

function sourceFaults(spec: PersistentVolumeSpec, name: string): FieldError[] {
  const given = sources.filter((each) => spec[each] !== undefined);
  if (given.length === 0) return [required('spec', 'must specify a volume type')];
  const check = (each: string): FieldError[] => {
    if (each === 'local') return localFaults(spec);
    const shared = each as SharedSource;
    const source = spec[shared];
    return source === undefined ? [] : sharedSourceFaults(shared, 'spec', source, name);
  };
  // flexVolume is checked however many others there are.
  return onlyFirst('spec', given, check, { names: secondNames, always: 'flexVolume' });
}

function localFaults({ local, nodeAffinity }: PersistentVolumeSpec): FieldError[] {
  const path = 'spec.local.path';
  const at = local?.path ?? '';
  return [
    ...(at === '' ? [required(path)] : noBacksteps(path, at)),
    ...(nodeAffinity === undefined
      ? [required('spec.nodeAffinity', 'Local volume requires node affinity')]
      : []),
  ];
}

/** Of a class that drivers may change volumes to. */
function attributesClassFaults({ volumeAttributesClassName: name, csi }: PersistentVolumeSpec): FieldError[] {
  if (name === undefined) return [];
  const path = 'spec.volumeAttributesClassName';
  return [
    ...(name === '' ? [required(path, 'an empty string is disallowed')] : texts(path, name, dnsSubdomain)),
    ...(csi === undefined
      ? [required('spec.csi', 'has to be specified when using volumeAttributesClassName')]
      : []),
  ];
}

function recycleFaults(spec: PersistentVolumeSpec): FieldError[] {
  if (spec.hostPath?.path !== '/' || spec.persistentVolumeReclaimPolicy !== 'Recycle') return [];
  return [
    forbiddenField('spec.persistentVolumeReclaimPolicy', "may not be 'recycle' for a hostPath mount of '/'"),
  ];
}

function updateFaults(spec: PersistentVolumeSpec, old: PersistentVolumeSpec): FieldError[] {
  const sourceOf = (each: PersistentVolumeSpec): unknown => goValue('PersistentVolumeSource', each);
  // Once only, and by whoever first needs it.
  const asked = withoutNewExpandSecret(spec, old);
  const className = 'spec.volumeAttributesClassName';
  return [
    ...(isDeepStrictEqual(sourceOf(asked), sourceOf(old))
      ? []
      : [
          forbiddenField(
            'spec.persistentvolumesource',
            `spec.persistentvolumesource is immutable after creation\n${goDiff('PersistentVolumeSource', old, asked)}`,
          ),
        ]),
    ...unchanged('volumeMode', spec.volumeMode, old.volumeMode),
    ...(old.nodeAffinity === undefined ? [] : unchangedAffinity(spec.nodeAffinity, old.nodeAffinity)),
    ...(old.volumeAttributesClassName !== undefined && spec.volumeAttributesClassName === undefined
      ? [forbiddenField(className, 'update from non-nil value to nil is forbidden')]
      : []),
  ];
}

function withoutNewExpandSecret(spec: PersistentVolumeSpec, old: PersistentVolumeSpec): PersistentVolumeSpec {
  if (old.csi === undefined || old.csi.controllerExpandSecretRef !== undefined) return spec;
  if (spec.csi?.controllerExpandSecretRef === undefined) return spec;
  const { controllerExpandSecretRef: _secret, ...csi } = spec.csi;
  return { ...spec, csi };
}

function unchangedAffinity(
  now: PersistentVolumeSpec['nodeAffinity'],
  before: NonNullable<PersistentVolumeSpec['nodeAffinity']>,
): FieldError[] {
  if (isDeepStrictEqual(now, before)) return [];
  const value = now === undefined ? null : goValue('VolumeNodeAffinity', now);
  const text = 'field is immutable, except for updating from beta label to GA';
  return [invalidValue('nodeAffinity', value, text)];
}
