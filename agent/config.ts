import type { AgentConfig } from '../openapi/machinery/agent-contract.ts';
import { isJsonObject, type JsonValue } from '../openapi/machinery/json.ts';

const texts = [
  'nodeName',
  'clusterId',
  'nodeIP',
  'clusterCIDR',
  'serviceCIDR',
  'clusterDNS',
  'clusterDomain',
  'runtime',
];
const apiTexts = ['serverName', 'ca', 'certificate', 'key'];

/** Throws with the field that is wrong: a half-written file must not make half an agent. */
export function parseConfig(text: string): AgentConfig {
  const value = JSON.parse(text) as JsonValue;
  if (!isJsonObject(value)) throw new TypeError('Cannot read the configuration: it is no object');
  for (const field of texts) requireText(value[field], field);
  const { api, labels, taints } = value;
  if (!isJsonObject(api)) throw new TypeError('Cannot read the configuration: api is missing');
  for (const field of apiTexts) requireText(api[field], `api.${field}`);
  if (!isJsonObject(labels)) throw new TypeError('Cannot read the configuration: labels is missing');
  if (!Array.isArray(taints)) throw new TypeError('Cannot read the configuration: taints is missing');
  return value as unknown as AgentConfig;
}

function requireText(value: JsonValue | undefined, field: string): void {
  if (typeof value !== 'string') throw new TypeError(`Cannot read the configuration: ${field} is no text`);
}
