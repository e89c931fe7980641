import type { LifecycleHandler, Pod } from '../../openapi/generated/types.ts';
import type { Clock } from '../../openapi/machinery/clock.ts';
import type { RuntimeDriver } from '../runtime/driver.ts';
import { portOf, runInContainer } from './container-runner.ts';
import { httpGet } from './http-get.ts';

export interface HookTarget {
  readonly pod: Pod;
  readonly containerName: string;
  readonly containerId: string;
  readonly podIP: string;
}

export interface HookTools {
  readonly driver: RuntimeDriver;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** A hook has no time of its own; the longest that the agent waits for one. */
const timeoutMs = 3_600_000;

/** Runs a postStart or preStop hook to its end; rejects with what went wrong. */
export async function runHook(
  handler: LifecycleHandler,
  target: HookTarget,
  tools: HookTools,
): Promise<void> {
  const { pod, containerName, containerId, podIP } = target;
  const { signal } = tools;
  if (handler.exec !== undefined) {
    const command = handler.exec.command ?? [];
    const result = await runInContainer(tools.driver, containerId, command, {
      timeoutMs,
      clock: tools.clock,
      signal,
    });
    if (result.exitCode === 0) return;
    throw new Error(
      `Exec lifecycle hook (${JSON.stringify(command)}) for Container ${JSON.stringify(containerName)} failed - error: command '${command.join(' ')}' exited with ${result.exitCode}: ${result.output}`,
    );
  }
  if (handler.httpGet !== undefined) {
    const port = handler.httpGet.port;
    const action = handler.httpGet;
    const number = portOf(pod, containerName, port === '' ? 80 : port);
    await httpGet({
      action,
      port: number,
      podIP,
      userAgent: 'kube-lifecycle/1.36',
      timeoutMs: 60_000,
      clock: tools.clock,
      signal,
    });
    return;
  }
  if (handler.sleep !== undefined) await tools.clock.sleep(handler.sleep.seconds * 1000, signal);
}
