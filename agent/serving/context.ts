import type { Duplex } from 'node:stream';
import type { Clock } from '../../openapi/machinery/clock.ts';
import type { Logger } from '../../openapi/machinery/log.ts';
import type { Kubelet } from '../kubelet/kubelet.ts';
import type { LoadFacts } from '../kubelet/node-object.ts';
import type { StatusManager } from '../kubelet/status-manager.ts';
import type { RuntimeDriver } from '../runtime/driver.ts';

/** What the answers are made of. */
export interface ServingContext {
  readonly kubelet: Kubelet;
  readonly driver: RuntimeDriver;
  readonly statuses: StatusManager;
  readonly nodeName: string;
  readonly readLoad: () => Promise<LoadFacts>;
  /** A connection to the loopback of the network namespace of a process; rejects when nothing listens. */
  readonly dialInside: (pid: number, port: number) => Promise<Duplex>;
  /** Images were loaded: tell the API soon. */
  readonly onImages: () => void;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
}
