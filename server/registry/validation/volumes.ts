import type {
  DownwardAPIVolumeFile,
  KeyToPath,
  ObjectMeta,
  ProjectedVolumeSource,
  Volume,
  VolumeProjection,
} from '../../../openapi/generated/types.ts';
import { milliValue, parseQuantity } from '../../../openapi/machinery/quantity.ts';
import {
  type FieldError,
  duplicate,
  forbiddenField,
  invalidValue,
  required,
} from '../../../openapi/machinery/status.ts';
import { claimSpecFaults } from './claims.ts';
import { annotationFaults } from './annotations.ts';
import { labelProblems } from '../generic/metadata.ts';
import { fieldRefFaults, resourceFieldFaults, volumeFieldPaths } from './env.ts';
import { modeFaults, oneOf, ownPath, texts } from './field-errors.ts';
import { dnsLabel } from './names.ts';
import {
  type SharedSource,
  gitRepoFaults,
  missing,
  onlyFirst,
  secondNames,
  sharedSourceFaults,
} from './volume-sources.ts';

export interface CheckedVolumes {
  readonly faults: readonly FieldError[];
  /** Those without a fault of their own: what mounts may name. */
  readonly byName: ReadonlyMap<string, Volume>;
}

export function checkVolumes(path: string, volumes: readonly Volume[], podName: string): CheckedVolumes {
  const byName = new Map<string, Volume>();
  const faults: FieldError[] = [];
  const generated = new Set(
    podName === ''
      ? []
      : volumes.filter((each) => each.ephemeral !== undefined).map(({ name }) => `${podName}-${name}`),
  );
  for (const [i, volume] of volumes.entries()) {
    const at = `${path}[${i}]`;
    const ofVolume = sourceFaults(at, volume);
    if (volume.name === '') ofVolume.push(required(`${at}.name`));
    else ofVolume.push(...texts(`${at}.name`, volume.name, dnsLabel));
    if (byName.has(volume.name)) ofVolume.push(duplicate(`${at}.name`, volume.name));
    if (ofVolume.length === 0) byName.set(volume.name, volume);
    faults.push(...ofVolume);
    const claim = volume.persistentVolumeClaim?.claimName ?? '';
    if (generated.has(claim)) {
      const text = 'must not reference a PVC that gets created for an ephemeral volume';
      faults.push(invalidValue(`${at}.persistentVolumeClaim.claimName`, claim, text));
    }
  }
  return { faults, byName };
}

type SourceCheck = (path: string, volume: Volume) => FieldError[];

/** Sources that only volumes of pods have. */
const own: Partial<Record<keyof Volume, SourceCheck>> = {
  emptyDir: emptyDirFaults,
  gitRepo: (path, { gitRepo }) => (gitRepo === undefined ? [] : gitRepoFaults(path, gitRepo)),
  secret: secretFaults,
  persistentVolumeClaim: (path, { persistentVolumeClaim: claim }) =>
    missing(path, { claimName: claim?.claimName }),
  configMap: configMapFaults,
  downwardAPI: downwardFaults,
  projected: (path, { projected }) => (projected === undefined ? [] : projectedFaults(path, projected)),
  ephemeral: ephemeralFaults,
  image: imageFaults,
};

/** In the order that kube-apiserver looks at them: of several sources only the first is checked. */
const sources: readonly (keyof Volume)[] = [
  'emptyDir',
  'hostPath',
  'gitRepo',
  'gcePersistentDisk',
  'awsElasticBlockStore',
  'secret',
  'nfs',
  'iscsi',
  'glusterfs',
  'flocker',
  'persistentVolumeClaim',
  'rbd',
  'cinder',
  'cephfs',
  'quobyte',
  'downwardAPI',
  'fc',
  'flexVolume',
  'configMap',
  'azureFile',
  'vsphereVolume',
  'photonPersistentDisk',
  'portworxVolume',
  'azureDisk',
  'storageos',
  'projected',
  'scaleIO',
  'csi',
  'ephemeral',
  'image',
];

