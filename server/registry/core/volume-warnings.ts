import type { Volume } from '../../../openapi/generated/types.ts';
import { fractionalBytes } from '../validation/resource-names.ts';

/** Kinds of volumes that nothing mounts any more, with what is said of them and the name that is used there. */
const oldVolumes: Readonly<Partial<Record<keyof Volume, readonly [string, string]>>> = {
  photonPersistentDisk: ['photonPersistentDisk', 'deprecated in v1.11, non-functional in v1.16+'],
  gitRepo: ['gitRepo', 'deprecated in v1.11, and disabled by default in v1.33+'],
  scaleIO: ['scaleIO', 'deprecated in v1.16, non-functional in v1.22+'],
  flocker: ['flocker', 'deprecated in v1.22, non-functional in v1.25+'],
  storageos: ['storageOS', 'deprecated in v1.22, non-functional in v1.25+'],
  quobyte: ['quobyte', 'deprecated in v1.22, non-functional in v1.25+'],
  glusterfs: ['glusterfs', 'deprecated in v1.25, non-functional in v1.26+'],
  cephfs: ['cephfs', 'deprecated in v1.28, non-functional in v1.31+'],
  rbd: ['rbd', 'deprecated in v1.28, non-functional in v1.31+'],
};

export function volumeWarnings(path: string, volumes: readonly Volume[]): readonly string[] {
  const each = volumes.flatMap((volume, i) => [
    ...Object.entries(oldVolumes)
      .filter(([name]) => volume[name as keyof Volume] !== undefined)
      .map(([, [name, text]]) => `${path}[${i}].${name}: ${text}`),
    ...claimWarnings(`${path}[${i}].ephemeral.volumeClaimTemplate.spec`, volume),
  ]);
  return [...each, ...volumes.flatMap(overlapWarnings)];
}

function claimWarnings(path: string, { ephemeral }: Volume): readonly string[] {
  const storage = ephemeral?.volumeClaimTemplate?.spec.resources?.requests?.['storage'];
  return storage === undefined ? [] : fractionalBytes(`${path}.resources.requests[storage]`, storage);
}

interface Place {
  readonly path: string;
  readonly source: string;
}

/** Files of one volume that stand in each other's way. */
function overlapWarnings({ name, configMap, secret, downwardAPI, projected }: Volume): readonly string[] {
  const warn = (of: string, places: readonly Place[]): readonly string[] =>
    overlaps(places).map((text) => `volume ${JSON.stringify(name)} (${of}): overlapping paths: ${text}`);
  return [
    ...warn(`ConfigMap ${JSON.stringify(configMap?.name ?? '')}`, placesOf(configMap?.items, '')),
    ...warn(`Secret ${JSON.stringify(secret?.secretName ?? '')}`, placesOf(secret?.items, '')),
    ...warn('DownwardAPI', placesOf(downwardAPI?.items, '')),
    ...(projected?.sources ?? [])
      .filter((source) => Object.keys(source).length === 0)
      .map(() => `volume ${JSON.stringify(name)} (Projected) has no sources provided`),
    ...warn('Projected', (projected?.sources ?? []).flatMap(projectedPlaces)),
  ];
}

type Items = readonly { readonly path: string }[] | undefined;
type Projection = NonNullable<NonNullable<Volume['projected']>['sources']>[number];

function placesOf(items: Items, source: string): readonly Place[] {
  return (items ?? []).map(({ path }) => ({ path, source }));
}

function projectedPlaces(source: Projection): readonly Place[] {
  const { configMap, secret, downwardAPI, serviceAccountToken } = source;
  if (configMap?.items !== undefined) {
    return placesOf(configMap.items, `ConfigMap ${JSON.stringify(configMap.name ?? '')}`);
  }
  if (secret?.items !== undefined)
    return placesOf(secret.items, `Secret ${JSON.stringify(secret.name ?? '')}`);
  if (downwardAPI?.items !== undefined) return placesOf(downwardAPI.items, 'DownwardAPI');
  return serviceAccountToken === undefined
    ? []
    : [{ path: serviceAccountToken.path, source: 'ServiceAccountToken' }];
}

function overlaps(places: readonly Place[]): readonly string[] {
  const seen: Place[] = [];
  return places.flatMap((sent) => {
    const place = { ...sent, path: sent.path.replace(/\/+$/, '') };
    const found = place.path === '' ? [] : seen.filter((each) => isInside(each, place));
    seen.push(place);
    return found.map((each) => `${placeText(place)} with ${placeText(each)}`);
  });
}

function isInside(one: Place, other: Place): boolean {
  if (one.path === '') return false;
  return `${one.path}/`.startsWith(`${other.path}/`) || `${other.path}/`.startsWith(`${one.path}/`);
}

function placeText({ path, source }: Place): string {
  return source === '' ? JSON.stringify(path) : `${JSON.stringify(path)} (${source})`;
}
