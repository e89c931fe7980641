import { arch } from 'node:process';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream';
import type { Clock } from '../../../openapi/machinery/clock.ts';
import {
  isRuntimeError,
  type AttachOptions,
  type ContainerConfig,
  type ContainerStats,
  type ContainerStatus,
  type ExecOptions,
  type LogOptions,
  type PodFilter,
  type RegistryAuth,
  type RuntimeDriver,
  type RuntimeEvent,
  type RuntimeImage,
  type RuntimeVersion,
  type SandboxConfig,
  type SandboxStatus,
  type StreamSession,
} from '../driver.ts';
import { label } from '../labels.ts';
import { EngineApi } from './api.ts';
import { containerBody, containerName, sandboxBody, sandboxName } from './create.ts';
import { unframed } from './demux.ts';
import { EngineImages } from './images.ts';
import { jsonLines } from './lines.ts';
import { openAttach, openExec } from './session.ts';
import { containerStatusOf, sandboxStatusOf } from './status.ts';
import type { EngineEvent, EngineStats, EngineVersion, InspectedContainer, ListedContainer } from './wire.ts';

export interface DockerDriverOptions {
  readonly socketPath: string;
  readonly clusterId: string;
  readonly clock: Clock;
}

/** Pods on a Docker Engine (20.10 or newer) or on Podman's service that speaks its API. */
export class DockerDriver implements RuntimeDriver {
  readonly name = 'docker';
  readonly #api: EngineApi;
  readonly #images: EngineImages;
  readonly #clusterId: string;
  readonly #clock: Clock;
  /** What has exited never changes: no need to ask again. */
  readonly #exited = new Map<string, ContainerStatus>();
  /** An image's id to how users name it: its digest at a registry where it has one. */
  readonly #imageNames = new Map<string, string>();

  constructor(options: DockerDriverOptions) {
    this.#api = new EngineApi(options.socketPath);
    this.#images = new EngineImages(this.#api);
    this.#clusterId = options.clusterId;
    this.#clock = options.clock;
  }

  async version(signal: AbortSignal): Promise<RuntimeVersion> {
    const version = await this.#api.json<EngineVersion>('GET', '/version', { signal });
    const podman = version.Components?.some((each) => each.Name?.startsWith('Podman') === true) === true;
    return {
      runtime: podman ? 'podman' : 'docker',
      runtimeVersion: version.Version ?? 'unknown',
      apiVersion: version.ApiVersion ?? '',
    };
  }

  listImages(signal: AbortSignal): Promise<readonly RuntimeImage[]> {
    return this.#images.list(signal);
  }
  imageStatus(reference: string, signal: AbortSignal): Promise<RuntimeImage | undefined> {
    return this.#images.status(reference, signal);
  }
  pullImage(reference: string, auth: RegistryAuth | undefined, signal: AbortSignal): Promise<string> {
    return this.#images.pull(reference, auth, signal);
  }
  loadImages(archive: Readable, onLine: (line: string) => void, signal: AbortSignal): Promise<void> {
    return this.#images.load(archive, onLine, signal);
  }
  removeImage(reference: string, signal: AbortSignal): Promise<void> {
    return this.#images.remove(reference, signal);
  }

  removeOwnImages(signal: AbortSignal): Promise<void> {
    return this.#images.removePause(signal);
  }