function sourceFaults(path: string, volume: Volume): FieldError[] {
  const given = sources.filter((name) => volume[name] !== undefined);
  if (given.length === 0) return [required(path, 'must specify a volume type')];
  return onlyFirst(
    path,
    given,
    (name) => {
      const check = own[name as keyof Volume];
      if (check !== undefined) return check(`${path}.${name}`, volume);
      const source = volume[name as SharedSource];
      return source === undefined ? [] : sharedSourceFaults(name as SharedSource, path, source, undefined);
    },
    { names: secondNames },
  );
}

function emptyDirFaults(path: string, { emptyDir }: Volume): FieldError[] {
  const limit = emptyDir?.sizeLimit;
  return limit !== undefined && milliValue(parseQuantity(limit)) < 0n
    ? [forbiddenField(`${path}.sizeLimit`, 'SizeLimit field must be a valid resource quantity')]
    : [];
}

function secretFaults(path: string, { secret }: Volume): FieldError[] {
  return [
    ...missing(path, { secretName: secret?.secretName }),
    ...modeFaults(`${path}.defaultMode`, secret?.defaultMode),
    ...itemFaults(path, secret?.items ?? []),
  ];
}

function configMapFaults(path: string, { configMap }: Volume): FieldError[] {
  return [
    ...missing(path, { name: configMap?.name }),
    ...modeFaults(`${path}.defaultMode`, configMap?.defaultMode),
    ...itemFaults(path, configMap?.items ?? []),
  ];
}

function itemFaults(path: string, items: readonly KeyToPath[]): FieldError[] {
  return items.flatMap((item, i) => {
    const at = `${path}.items[${i}]`;
    return [
      ...missing(at, { key: item.key, path: item.path }),
      ...ownPath(`${at}.path`, item.path),
      ...modeFaults(`${at}.mode`, item.mode),
    ];
  });
}

function downwardFaults(path: string, { downwardAPI }: Volume): FieldError[] {
  return [
    ...modeFaults(`${path}.defaultMode`, downwardAPI?.defaultMode),
    ...(downwardAPI?.items ?? []).flatMap((item) => downwardFileFaults(path, item)),
  ];
}

/** Reported at the volume: kube-apiserver gives no index here. */
function downwardFileFaults(path: string, file: DownwardAPIVolumeFile): FieldError[] {
  const { fieldRef, resourceFieldRef } = file;
  const faults = [...missing(path, { path: file.path }), ...ownPath(`${path}.path`, file.path)];
  if (fieldRef !== undefined) {
    faults.push(...fieldRefFaults(`${path}.fieldRef`, fieldRef, volumeFieldPaths));
    if (resourceFieldRef !== undefined) {
      const text = 'fieldRef and resourceFieldRef can not be specified simultaneously';
      faults.push(invalidValue(path, 'resource', text));
    }
  } else if (resourceFieldRef !== undefined) {
    faults.push(...resourceFieldFaults(`${path}.resourceFieldRef`, resourceFieldRef, true));
  } else faults.push(required(path, 'one of fieldRef and resourceFieldRef is required'));
  return [...faults, ...modeFaults(`${path}.mode`, file.mode)];
}

function projectedFaults(path: string, projected: ProjectedVolumeSource): FieldError[] {
  const taken = new Set<string>();
  const faults = modeFaults(`${path}.defaultMode`, projected.defaultMode);
  for (const [i, source] of (projected.sources ?? []).entries()) {
    faults.push(...projectionFaults(path, `${path}.sources[${i}]`, source, taken));
  }
  return faults;
}

