import { connect } from 'node:net';
import type { Pod, Probe } from '../../openapi/generated/types.ts';
import type { Clock } from '../../openapi/machinery/clock.ts';
import type { RuntimeDriver } from '../runtime/driver.ts';
import { portOf, runInContainer } from './container-runner.ts';
import { grpcHealth } from './grpc-health.ts';
import { failureText, httpGet } from './http-get.ts';

/** `warning` counts as success, and is told. */
export interface ProbeOutcome {
  readonly result: 'success' | 'warning' | 'failure';
  readonly output: string;
}

export interface ProbeTarget {
  readonly pod: Pod;
  readonly containerName: string;
  readonly containerId: string;
  readonly podIP: string;
  readonly driver: RuntimeDriver;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Runs a probe once. Rejects where it could not be run at all. */
export async function runProbe(probe: Probe, target: ProbeTarget): Promise<ProbeOutcome> {
  const timeoutMs = (probe.timeoutSeconds ?? 1) * 1000;
  if (probe.exec !== undefined) return await runExec(probe.exec.command ?? [], target, timeoutMs);
  if (probe.httpGet !== undefined) return await runHttp(probe.httpGet, target, timeoutMs);
  if (probe.tcpSocket !== undefined) return await runTcp(probe.tcpSocket, target, timeoutMs);
  if (probe.grpc !== undefined) {
    const { port, service = '' } = probe.grpc;
    const health = await grpcHealth({
      host: target.podIP,
      port,
      service,
      timeoutMs,
      clock: target.clock,
      signal: target.signal,
    });
    return health.healthy ? { result: 'success', output: '' } : { result: 'failure', output: health.output };
  }
  throw new Error(`missing probe handler for ${target.containerName}`);
}

async function runExec(
  command: readonly string[],
  target: ProbeTarget,
  timeoutMs: number,
): Promise<ProbeOutcome> {
  const { driver, containerId, signal } = target;
  const result = await runInContainer(driver, containerId, command, {
    timeoutMs,
    clock: target.clock,
    signal,
  });
  if (result.timedOut) {
    const output = `command timed out: ${JSON.stringify(command.join(' '))} timed out after ${timeoutMs / 1000}s`;
    return { result: 'failure', output };
  }
  return { result: result.exitCode === 0 ? 'success' : 'failure', output: result.output };
}

async function runHttp(
  action: NonNullable<Probe['httpGet']>,
  target: ProbeTarget,
  timeoutMs: number,
): Promise<ProbeOutcome> {
  const port = portOf(target.pod, target.containerName, action.port);
  const { podIP, signal } = target;
  try {
    const answer = await httpGet({
      action,
      port,
      podIP,
      userAgent: 'kube-probe/1.36',
      timeoutMs,
      clock: target.clock,
      signal,
    });
    if (answer.status >= 200 && answer.status < 300) return { result: 'success', output: answer.body };
    if (answer.status >= 300 && answer.status < 400) {
      return { result: 'warning', output: `Probe terminated redirects, Response body: ${answer.body}` };
    }
    return { result: 'failure', output: `HTTP probe failed with statuscode: ${answer.status}` };
  } catch (error) {
    signal.throwIfAborted();
    return { result: 'failure', output: error instanceof Error ? error.message : String(error) };
  }
}

async function runTcp(
  action: NonNullable<Probe['tcpSocket']>,
  target: ProbeTarget,
  timeoutMs: number,
): Promise<ProbeOutcome> {
  const port = portOf(target.pod, target.containerName, action.port);
  const host = action.host === undefined || action.host === '' ? target.podIP : action.host;
  return await new Promise((resolve) => {
    const socket = connect({ host, port, timeout: timeoutMs });
    function end(outcome: ProbeOutcome): void {
      socket.destroy();
      resolve(outcome);
    }
    socket.once('connect', () => {
      end({ result: 'success', output: '' });
    });
    socket.once('timeout', () => {
      end({ result: 'failure', output: `dial tcp ${host}:${port}: i/o timeout` });
    });
    socket.once('error', (error) => {
      end({ result: 'failure', output: failureText(error) });
    });
  });
}
