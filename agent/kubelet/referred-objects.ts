import type { Pod, Volume } from '../../openapi/generated/types.ts';
import { objectKey } from '../volumes/api-sources.ts';
import { allContainers } from './pod.ts';

/** Keys of the ConfigMaps and Secrets that a pod names anywhere. */
export function referredObjects(pod: Pod): string[] {
  const namespace = pod.metadata?.namespace ?? '';
  const configMaps: (string | undefined)[] = [];
  const secrets: (string | undefined)[] = (pod.spec?.imagePullSecrets ?? []).map(({ name }) => name);
  for (const { spec } of allContainers(pod)) {
    for (const { configMapRef, secretRef } of spec.envFrom ?? []) {
      configMaps.push(configMapRef?.name);
      secrets.push(secretRef?.name);
    }
    for (const { valueFrom } of spec.env ?? []) {
      configMaps.push(valueFrom?.configMapKeyRef?.name);
      secrets.push(valueFrom?.secretKeyRef?.name);
    }
  }
  for (const volume of pod.spec?.volumes ?? []) addVolume(volume, configMaps, secrets);
  const keys = (plural: string, names: (string | undefined)[]): string[] =>
    names.filter((name) => name !== undefined).map((name) => objectKey(plural, namespace, name));
  return [...keys('configmaps', configMaps), ...keys('secrets', secrets)];
}

function addVolume(
  volume: Volume,
  configMaps: (string | undefined)[],
  secrets: (string | undefined)[],
): void {
  configMaps.push(volume.configMap?.name);
  secrets.push(volume.secret?.secretName);
  for (const source of volume.projected?.sources ?? []) {
    configMaps.push(source.configMap?.name);
    secrets.push(source.secret?.name);
  }
}
