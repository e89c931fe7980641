import type { PersistentVolumeSpec, Volume } from '../../../openapi/generated/types.ts';
import {
  type FieldError,
  forbiddenField,
  invalidValue,
  required,
  tooLong,
} from '../../../openapi/machinery/status.ts';
import { descendingPath, inRange, noBacksteps, notSupported, oneOf, texts } from './field-errors.ts';
import { dnsLabel, dnsSubdomain } from './names.ts';

/**
 * The sources that volumes of pods and persistent volumes share. Those of persistent volumes name their secrets with a namespace,
 * and so have a little more to check.
 */
type Source<Name extends string> = Name extends keyof Volume
  ? Name extends keyof PersistentVolumeSpec
    ? NonNullable<Volume[Name]> | NonNullable<PersistentVolumeSpec[Name]>
    : NonNullable<Volume[Name]>
  : never;

/** Of a persistent volume: its name. Of a volume in a pod: undefined. */
export type OfVolume = string | undefined;

export type SharedSource = Extract<keyof Volume, keyof PersistentVolumeSpec>;
type Checks = {
  readonly [Name in SharedSource]: (path: string, source: Source<Name>, of: OfVolume) => FieldError[];
};

const checks: Checks = {
  hostPath: hostPathFaults,
  gcePersistentDisk: (path, { pdName, partition }) => [
    ...missing(path, { pdName }),
    ...partitionFaults(path, partition),
  ],
  awsElasticBlockStore: (path, { volumeID, partition }) => [
    ...missing(path, { volumeID }),
    ...partitionFaults(path, partition),
  ],
  glusterfs: glusterFaults,
  flocker: flockerFaults,
  nfs: nfsFaults,
  rbd: (path, { monitors, image }) => [...noneOf(path, { monitors }), ...missing(path, { image })],
  quobyte: quobyteFaults,
  cephfs: (path, { monitors }) => noneOf(path, { monitors }),
  iscsi: iscsiFaults,
  cinder: (path, { volumeID, secretRef }, of) => [
    ...missing(path, { volumeID }),
    ...secretFaults(`${path}.secretRef`, secretRef, of !== undefined),
  ],
  fc: fcFaults,
  flexVolume: flexFaults,
  azureFile: (path, { secretName, shareName, ...rest }) => [
    ...missing(path, { secretName, shareName }),
    ...('secretNamespace' in rest && rest.secretNamespace === ''
      ? missing(path, { secretNamespace: '' })
      : []),
  ],
  vsphereVolume: (path, { volumePath }) => missing(path, { volumePath }),
  photonPersistentDisk: (path, { pdID }) => missing(path, { pdID }),
  portworxVolume: (path, { volumeID }) => missing(path, { volumeID }),
  azureDisk: azureDiskFaults,
  scaleIO: (path, { gateway, system, volumeName }) => missing(path, { gateway, system, volumeName }),
  storageos: storageOsFaults,
  csi: csiFaults,
};

export function sharedSourceFaults<Name extends SharedSource>(
  name: Name,
  path: string,
  source: Source<Name>,
  of: OfVolume,
): FieldError[] {
  // Reported under another name than the field's.
  const at = name === 'gcePersistentDisk' ? `${path}.persistentDisk` : `${path}.${name}`;
  const check = checks[name] as (path: string, source: Source<Name>, of: OfVolume) => FieldError[];
  return check(at, source, of);
}

export function missing(path: string, fields: Readonly<Record<string, string | undefined>>): FieldError[] {
  return Object.entries(fields)
    .filter(([, value]) => (value ?? '') === '')
    .map(([name]) => required(`${path}.${name}`));
}

function noneOf(path: string, fields: Readonly<Record<string, readonly string[] | undefined>>): FieldError[] {
  return Object.entries(fields)
    .filter(([, list]) => (list ?? []).length === 0)
    .map(([name]) => required(`${path}.${name}`));
}

function partitionFaults(path: string, partition = 0): FieldError[] {
  return partition >= 0 && partition <= 255
    ? []
    : [invalidValue(`${path}.partition`, partition, 'must be between 1 and 255, inclusive')];
}

interface SecretRef {
  readonly name?: string;
  readonly namespace?: string;
}

function secretFaults(path: string, ref: SecretRef | undefined, namespaced: boolean): FieldError[] {
  if (ref === undefined) return [];
  return missing(path, namespaced ? { name: ref.name, namespace: ref.namespace } : { name: ref.name });
}

const hostPathTypes: readonly string[] = [
  '',
  'BlockDevice',
  'CharDevice',
  'Directory',
  'DirectoryOrCreate',
  'File',
  'FileOrCreate',
  'Socket',
];

function hostPathFaults(path: string, source: Source<'hostPath'>): FieldError[] {
  const at = (source.path as string | undefined) ?? '';
  if (at === '') return missing(path, { path: at });
  return [...noBacksteps(`${path}.path`, at), ...oneOf(`${path}.type`, source.type, hostPathTypes)];
}