  async runSandbox(config: SandboxConfig, signal: AbortSignal): Promise<string> {
    const pauseImage = await this.#images.pause(arch === 'arm64' ? 'arm64' : 'amd64', signal);
    const own = { clusterId: this.#clusterId, pauseImage };
    try {
      const id = await this.#create(sandboxName(config), sandboxBody(config, own), signal);
      await this.startContainer(id, signal);
      return id;
    } catch (error) {
      if (isRuntimeError(error, 'no-image')) this.#images.forgetPause();
      throw error;
    }
  }

  async stopSandbox(id: string, signal: AbortSignal): Promise<void> {
    await this.stopContainer(id, 2_000, signal);
  }
  async removeSandbox(id: string, signal: AbortSignal): Promise<void> {
    await this.removeContainer(id, signal);
  }
  async listSandboxes(filter: PodFilter, signal: AbortSignal): Promise<readonly SandboxStatus[]> {
    const inspected = await this.#inspectAll(filter, 'podsandbox', signal);
    return inspected.map(sandboxStatusOf).sort((a, b) => b.createdMs - a.createdMs);
  }

  async createContainer(sandboxId: string, config: ContainerConfig, signal: AbortSignal): Promise<string> {
    const body = containerBody(sandboxId, config, { clusterId: this.#clusterId });
    return await this.#create(containerName(config), body, signal);
  }

  async startContainer(id: string, signal: AbortSignal): Promise<void> {
    await this.#api.json('POST', `/containers/${id}/start`, { signal });
  }

  async stopContainer(id: string, graceMs: number, signal: AbortSignal): Promise<void> {
    const query = { t: String(Math.max(0, Math.ceil(graceMs / 1000))) };
    try {
      await this.#api.json('POST', `/containers/${id}/stop`, { query, signal });
    } catch (error) {
      if (!isGone(error)) throw error;
    }
  }

  async removeContainer(id: string, signal: AbortSignal): Promise<void> {
    this.#exited.delete(id);
    try {
      await this.#api.json('DELETE', `/containers/${id}`, { query: { force: 'true', v: 'true' }, signal });
    } catch (error) {
      // "Conflict": its removal is already on the way.
      if (!isGone(error) && !isRuntimeError(error, 'conflict')) throw error;
    }
  }

  async listContainers(filter: PodFilter, signal: AbortSignal): Promise<readonly ContainerStatus[]> {
    const listed = await this.#list(filter, 'container', signal);
    const statuses = await Promise.all(listed.map((each) => this.#containerStatus(each, signal)));
    return statuses.filter((each) => each !== undefined).sort((a, b) => newestFirst(a, b));
  }

  async readLogs(id: string, options: LogOptions, signal: AbortSignal): Promise<Readable> {
    const inspected = await this.#api.json<InspectedContainer>('GET', `/containers/${id}/json`, { signal });
    const response = await this.#api.stream('GET', `/containers/${id}/logs`, {
      query: {
        stdout: '1',
        stderr: '1',
        follow: options.follow ? '1' : '0',
        timestamps: options.timestamps ? '1' : '0',
        tail: options.tailLines === undefined ? 'all' : String(options.tailLines),
        since: options.sinceMs === undefined ? undefined : (options.sinceMs / 1000).toFixed(9),
      },
      signal,
    });
    if (inspected.Config.Tty === true) return response;
    return pipeline(response, unframed(), () => undefined);
  }

  exec(id: string, options: ExecOptions, signal: AbortSignal): Promise<StreamSession> {
    return openExec(this.#api, this.#clock, id, { options, signal });
  }
  attach(id: string, options: AttachOptions, signal: AbortSignal): Promise<StreamSession> {
    return openAttach(this.#api, id, options, signal);
  }

  async containerStats(id: string, signal: AbortSignal): Promise<ContainerStats | undefined> {
    try {
      const query = { stream: 'false', 'one-shot': 'true' };
      return statsOf(await this.#api.json<EngineStats>('GET', `/containers/${id}/stats`, { query, signal }));
    } catch (error) {
      if (isGone(error)) return undefined;
      throw error;
    }
  }

  async *events(signal: AbortSignal): AsyncIterable<RuntimeEvent> {
    const query = { filters: JSON.stringify({ type: ['container'] }) };
    const response = await this.#api.stream('GET', '/events', { query, signal });
    for await (const event of jsonLines<EngineEvent>(response)) {
      const attributes = event.Actor?.Attributes ?? {};
      // By label here and not in the query: Podman answers a query for type and label with nothing.
      if (attributes[label.cluster] !== this.#clusterId) continue;
      if (!changesState(event.Action ?? event.status ?? '')) continue;
      yield { podUid: attributes[label.podUid] ?? '', containerId: event.Actor?.ID ?? event.id ?? '' };
    }
  }

  /** One of the same name, made by a call that was cut off, is taken over while it has not run yet. */
  async #create(name: string, body: object, signal: AbortSignal): Promise<string> {
    try {
      const created = await this.#api.json<{ Id: string }>('POST', '/containers/create', {
        query: { name },
        body,
        signal,
      });
      return created.Id;
    } catch (error) {
      if (!isRuntimeError(error, 'conflict')) throw error;
      const path = `/containers/${encodeURIComponent(name)}/json`;
      const present = await this.#api.json<InspectedContainer>('GET', path, { signal });
      const own = present.Config.Labels?.[label.cluster] === this.#clusterId;
      if (own && (present.State.Status === 'created' || present.State.Status === 'running'))
        return present.Id;
      throw error;
    }
  }

  async #list(filter: PodFilter, type: string, signal: AbortSignal): Promise<ListedContainer[]> {
    const labels = [`${label.cluster}=${this.#clusterId}`, `${label.type}=${type}`];
    if (filter.podUid !== undefined) labels.push(`${label.podUid}=${filter.podUid}`);
    const query = { all: 'true', filters: JSON.stringify({ label: labels }) };
    return await this.#api.json<ListedContainer[]>('GET', '/containers/json', { query, signal });
  }

  async #inspectAll(filter: PodFilter, type: string, signal: AbortSignal): Promise<InspectedContainer[]> {
    const listed = await this.#list(filter, type, signal);
    const inspected = await Promise.all(listed.map((each) => this.#inspect(each.Id, signal)));
    return inspected.filter((each) => each !== undefined);
  }

  /** Undefined when it was removed since it was listed. */
  async #inspect(id: string, signal: AbortSignal): Promise<InspectedContainer | undefined> {
    try {
      return await this.#api.json<InspectedContainer>('GET', `/containers/${id}/json`, { signal });
    } catch (error) {
      if (isGone(error)) return undefined;
      throw error;
    }
  }

  async #containerStatus(listed: ListedContainer, signal: AbortSignal): Promise<ContainerStatus | undefined> {
    const known = this.#exited.get(listed.Id);
    if (known !== undefined && listed.State === 'exited') return known;
    const inspected = await this.#inspect(listed.Id, signal);
    if (inspected === undefined) return undefined;
    const status = containerStatusOf(inspected, await this.#imageName(inspected.Image, signal));
    if (inspected.State.Status === 'exited') this.#exited.set(listed.Id, status);
    else this.#exited.delete(listed.Id);
    return status;
  }

  async #imageName(id: string, signal: AbortSignal): Promise<string> {
    const known = this.#imageNames.get(id);
    if (known !== undefined) return known;
    const image = await this.#images.status(id, signal);
    const name = image?.digests[0] ?? id;
    if (this.#imageNames.size > 1_000) this.#imageNames.clear();
    this.#imageNames.set(id, name);
    return name;
  }
}

/** Two attempts may have been made in one millisecond. */
function newestFirst(a: ContainerStatus, b: ContainerStatus): number {
  return a.createdMs === b.createdMs ? b.attempt - a.attempt : b.createdMs - a.createdMs;
}

function isGone(error: unknown): boolean {
  return isRuntimeError(error, 'not-found') || isRuntimeError(error, 'no-image');
}

/** Docker's and Podman's names of what changes a container's state. */
function changesState(action: string): boolean {
  return ['start', 'die', 'died', 'oom', 'destroy', 'remove', 'restart', 'pause', 'unpause'].includes(action);
}

function statsOf(stats: EngineStats): ContainerStats {
  const memory = stats.memory_stats?.usage ?? 0;
  const detail = stats.memory_stats?.stats ?? {};
  const inactive = detail['total_inactive_file'] ?? detail['inactive_file'] ?? 0;
  return {
    cpuNanoseconds: stats.cpu_stats?.cpu_usage?.total_usage ?? 0,
    memoryBytes: memory,
    memoryWorkingSetBytes: Math.max(0, memory - inactive),
  };
}
