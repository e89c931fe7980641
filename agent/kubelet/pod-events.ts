import type { EventRecorder } from '../../openapi/client/event-recorder.ts';
import type { Pod } from '../../openapi/generated/types.ts';
import { fieldPath } from './pod.ts';

export type EventType = 'Normal' | 'Warning';

export interface PodEvent {
  readonly type: EventType;
  readonly reason: string;
  readonly message: string;
}

export function normal(reason: string, message: string): PodEvent {
  return { type: 'Normal', reason, message };
}

export function warning(reason: string, message: string): PodEvent {
  return { type: 'Warning', reason, message };
}

/** Events about pods and their containers, in the kubelet's words. */
export class PodEvents {
  readonly #recorder: EventRecorder;

  constructor(recorder: EventRecorder) {
    this.#recorder = recorder;
  }

  pod(pod: Pod, type: EventType, reason: string, message: string): void {
    this.#recorder.event(about(pod), type, reason, message);
  }

  container(pod: Pod, name: string, { type, reason, message }: PodEvent): void {
    this.#recorder.event({ ...about(pod), fieldPath: fieldPath(pod, name) }, type, reason, message);
  }
}

function about(pod: Pod): Pod {
  return { apiVersion: 'v1', kind: 'Pod', ...(pod.metadata === undefined ? {} : { metadata: pod.metadata }) };
}
