import type { Client } from '../../openapi/client/client.ts';
import type { EventRecorder } from '../../openapi/client/event-recorder.ts';
import type { Informer } from '../../openapi/client/informer.ts';
import type { Clock } from '../../openapi/machinery/clock.ts';
import type { Logger } from '../../openapi/machinery/log.ts';
import type { KubeObject, ObjectKey } from '../../openapi/machinery/object.ts';
import type { Resource } from '../../openapi/machinery/resource.ts';

export interface ControllerContext {
  readonly client: Client;
  /** The shared informer of a resource that the controller watches. */
  readonly informer: <T extends KubeObject>(resource: Resource<T>) => Informer<T>;
  readonly events: EventRecorder;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/** Which keys a change of one resource puts on the queue. */
export interface Watch<T extends KubeObject = KubeObject> {
  readonly resource: Resource<T>;
  keys(
    change: { readonly object: T | undefined; readonly old: T | undefined },
    context: ControllerContext,
  ): readonly ObjectKey[];
}

export interface Controller {
  /** As kube-controller-manager's --controllers names it: "deployment", "endpointslice". */
  readonly name: string;
  readonly watches: readonly Watch[];
  /** Begins watches that come and go while the controller runs. Returns how to end them. */
  readonly follow?: (start: (watch: Watch) => () => void) => () => void;
  /** Keys that have work even when nothing was ever watched: of loops over everything. */
  readonly firstKeys?: readonly ObjectKey[];
  /** How many keys may be worked on at a time. Default 5. */
  readonly workers?: number;
  /**
   * Brings the world to what the object under `key` asks for. It reads all state anew, so it may run at any
   * time, any number of times. A rejection is retried with backoff; a number is the wait in ms before the next run.
   */
  reconcile(key: ObjectKey, context: ControllerContext): Promise<number | undefined>;
}
