import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { readdir, unlink } from 'node:fs/promises';
import type { Client } from '../../openapi/client/client.ts';
import { configMaps, secrets, serviceAccounts } from '../../openapi/generated/resources.ts';
import type { ConfigMap, Pod, Secret } from '../../openapi/generated/types.ts';
import type { Clock } from '../../openapi/machinery/clock.ts';
import type { KubeObject } from '../../openapi/machinery/object.ts';
import type { Resource } from '../../openapi/machinery/resource.ts';
import { isNotFound, isStatusError } from '../../openapi/machinery/status.ts';
import type { Host } from '../host/host.ts';
import type { TokenSpec, VolumeSources } from './plugin.ts';

interface Kept<T> {
  readonly value: T | undefined;
  readonly atMs: number;
}

interface Token {
  readonly token: string;
  readonly issuedMs: number;
  readonly expiresMs: number;
}

export interface ApiSourcesOptions {
  readonly client: Client;
  readonly host: Host;
  readonly clock: Clock;
  readonly random: () => number;
  /** Keeps what pods refer to (0600), so that they start while the server is away. */
  readonly folder: string;
}

/** Contents change within a minute of their source: this long plus the time between two looks at a pod. */
const freshMs = 30_000;
const dayMs = 24 * 3600 * 1000;

/** What volumes and environments refer to, asked of the API one object at a time, and kept for when it does not answer. */
export class ApiSources implements VolumeSources {
  readonly #options: ApiSourcesOptions;
  readonly #objects = new Map<string, Kept<KubeObject>>();
  readonly #asking = new Map<string, Promise<KubeObject | undefined>>();
  readonly #tokens = new Map<string, Token>();

  constructor(options: ApiSourcesOptions) {
    this.#options = options;
  }

  configMap(namespace: string, name: string): Promise<ConfigMap | undefined> {
    return this.#get(configMaps, namespace, name);
  }

  secret(namespace: string, name: string): Promise<Secret | undefined> {
    return this.#get(secrets, namespace, name);
  }

  async token(pod: Pod, spec: TokenSpec): Promise<string> {
    const account = pod.spec?.serviceAccountName ?? 'default';
    const key = ['token', pod.metadata?.uid ?? '', account, spec.audience, spec.expirationSeconds].join('_');
    const kept = this.#tokens.get(key) ?? (await this.#readFile<Token>(key));
    if (kept !== undefined && !this.#isStale(kept)) {
      this.#tokens.set(key, kept);
      return kept.token;
    }
    try {
      const token = await this.#requestToken(pod, account, spec);
      this.#tokens.set(key, token);
      await this.#writeFile(key, token);
      return token.token;
    } catch (error) {
      // The old one may still be good; without the server nobody asks for it anyway.
      if (kept !== undefined && !isStatusError(error)) return kept.token;
      throw new Error(`failed to fetch token: ${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
      });
    }
  }

  /** Forgets what only pods that are gone referred to. */
  async retainOnly(podUids: ReadonlySet<string>, referred: ReadonlySet<string>): Promise<void> {
    for (const key of this.#tokens.keys())
      if (!podUids.has(key.split('_')[1] ?? '')) this.#tokens.delete(key);
    for (const key of this.#objects.keys()) if (!referred.has(key)) this.#objects.delete(key);
    const wanted = new Set([...this.#tokens.keys(), ...referred].map((key) => this.#fileName(key)));
    const present = await readdir(this.#options.folder).catch(() => []);
    for (const name of present)
      if (!wanted.has(name)) await unlink(join(this.#options.folder, name)).catch(() => undefined);
  }

  async #get<T extends KubeObject>(
    resource: Resource<T>,
    namespace: string,
    name: string,
  ): Promise<T | undefined> {
    const key = objectKey(resource.plural, namespace, name);
    const kept = this.#objects.get(key);
    const { clock } = this.#options;
    if (kept?.value !== undefined && clock.monotonic() - kept.atMs < freshMs) return kept.value as T;
    const asking = this.#asking.get(key) ?? this.#ask(resource, { namespace, name }, key);
    this.#asking.set(key, asking);
    try {
      return (await asking) as T | undefined;
    } finally {
      this.#asking.delete(key);
    }
  }

  async #ask(
    resource: Resource,
    { namespace, name }: { readonly namespace: string; readonly name: string },
    key: string,
  ): Promise<KubeObject | undefined> {
    const { client, clock } = this.#options;
    try {
      const value = await client.get(resource, { namespace, name });
      const before = this.#objects.get(key)?.value;
      this.#objects.set(key, { value, atMs: clock.monotonic() });
      if (before?.metadata?.resourceVersion !== value.metadata?.resourceVersion)
        await this.#writeFile(key, value);
      return value;
    } catch (error) {
      if (isNotFound(error)) {
        this.#objects.delete(key);
        return undefined;
      }
      // A refusal is for the user to read; without an answer the last one known is good.
      if (isStatusError(error) && error.code < 500) throw error;
      const kept = this.#objects.get(key)?.value ?? (await this.#readFile<KubeObject>(key));
      if (kept !== undefined) return kept;
      throw error;
    }
  }

  async #requestToken(pod: Pod, account: string, spec: TokenSpec): Promise<Token> {
    const { client, clock } = this.#options;
    const { name = '', namespace = '', uid = '' } = pod.metadata ?? {};
    const issuedMs = clock.now();
    const answer = await client.createSubresource<{
      status?: { token?: string; expirationTimestamp?: string };
    }>(serviceAccounts, { namespace, name: account }, 'token', {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      metadata: { namespace, name: account },
      spec: {
        audiences: spec.audience === '' ? [] : [spec.audience],
        expirationSeconds: spec.expirationSeconds,
        boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name, uid },
      },
    });
    const { token = '', expirationTimestamp = '' } = answer.status ?? {};
    const expiresMs = Date.parse(expirationTimestamp);
    const fallback = issuedMs + spec.expirationSeconds * 1000;
    return { token, issuedMs, expiresMs: Number.isNaN(expiresMs) ? fallback : expiresMs };
  }

  /** After four fifths of its life, or a day; a little earlier by chance, so that pods do not ask all at once. */
  #isStale({ issuedMs, expiresMs }: Token): boolean {
    const { clock, random } = this.#options;
    const age = clock.now() - issuedMs + random() * 10_000;
    return age > Math.min((expiresMs - issuedMs) * 0.8, dayMs);
  }

  #fileName(key: string): string {
    return `${createHash('sha256').update(key).digest('hex').slice(0, 40)}.json`;
  }

  async #readFile<T>(key: string): Promise<T | undefined> {
    const text = await this.#options.host.readFile(join(this.#options.folder, this.#fileName(key)));
    if (text === undefined) return undefined;
    try {
      return JSON.parse(text) as T;
    } catch {
      return undefined; // Half a file of a host that lost power: as if it were not there.
    }
  }

  async #writeFile(key: string, value: object): Promise<void> {
    await this.#options.host.writeFile(
      join(this.#options.folder, this.#fileName(key)),
      JSON.stringify(value),
      0o600,
    );
  }
}

export function objectKey(plural: string, namespace: string, name: string): string {
  return `${plural}/${namespace}/${name}`;
}
