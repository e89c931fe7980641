import type { Client } from '../../openapi/client/client.ts';
import { createInformers, type Informers } from '../../openapi/client/informers.ts';
import { allResources } from '../../openapi/generated/resources.ts';
import type { Clock } from '../../openapi/machinery/clock.ts';
import type { Logger } from '../../openapi/machinery/log.ts';
import { qualifiedName, type Resource } from '../../openapi/machinery/resource.ts';
import { allControllers, type ControllerOptions } from './index.ts';
import type { Controller } from './controller.ts';
import { runControllers, type RunningControllers } from './run.ts';
import { selectControllers } from './selection.ts';
import { storedResources } from './shared/listable.ts';

export interface StartControllersOptions extends ControllerOptions {
  /** A client that acts as this controller; `clientFor('informers')` reads everything. */
  clientFor(name: string): Client;
  /** As of --controllers: "*", "deployment", "-job". Default all. */
  readonly controllers?: readonly string[];
  /** What the garbage collector and the namespace controller look at. Default: all built-in kinds. */
  readonly resources?: readonly Resource[];
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
}

/** What outlives a stop and a new start of the controllers: the local copies that the scheduler shares. */
export interface SharedInformers extends Informers {
  stop(): void;
}

/** Copies of everything that controllers and the scheduler read; of kinds that only the garbage collector reads, the metadata. */
export function startSharedInformers(
  options: Pick<StartControllersOptions, 'clientFor' | 'clock' | 'random' | 'log'>,
): SharedInformers {
  const end = new AbortController();
  const full = fullyRead(allControllers({ rootCa: '', clusterCIDR: '10.0.0.0/8' }, []));
  const informers = createInformers({
    client: options.clientFor('informers'),
    clock: options.clock,
    random: options.random,
    log: options.log.child('informers'),
    signal: end.signal,
    metadataOnly: (resource) => !full.has(qualifiedName(resource)),
  });
  return {
    of: (resource) => informers.of(resource),
    stop() {
      end.abort(new Error('The informers were stopped'));
    },
  };
}

/** What controllers watch when they are told of no resources: what they read more than the metadata of. */
function fullyRead(controllers: readonly Controller[]): ReadonlySet<string> {
  return new Set(
    controllers.flatMap((controller) => controller.watches.map((watch) => qualifiedName(watch.resource))),
  );
}

/** Starts the controllers that were chosen. Throws a RangeError when the choice names one that does not exist. */
export function startControllers(
  options: StartControllersOptions & { readonly informers?: Informers },
): RunningControllers {
  const resources = options.resources ?? storedResources(allResources);
  const all = allControllers(options, resources);
  const own = options.informers === undefined ? startSharedInformers(options) : undefined;
  const informers = options.informers ?? own;
  const running = runControllers({
    controllers: selectControllers(all, options.controllers ?? ['*']),
    clientFor: (name) => options.clientFor(name),
    ...(informers === undefined ? {} : { informers }),
    clock: options.clock,
    random: options.random,
    log: options.log,
  });
  return {
    ...running,
    async stop() {
      await running.stop();
      own?.stop();
    },
  };
}
