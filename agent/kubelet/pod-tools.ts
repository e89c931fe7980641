import type { Clock } from '../../openapi/machinery/clock.ts';
import type { Logger } from '../../openapi/machinery/log.ts';
import type { PodNetwork } from '../network/pod-network.ts';
import type { RuntimeDriver } from '../runtime/driver.ts';
import type { VolumeSources } from '../volumes/plugin.ts';
import type { PodVolumes } from '../volumes/pod-volumes.ts';
import type { BackOff } from './back-off.ts';
import type { Images } from './images.ts';
import type { NodeFacts } from './node-facts.ts';
import type { PodEvents } from './pod-events.ts';
import type { Prober } from './prober.ts';
import type { StatusManager } from './status-manager.ts';

/** Files of the host that pods get copies of. Undefined where there is none. */
export interface HostFiles {
  readFile(path: string): Promise<string | undefined>;
}

/** What the work on any pod needs; the same for all. */
export interface PodTools {
  readonly files: HostFiles;
  readonly driver: RuntimeDriver;
  readonly network: PodNetwork;
  readonly volumes: PodVolumes;
  readonly sources: VolumeSources;
  readonly images: Images;
  readonly prober: Prober;
  readonly statuses: StatusManager;
  readonly events: PodEvents;
  readonly backOff: BackOff;
  readonly node: NodeFacts;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
}
