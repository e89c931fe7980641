import type { Clock } from '../../openapi/machinery/clock.ts';
import { DockerDriver } from './docker/driver.ts';
import type { RuntimeDriver } from './driver.ts';

export interface DriverOptions {
  readonly clusterId: string;
  readonly clock: Clock;
}

/** By the value of `runtime` in the agent's configuration. */
const drivers: Readonly<Record<string, (options: DriverOptions) => RuntimeDriver>> = {
  docker: (options) => new DockerDriver({ ...options, socketPath: '/var/run/docker.sock' }),
};

export function createDriver(runtime: string, options: DriverOptions): RuntimeDriver {
  const create = Object.hasOwn(drivers, runtime) ? drivers[runtime] : undefined;
  if (create === undefined) {
    throw new Error(
      `Cannot run pods on runtime "${runtime}": this agent knows ${Object.keys(drivers).join(', ')}`,
    );
  }
  return create(options);
}