function nfsFaults(path: string, source: Source<'nfs'>): FieldError[] {
  const { server, path: at = '' } = source as Partial<Source<'nfs'>>;
  const faults = missing(path, { server, path: at });
  return at.startsWith('/')
    ? faults
    : [...faults, invalidValue(`${path}.path`, at, 'must be an absolute path')];
}

function glusterFaults(path: string, source: Source<'glusterfs'>): FieldError[] {
  const faults = missing(path, { endpoints: source.endpoints, path: source.path });
  const namespace = 'endpointsNamespace' in source ? source.endpointsNamespace : undefined;
  const at = `${path}.endpointsNamespace`;
  if (namespace === undefined) return faults;
  const text = 'if the endpointnamespace is set, it must be a valid namespace name';
  return [...faults, ...(namespace === '' ? [invalidValue(at, '', text)] : texts(at, namespace, dnsLabel))];
}

function flockerFaults(path: string, source: Source<'flocker'>): FieldError[] {
  const { datasetName = '', datasetUUID = '' } = source;
  return [
    ...(datasetName === '' && datasetUUID === ''
      ? [required(path, 'one of datasetName and datasetUUID is required')]
      : []),
    ...(datasetName !== '' && datasetUUID !== ''
      ? [invalidValue(path, 'resource', 'datasetName and datasetUUID can not be specified simultaneously')]
      : []),
    ...(datasetName.includes('/')
      ? [invalidValue(`${path}.datasetName`, datasetName, "must not contain '/'")]
      : []),
  ];
}

function quobyteFaults(path: string, source: Source<'quobyte'>): FieldError[] {
  const { registry = '', tenant = '', volume } = source as Partial<Source<'quobyte'>>;
  const at = `${path}.registry`;
  const text = 'must be a host:port pair or multiple pairs separated by commas';
  const pairs = (): FieldError[] =>
    registry
      .split(',')
      .filter((pair) => !/^(?:[^:[\]]*|\[[^[\]]*\]):[^:]*$/.test(pair))
      .map(() => invalidValue(at, registry, text));
  const faults =
    registry === ''
      ? [required(at, text)]
      : tenant.length >= 65
        ? [required(`${path}.tenant`, 'must be a UUID and may not exceed a length of 64 characters')]
        : pairs();
  return [...faults, ...missing(path, { volume })];
}

const initiatorForms: Readonly<Record<string, RegExp>> = {
  iqn: /iqn\.\d{4}-\d{2}\.[A-Za-z0-9.-]+:[^,;*&$|\s]+$/,
  eui: /^eui.[A-Za-z0-9]{16}$/,
  naa: /^naa.[A-Za-z0-9]{32}$/,
};

function initiatorFaults(path: string, name: string, longText: boolean): FieldError[] {
  const form = initiatorForms[name.slice(0, 3)];
  if (form !== undefined) return form.test(name) ? [] : [invalidValue(path, name, 'must be valid format')];
  return [
    invalidValue(
      path,
      name,
      longText ? 'must be valid format starting with iqn, eui, or naa' : 'must be valid format',
    ),
  ];
}

const portalBytesMax = 64;

function iscsiFaults(path: string, source: Source<'iscsi'>, of: OfVolume): FieldError[] {
  const { targetPortal = '', iqn = '', lun = 0, initiatorName } = source as Partial<Source<'iscsi'>>;
  const chap = source.chapAuthDiscovery === true || source.chapAuthSession === true;
  const tooLongText =
    'Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.';
  return [
    ...missing(path, { targetPortal }),
    ...(of !== undefined && initiatorName !== undefined && `${of}:${targetPortal}`.length > portalBytesMax
      ? [invalidValue(`${path}.targetportal`, targetPortal, tooLongText)]
      : []),
    ...(iqn === '' ? missing(path, { iqn }) : initiatorFaults(`${path}.iqn`, iqn, of === undefined)),
    ...inRange(`${path}.lun`, lun, 0, 255),
    ...(chap && source.secretRef === undefined ? [required(`${path}.secretRef`)] : []),
    ...(of === undefined ? [] : secretFaults(`${path}.secretRef`, source.secretRef, false)),
    ...(initiatorName === undefined
      ? []
      : initiatorFaults(`${path}.initiatorname`, initiatorName, of === undefined)),
  ];
}

function fcFaults(path: string, { targetWWNs = [], wwids = [], lun }: Source<'fc'>): FieldError[] {
  const at = `${path}.targetWWNs`;
  return [
    ...(targetWWNs.length === 0 && wwids.length === 0
      ? [required(at, 'must specify either targetWWNs or wwids, but not both')]
      : []),
    ...(targetWWNs.length > 0 && wwids.length > 0
      ? [invalidValue(at, targetWWNs, 'targetWWNs and wwids can not be specified simultaneously')]
      : []),
    ...(targetWWNs.length === 0
      ? []
      : lun === undefined
        ? [required(`${path}.lun`, 'lun is required if targetWWNs is specified')]
        : inRange(`${path}.lun`, lun, 0, 255)),
  ];
}

