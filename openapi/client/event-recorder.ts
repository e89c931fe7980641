import type { KubeObject } from '../machinery/object.ts';

/** Records core/v1 Events about objects as client-go does: a repeat raises `count` of the first. Never rejects, never blocks. */
export interface EventRecorder {
  /** `fieldPath` names a part of the object: "spec.containers{web}". */
  event(
    about: KubeObject & { readonly fieldPath?: string },
    type: 'Normal' | 'Warning',
    reason: string,
    message: string,
  ): void;
}
