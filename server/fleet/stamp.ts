import { createHash } from 'node:crypto';
import type { AgentConfig } from '../../openapi/machinery/agent-contract.ts';
import { isJsonObject } from '../../openapi/machinery/json.ts';

/** What an installation leaves beside the agent's configuration, so that the next one can tell whether it has to touch anything. */
export interface Stamp {
  readonly clusterId: string;
  readonly nodeName: string;
  /** Of everything in the configuration but this node's own certificate and key. */
  readonly inputs: string;
  /** Of config.json as it was written. */
  readonly config: string;
  /** When the node's certificate ends, in ms since 1970. */
  readonly notAfterMs: number;
  /** When to write a new one. */
  readonly renewAtMs: number;
}

export const stampPath = '/var/lib/flotilla/agent/stamp.json';

export function sha256(text: string | Buffer): string {
  return createHash('sha256').update(text).digest('hex');
}

/** The same for two configurations that differ in the node's credential alone. */
export function inputsOf(config: AgentConfig): string {
  const { api, ...rest } = config;
  return sha256(JSON.stringify({ ...rest, api: { serverName: api.serverName, ca: api.ca } }));
}

export function parseStamp(text: string): Stamp | undefined {
  if (text === '') return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isJsonObject(value)) return undefined;
  const { clusterId, nodeName, inputs, config, notAfterMs, renewAtMs } = value;
  const words = [clusterId, nodeName, inputs, config].every((each) => typeof each === 'string');
  const times = [notAfterMs, renewAtMs].every((each) => typeof each === 'number');
  return words && times ? (value as unknown as Stamp) : undefined;
}

/** True when what is on the host does what is wanted now: nothing is to be written, and the agent need not restart. */
export function isCurrent(
  stamp: Stamp | undefined,
  inputs: string,
  configOnHost: string,
  nowMs: number,
): boolean {
  return stamp?.inputs === inputs && stamp.config === configOnHost && nowMs < stamp.renewAtMs;
}
