import { PassThrough, Readable } from 'node:stream';
import type { Clock } from '../../openapi/machinery/clock.ts';
import {
  ContainerState,
  RuntimeError,
  type ContainerConfig,
  type ContainerStatus,
  type ExecOptions,
  type LogOptions,
  type PodFilter,
  type RuntimeDriver,
  type RuntimeEvent,
  type RuntimeImage,
  type SandboxConfig,
  type SandboxStatus,
  type StreamSession,
} from './driver.ts';

interface FakeContainer {
  status: ContainerStatus;
  readonly config: ContainerConfig;
  readonly log: string[];
}

export interface ExecAnswer {
  readonly exitCode: number;
  readonly stdout?: string;
}

/** Runs nothing, and keeps the contract of `RuntimeDriver`: a real small implementation, with knobs for tests. */
export class FakeDriver implements RuntimeDriver {
  readonly name = 'fake';
  /** What a registry would have. */
  readonly registry = new Set<string>();
  readonly configs = new Map<string, ContainerConfig>();
  /** Called by `exec`. */
  onExec: (containerName: string, command: readonly string[]) => ExecAnswer = () => ({ exitCode: 0 });
  /** Start of a container of this name fails with the text. */
  readonly startFailures = new Map<string, string>();
  readonly #clock: Clock;
  readonly #images = new Map<string, RuntimeImage>();
  readonly #sandboxes = new Map<string, SandboxStatus>();
  readonly #containers = new Map<string, FakeContainer>();
  readonly #listeners = new Set<(event: RuntimeEvent) => void>();
  #count = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  version(): ReturnType<RuntimeDriver['version']> {
    return Promise.resolve({ runtime: 'fake', runtimeVersion: '1.0.0', apiVersion: '1' });
  }

  addImage(reference: string, user = ''): void {
    const id = `sha256:${Buffer.from(reference).toString('hex').padEnd(64, '0').slice(0, 64)}`;
    this.#images.set(reference, { id, tags: [reference], digests: [], sizeBytes: 1000, user });
  }
  listImages(): Promise<readonly RuntimeImage[]> {
    return Promise.resolve([...this.#images.values()]);
  }
  imageStatus(reference: string): Promise<RuntimeImage | undefined> {
    const named = this.#images.get(reference);
    return Promise.resolve(named ?? [...this.#images.values()].find(({ id }) => id === reference));
  }
  async pullImage(reference: string): Promise<string> {
    if (!this.registry.has(reference))
      throw new RuntimeError('refused', `manifest for ${reference} not found`);
    this.addImage(reference);
    return (await this.imageStatus(reference))?.id ?? '';
  }
  async loadImages(archive: Readable, onLine: (line: string) => void): Promise<void> {
    let text = '';
    for await (const chunk of archive as AsyncIterable<Buffer>) text += chunk.toString();
    this.addImage(text);
    onLine(`Loaded image: ${text}`);
  }
  removeImage(reference: string): Promise<void> {
    this.#images.delete(reference);
    return Promise.resolve();
  }

  removeOwnImages(): Promise<void> {
    return Promise.resolve();
  }

  runSandbox(config: SandboxConfig): Promise<string> {
    const { pod, attempt, namespaces } = config;
    const same = [...this.#sandboxes.values()].find(
      (each) => each.pod.uid === pod.uid && each.attempt === attempt,
    );
    if (same !== undefined) return Promise.resolve(same.id);
    const id = `sandbox-${++this.#count}`;
    const createdMs = this.#clock.now();
    const status = {
      id,
      pod,
      attempt,
      running: true,
      pid: 1000 + this.#count,
      network: namespaces.network,
      createdMs,
    };
    this.#sandboxes.set(id, status);
    this.#tell(pod.uid, id);
    return Promise.resolve(id);
  }
  stopSandbox(id: string): Promise<void> {
    const sandbox = this.#sandboxes.get(id);
    if (sandbox?.running !== true) return Promise.resolve();
    this.#sandboxes.set(id, { ...sandbox, running: false, pid: 0 });
    this.#tell(sandbox.pod.uid, id);
    return Promise.resolve();
  }
  removeSandbox(id: string): Promise<void> {
    const sandbox = this.#sandboxes.get(id);
    this.#sandboxes.delete(id);
    if (sandbox !== undefined) this.#tell(sandbox.pod.uid, id);
    return Promise.resolve();
  }
  listSandboxes(filter: PodFilter): Promise<readonly SandboxStatus[]> {
    return Promise.resolve(newestFirst([...this.#sandboxes.values()], filter));
  }

  async createContainer(sandboxId: string, config: ContainerConfig): Promise<string> {
    const image = await this.imageStatus(config.image);
    if (image === undefined) throw new RuntimeError('no-image', `No such image: ${config.image}`);
    const { pod, name, attempt } = config;
    const same = [...this.#containers.values()].find(
      ({ status }) => status.pod.uid === pod.uid && status.name === name && status.attempt === attempt,
    );
    if (same !== undefined) return same.status.id;
    const id = `container-${++this.#count}`;
    const status: ContainerStatus = {
      ...{
        id,
        pod,
        name,
        attempt,
        sandboxId,
        state: ContainerState.Created,
        image: config.image,
        imageId: image.id,
      },
      ...{ createdMs: this.#clock.now(), startedMs: 0, finishedMs: 0, exitCode: 0, reason: '', message: '' },
      ...{ specHash: config.specHash, tty: config.tty },
    };
    this.#containers.set(id, { status, config, log: [] });
    this.configs.set(`${name}/${attempt}`, config);
    return id;
  }
  startContainer(id: string): Promise<void> {
    const container = this.#container(id);
    const { status } = container;
    if (status.state !== ContainerState.Created) return Promise.resolve();
    const failure = this.startFailures.get(status.name);
    if (failure !== undefined) {
      this.exit(id, 128, 'StartError');
      return Promise.reject(new RuntimeError('refused', failure));
    }
    container.status = { ...status, state: ContainerState.Running, startedMs: this.#clock.now() };
    this.#tell(status.pod.uid, id);
    return Promise.resolve();
  }
  stopContainer(id: string): Promise<void> {
    const container = this.#containers.get(id);
    if (container?.status.state === ContainerState.Running) this.exit(id, 137);
    return Promise.resolve();
  }
  removeContainer(id: string): Promise<void> {
    const container = this.#containers.get(id);
    this.#containers.delete(id);
    if (container !== undefined) this.#tell(container.status.pod.uid, id);
    return Promise.resolve();
  }
  listContainers(filter: PodFilter): Promise<readonly ContainerStatus[]> {
    return Promise.resolve(
      newestFirst(
        [...this.#containers.values()].map(({ status }) => status),
        filter,
      ),
    );
  }

  readLogs(id: string, options: LogOptions): Promise<Readable> {
    const lines = this.#container(id).log;
    const tail =
      options.tailLines === undefined ? lines : lines.slice(Math.max(0, lines.length - options.tailLines));
    return Promise.resolve(Readable.from(tail.map((line) => Buffer.from(`${line}\n`))));
  }
  exec(id: string, options: ExecOptions): Promise<StreamSession> {
    const { status } = this.#container(id);
    if (status.state !== ContainerState.Running) {
      return Promise.reject(new RuntimeError('not-running', `Container ${id} is not running`));
    }
    const answer = this.onExec(status.name, options.command);
    return Promise.resolve(sessionOf(answer));
  }
  attach(id: string): Promise<StreamSession> {
    return this.exec(id, { command: [], stdin: false, stdout: true, stderr: true, tty: false });
  }
  containerStats(id: string): ReturnType<RuntimeDriver['containerStats']> {
    const running = this.#containers.get(id)?.status.state === ContainerState.Running;
    return Promise.resolve(
      running ? { cpuNanoseconds: 1_000_000, memoryBytes: 4096, memoryWorkingSetBytes: 4096 } : undefined,
    );
  }

  async *events(signal: AbortSignal): AsyncIterable<RuntimeEvent> {
    const waiting: RuntimeEvent[] = [];
    let wake: () => void = () => undefined;
    function listen(event: RuntimeEvent): void {
      waiting.push(event);
      wake();
    }
    this.#listeners.add(listen);
    signal.addEventListener('abort', () => {
      wake();
    });
    try {
      while (!signal.aborted) {
        const next = waiting.shift();
        if (next !== undefined) yield next;
        else await new Promise<void>((resolve) => (wake = resolve));
      }
    } finally {
      this.#listeners.delete(listen);
    }
  }

  /** The program of a running container ends by itself. */
  exit(id: string, exitCode: number, reason = exitCode === 0 ? 'Completed' : 'Error'): void {
    const container = this.#container(id);
    const finishedMs = this.#clock.now();
    container.status = { ...container.status, state: ContainerState.Exited, exitCode, reason, finishedMs };
    this.#tell(container.status.pod.uid, id);
  }
  /** The program of a container writes a line. */
  write(id: string, line: string): void {
    this.#container(id).log.push(line);
  }

  #container(id: string): FakeContainer {
    const container = this.#containers.get(id);
    if (container === undefined) throw new RuntimeError('not-found', `No such container: ${id}`);
    return container;
  }
  #tell(podUid: string, containerId: string): void {
    for (const listener of this.#listeners) listener({ podUid, containerId });
  }
}

function newestFirst<T extends { pod: { uid: string }; createdMs: number; attempt: number }>(
  all: readonly T[],
  filter: PodFilter,
): T[] {
  const chosen = all.filter((each) => filter.podUid === undefined || each.pod.uid === filter.podUid);
  return chosen.sort((a, b) =>
    a.createdMs === b.createdMs ? b.attempt - a.attempt : b.createdMs - a.createdMs,
  );
}

function sessionOf(answer: ExecAnswer): StreamSession {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  stdout.end(answer.stdout ?? '');
  stderr.end();
  return {
    stdin: undefined,
    stdout,
    stderr,
    resize: () => Promise.resolve(),
    ended: Promise.resolve(answer.exitCode),
    close: () => stdout.destroy(),
  };
}
