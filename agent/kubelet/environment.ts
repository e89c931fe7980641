import type { Container, EnvFromSource, EnvVar, Pod, Service } from '../../openapi/generated/types.ts';
import { fieldValue, resourceValue } from '../volumes/fields.ts';
import { configMapData, secretData } from '../volumes/payload.ts';
import type { Allocatable, VolumeSources } from '../volumes/plugin.ts';
import { expand } from './expand.ts';
import { serviceEnv } from './service-env.ts';

export interface EnvironmentInput {
  /** With the addresses filled into its status. */
  readonly pod: Pod;
  readonly container: Container;
  readonly sources: VolumeSources;
  readonly services: readonly Service[];
  readonly allocatable: Allocatable;
}

/** What the user named is not there, or not allowed: CreateContainerConfigError. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** The container's variables; later ones win, and services give way to what the user wrote. */
export async function environment(input: EnvironmentInput): Promise<Map<string, string>> {
  const { pod, container, services } = input;
  const namespace = pod.metadata?.namespace ?? '';
  const fromServices = serviceEnv(services, namespace, pod.spec?.enableServiceLinks !== false);
  const result = new Map<string, string>();
  for (const source of container.envFrom ?? []) {
    for (const [key, value] of await envFrom(input, source))
      result.set(`${source.prefix ?? ''}${key}`, value);
  }
  const known = new Map<string, string>();
  for (const variable of container.env ?? []) {
    const value = await valueOf(
      input,
      variable,
      (name) => known.get(name) ?? result.get(name) ?? fromServices.get(name),
    );
    if (value === undefined) continue;
    known.set(variable.name, value);
    result.set(variable.name, value);
  }
  for (const [key, value] of fromServices) if (!result.has(key)) result.set(key, value);
  return result;
}

async function envFrom(input: EnvironmentInput, source: EnvFromSource): Promise<Map<string, string>> {
  const namespace = input.pod.metadata?.namespace ?? '';
  if (source.configMapRef !== undefined) {
    const { name = '', optional } = source.configMapRef;
    const found = await input.sources.configMap(namespace, name);
    if (found !== undefined) return new Map(Object.entries(found.data ?? {}));
    if (optional === true) return new Map();
    throw new ConfigError(`configmap ${JSON.stringify(name)} not found`);
  }
  if (source.secretRef !== undefined) {
    const { name = '', optional } = source.secretRef;
    const found = await input.sources.secret(namespace, name);
    if (found !== undefined) return textsOf(secretData(found));
    if (optional === true) return new Map();
    throw new ConfigError(`secret ${JSON.stringify(name)} not found`);
  }
  return new Map();
}

function textsOf(data: ReadonlyMap<string, Buffer>): Map<string, string> {
  return new Map([...data].map(([key, bytes]) => [key, bytes.toString('utf8')]));
}

/** Undefined where an optional source is not there. */
async function valueOf(
  input: EnvironmentInput,
  variable: EnvVar,
  lookup: (name: string) => string | undefined,
): Promise<string | undefined> {
  const from = variable.valueFrom;
  if (from === undefined) return expand(variable.value ?? '', lookup);
  if (from.fieldRef !== undefined)
    return asConfigError(() => fieldValue(input.pod, from.fieldRef ?? { fieldPath: '' }));
  if (from.resourceFieldRef !== undefined) return resourceText(input, from.resourceFieldRef);
  if (from.configMapKeyRef !== undefined) return await configMapValue(input, from.configMapKeyRef);
  if (from.secretKeyRef !== undefined) return await secretValue(input, from.secretKeyRef);
  throw new ConfigError(`source of variable ${JSON.stringify(variable.name)} is not supported`);
}

function asConfigError(read: () => string): string {
  try {
    return read();
  } catch (error) {
    throw new ConfigError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

type ResourceRef = NonNullable<NonNullable<EnvVar['valueFrom']>['resourceFieldRef']>;

function resourceText({ pod, container, allocatable }: EnvironmentInput, ref: ResourceRef): string {
  const name = ref.containerName ?? '';
  const all = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])];
  const chosen = name === '' ? container : all.find((each) => each.name === name);
  if (chosen === undefined) throw new ConfigError(`container ${name} not found`);
  return asConfigError(() => resourceValue(chosen, ref, allocatable));
}

interface KeyRef {
  readonly name?: string;
  readonly key: string;
  readonly optional?: boolean;
}

async function configMapValue({ pod, sources }: EnvironmentInput, ref: KeyRef): Promise<string | undefined> {
  const { name = '', key, optional = false } = ref;
  const namespace = pod.metadata?.namespace ?? '';
  const found = await sources.configMap(namespace, name);
  if (found === undefined) {
    if (optional) return undefined;
    throw new ConfigError(`configmap ${JSON.stringify(name)} not found`);
  }
  const value = configMapData(found).get(key)?.toString('utf8');
  if (value === undefined && !optional)
    throw new ConfigError(`couldn't find key ${key} in ConfigMap ${namespace}/${name}`);
  return value;
}

async function secretValue({ pod, sources }: EnvironmentInput, ref: KeyRef): Promise<string | undefined> {
  const { name = '', key, optional = false } = ref;
  const namespace = pod.metadata?.namespace ?? '';
  const found = await sources.secret(namespace, name);
  if (found === undefined) {
    if (optional) return undefined;
    throw new ConfigError(`secret ${JSON.stringify(name)} not found`);
  }
  const value = secretData(found).get(key)?.toString('utf8');
  if (value === undefined && !optional)
    throw new ConfigError(`couldn't find key ${key} in Secret ${namespace}/${name}`);
  return value;
}