function flexFaults(path: string, { driver, options = {} }: Source<'flexVolume'>): FieldError[] {
  const reserved = Object.keys(options).filter((key) =>
    /\.(?:kubernetes|k8s)\.io$/.test(`.${(key.split('/', 1)[0] ?? '').toLowerCase()}`),
  );
  return [
    ...missing(path, { driver }),
    ...reserved.map((key) =>
      invalidValue(`${path}.options[${key}]`, key, 'kubernetes.io and k8s.io namespaces are reserved'),
    ),
  ];
}

const managedDisk =
  '/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}';
const blobDisk = 'https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd';

function azureDiskFaults(path: string, source: Source<'azureDisk'>): FieldError[] {
  const { diskName, diskURI = '', kind, cachingMode } = source as Partial<Source<'azureDisk'>>;
  const managed = kind === 'Managed';
  return [
    ...missing(path, { diskName, diskURI }),
    ...oneOf(`${path}.cachingMode`, cachingMode, ['None', 'ReadOnly', 'ReadWrite']),
    ...oneOf(`${path}.kind`, kind, ['Dedicated', 'Managed', 'Shared']),
    ...(managed && !diskURI.startsWith('/subscriptions/')
      ? [notSupported(`${path}.diskURI`, diskURI, [managedDisk])]
      : []),
    ...(kind !== undefined && !managed && !diskURI.startsWith('https://')
      ? [notSupported(`${path}.diskURI`, diskURI, [blobDisk])]
      : []),
  ];
}

function storageOsFaults(path: string, source: Source<'storageos'>, of: OfVolume): FieldError[] {
  const { volumeName = '', volumeNamespace = '' } = source;
  return [
    ...(volumeName === ''
      ? missing(path, { volumeName })
      : texts(`${path}.volumeName`, volumeName, dnsLabel)),
    ...(volumeNamespace === '' ? [] : texts(`${path}.volumeNamespace`, volumeNamespace, dnsLabel)),
    ...secretFaults(`${path}.secretRef`, source.secretRef, of !== undefined),
  ];
}

const driverBytesMax = 63;

export function csiDriverNameFaults(path: string, name: string): FieldError[] {
  if (name === '') return [required(path)];
  return [
    ...(Buffer.byteLength(name) > driverBytesMax ? [tooLong(path, driverBytesMax)] : []),
    ...dnsSubdomain(name.toLowerCase()).map((fault) => invalidValue(path, name, fault)),
  ];
}

const csiSecrets = [
  'controllerPublishSecretRef',
  'controllerExpandSecretRef',
  'nodePublishSecretRef',
  'nodeExpandSecretRef',
] as const;

function csiFaults(path: string, source: Source<'csi'>, of: OfVolume): FieldError[] {
  const faults = csiDriverNameFaults(`${path}.driver`, source.driver);
  if (of === undefined) {
    const name = source.nodePublishSecretRef?.name;
    if (source.nodePublishSecretRef === undefined) return faults;
    return (name ?? '') === ''
      ? [...faults, required(`${path}.nodePublishSecretRef.name`)]
      : [...faults, ...texts(`${path}.name`, name ?? '', dnsSubdomain)];
  }
  const volume = source as NonNullable<PersistentVolumeSpec['csi']>;
  return [
    ...faults,
    ...missing(path, { volumeHandle: volume.volumeHandle }),
    ...csiSecrets.flatMap((field) => namedSecretFaults(`${path}.${field}`, volume[field])),
  ];
}

function namedSecretFaults(path: string, ref: SecretRef | undefined): FieldError[] {
  if (ref === undefined) return [];
  const { name = '', namespace = '' } = ref;
  return [
    ...(name === '' ? missing(path, { name }) : texts(`${path}.name`, name, dnsSubdomain)),
    ...(namespace === '' ? missing(path, { namespace }) : texts(`${path}.namespace`, namespace, dnsLabel)),
  ];
}

export function gitRepoFaults(
  path: string,
  { repository, directory = '' }: NonNullable<Volume['gitRepo']>,
): FieldError[] {
  return [...missing(path, { repository }), ...descendingPath(`${path}.directory`, directory)];
}

/** Some sources are told by other names when they are one too many. */
export const secondNames: Readonly<Record<string, string>> = { cephfs: 'cephFS', downwardAPI: 'downwarAPI' };

/** The first source is checked; a second one is a fault. */
export function onlyFirst(
  path: string,
  given: readonly string[],
  check: (name: string) => FieldError[],
  rules: { readonly names: Readonly<Record<string, string>>; readonly always?: string },
): FieldError[] {
  return given.flatMap((name, i) =>
    i === 0 || name === rules.always
      ? check(name)
      : [forbiddenField(`${path}.${rules.names[name] ?? name}`, 'may not specify more than 1 volume type')],
  );
}