function projectionFaults(
  volumePath: string,
  path: string,
  source: VolumeProjection,
  taken: Set<string>,
): FieldError[] {
  const { secret, configMap, downwardAPI, serviceAccountToken: token, clusterTrustBundle } = source;
  const faults: FieldError[] = [];
  for (const [name, part] of [
    ['secret', secret],
    ['configMap', configMap],
  ] as const) {
    if (part === undefined) continue;
    faults.push(
      ...missing(`${path}.${name}`, { name: part.name }),
      ...itemFaults(`${path}.${name}`, part.items ?? []),
    );
    faults.push(...takenPaths(volumePath, part.items ?? [], taken, part.name ?? ''));
  }
  for (const item of downwardAPI?.items ?? []) {
    faults.push(
      ...downwardFileFaults(`${path}.downwardAPI`, item),
      ...takenPaths(volumePath, [item], taken, item.path),
    );
  }
  if (token !== undefined) faults.push(...tokenFaults(volumePath, `${path}.serviceAccountToken`, token));
  const given = [secret, configMap, downwardAPI, token, clusterTrustBundle].filter(
    (each) => each !== undefined,
  );
  if (given.length > 1)
    faults.push(forbiddenField(path, 'may not specify more than 1 volume type per source'));
  return faults;
}

function takenPaths(
  path: string,
  items: readonly { readonly path: string }[],
  taken: Set<string>,
  value: string,
): FieldError[] {
  return items.flatMap((item) => {
    if (item.path === '') return [];
    if (taken.has(item.path)) return [invalidValue(path, value, 'conflicting duplicate paths')];
    taken.add(item.path);
    return [];
  });
}

function tokenFaults(
  volumePath: string,
  path: string,
  token: { readonly expirationSeconds?: number; readonly path: string },
): FieldError[] {
  const seconds = token.expirationSeconds ?? 3600;
  const at = `${path}.expirationSeconds`;
  return [
    ...(seconds < 600 ? [invalidValue(at, seconds, 'may not specify a duration less than 10 minutes')] : []),
    ...(seconds > 2 ** 32
      ? [invalidValue(at, seconds, 'may not specify a duration larger than 2^32 seconds')]
      : []),
    ...(token.path === '' ? [required(`${volumePath}.path`)] : ownPath(`${volumePath}.path`, token.path)),
  ];
}

function ephemeralFaults(path: string, { ephemeral }: Volume): FieldError[] {
  const template = ephemeral?.volumeClaimTemplate;
  if (template === undefined) return [required(`${path}.volumeClaimTemplate`)];
  const at = `${path}.volumeClaimTemplate`;
  return [
    ...templateMetadataFaults(`${at}.metadata`, template.metadata),
    ...claimSpecFaults(`${at}.spec`, template.spec),
  ];
}

/** Labels and annotations are all that a template of a claim may say of it. In the order of the type. */
const otherMetadata = [
  'name',
  'generateName',
  'namespace',
  'selfLink',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'ownerReferences',
  'finalizers',
  'managedFields',
] as const;

function templateMetadataFaults(path: string, metadata: ObjectMeta = {}): FieldError[] {
  const given: Readonly<Record<string, unknown>> = { ...metadata };
  const isSet = (value: unknown): boolean =>
    value !== undefined && value !== null && value !== '' && value !== 0;
  return [
    ...annotationFaults(`${path}.annotations`, metadata.annotations ?? {}),
    ...labelProblems(metadata.labels ?? {}, `${path}.labels`),
    ...otherMetadata
      .filter((field) => isSet(given[field]))
      .map((field) => forbiddenField(`${path}.${goFieldName(field)}`, 'cannot be set')),
  ];
}

/** The field's name as its Go name with a small first letter. */
function goFieldName(field: string): string {
  return field === 'uid' ? 'uID' : field;
}

function imageFaults(path: string, { image }: Volume): FieldError[] {
  return [
    ...missing(path, { reference: image?.reference }),
    ...oneOf(`${path}.pullPolicy`, image?.pullPolicy, ['Always', 'IfNotPresent', 'Never']),
  ];
}
