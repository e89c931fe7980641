import {
  persistentVolumeClaims,
  persistentVolumes,
  volumeAttributesClasses,
} from '../../openapi/generated/resources.ts';
import type { PersistentVolume, PersistentVolumeClaim } from '../../openapi/generated/types.ts';
import type { Controller } from './controller.ts';
import { protect } from './shared/protection.ts';
import { watchMapped, watchOf } from './shared/watches.ts';

/** A VolumeAttributesClass stays while a volume or a claim names it. */
export function createVacProtectionController(): Controller {
  return {
    name: 'vac-protection',
    watches: [
      watchOf(volumeAttributesClasses),
      watchMapped(persistentVolumeClaims, (claim) => classesOf(claim).map((name) => ({ name }))),
      watchMapped(persistentVolumes, (volume) => classOf(volume).map((name) => ({ name }))),
    ],
    async reconcile(key, context) {
      const found = context.informer(volumeAttributesClasses).get(key);
      if (found === undefined) return undefined;
      await protect(volumeAttributesClasses, found, context, {
        finalizer: 'kubernetes.io/vac-protection',
        isUsed: () =>
          Promise.resolve(
            context.informer(persistentVolumeClaims).list().flatMap(classesOf).includes(key.name) ||
              context.informer(persistentVolumes).list().flatMap(classOf).includes(key.name),
          ),
      });
      return undefined;
    },
  };
}

function classesOf({ spec, status }: PersistentVolumeClaim): string[] {
  return [
    spec?.volumeAttributesClassName,
    status?.currentVolumeAttributesClassName,
    status?.modifyVolumeStatus?.targetVolumeAttributesClassName,
  ].flatMap((name) => name ?? []);
}

function classOf({ spec }: PersistentVolume): string[] {
  return spec?.volumeAttributesClassName === undefined ? [] : [spec.volumeAttributesClassName];
}
