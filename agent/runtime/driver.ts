import type { Readable, Writable } from 'node:stream';

/**
 * One way to run containers on this host, in the nouns of the Container Runtime Interface: images, sandboxes (one a pod: it holds
 * the namespaces that the pod's containers share), containers. It sees only what carries its cluster's label, and never touches
 * anything else. Every call may be repeated: a second one finds the work done. What is not there is stopped and removed already.
 */
export interface RuntimeDriver {
  /** The scheme of container ids: "docker" as in docker://4c5f… */
  readonly name: string;
  version(signal: AbortSignal): Promise<RuntimeVersion>;

  listImages(signal: AbortSignal): Promise<readonly RuntimeImage[]>;
  /** Undefined if the image is not here. */
  imageStatus(reference: string, signal: AbortSignal): Promise<RuntimeImage | undefined>;
  /** Resolves with the image's id. Rejects with RuntimeError in the registry's words. */
  pullImage(reference: string, auth: RegistryAuth | undefined, signal: AbortSignal): Promise<string>;
  /** Takes a docker-archive tar; `onLine` hears of the progress. Rejects if the archive is not one. */
  loadImages(archive: Readable, onLine: (line: string) => void, signal: AbortSignal): Promise<void>;
  removeImage(reference: string, signal: AbortSignal): Promise<void>;
  /** Removes the images that the driver made for itself. */
  removeOwnImages(signal: AbortSignal): Promise<void>;

  /** Resolves with the id of a running sandbox. */
  runSandbox(config: SandboxConfig, signal: AbortSignal): Promise<string>;
  stopSandbox(id: string, signal: AbortSignal): Promise<void>;
  removeSandbox(id: string, signal: AbortSignal): Promise<void>;
  /** Newest first. */
  listSandboxes(filter: PodFilter, signal: AbortSignal): Promise<readonly SandboxStatus[]>;

  /** Resolves with the container's id. Rejects with RuntimeError, code "no-image" if the image is not here. */
  createContainer(sandboxId: string, config: ContainerConfig, signal: AbortSignal): Promise<string>;
  startContainer(id: string, signal: AbortSignal): Promise<void>;
  /** Asks it to end by its stop signal, kills after `graceMs`, resolves when it has ended. */
  stopContainer(id: string, graceMs: number, signal: AbortSignal): Promise<void>;
  removeContainer(id: string, signal: AbortSignal): Promise<void>;
  /** Newest first. */
  listContainers(filter: PodFilter, signal: AbortSignal): Promise<readonly ContainerStatus[]>;

  /** Lines of a container, oldest first, until its end or, with `follow`, until it stops writing. */
  readLogs(id: string, options: LogOptions, signal: AbortSignal): Promise<Readable>;
  /** Rejects with RuntimeError "not-running" where the container does not run. */
  exec(id: string, options: ExecOptions, signal: AbortSignal): Promise<StreamSession>;
  attach(id: string, options: AttachOptions, signal: AbortSignal): Promise<StreamSession>;
  containerStats(id: string, signal: AbortSignal): Promise<ContainerStats | undefined>;
  /** Which pods changed. Ends when the runtime ends it or the signal aborts: then list again, since events may be lost. */
  events(signal: AbortSignal): AsyncIterable<RuntimeEvent>;
}

export type RuntimeErrorCode =
  'not-found' | 'no-image' | 'not-running' | 'conflict' | 'refused' | 'unreachable';

/** The runtime refused, or does not answer. */
export class RuntimeError extends Error {
  override readonly name = 'RuntimeError';
  readonly code: RuntimeErrorCode;

  constructor(code: RuntimeErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options);
    this.code = code;
  }
}

export function isRuntimeError(error: unknown, code?: RuntimeErrorCode): error is RuntimeError {
  return error instanceof RuntimeError && (code === undefined || error.code === code);
}

export interface RuntimeVersion {
  readonly runtime: string;
  readonly runtimeVersion: string;
  readonly apiVersion: string;
}

export interface RuntimeImage {
  /** "sha256:…" of the image's configuration. */
  readonly id: string;
  readonly tags: readonly string[];
  readonly digests: readonly string[];
  readonly sizeBytes: number;
  /** What its configuration says: "", "app", "1000", "1000:1000". Only from imageStatus. */
  readonly user: string;
}

export interface RegistryAuth {
  readonly username: string;
  readonly password: string;
  readonly serverAddress: string;
  readonly identityToken: string;
}

export interface PodRef {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
}

export interface PodFilter {
  /** All pods of the cluster without it. */
  readonly podUid?: string;
}

export type NamespaceMode = 'pod' | 'container' | 'host';

export interface PodNamespaces {
  readonly network: 'pod' | 'host';
  readonly pid: NamespaceMode;
  readonly ipc: 'pod' | 'host';
}

export interface SandboxConfig {
  readonly pod: PodRef;
  readonly attempt: number;
  /** Empty: the host's. */
  readonly hostname: string;
  readonly namespaces: PodNamespaces;
  readonly sysctls: Readonly<Record<string, string>>;
}

export interface SandboxStatus {
  readonly id: string;
  readonly pod: PodRef;
  readonly attempt: number;
  readonly running: boolean;
  /** Of the process that holds the namespaces; 0 where it does not run. */
  readonly pid: number;
  readonly network: 'pod' | 'host';
  readonly createdMs: number;
}

export interface MountConfig {
  readonly hostPath: string;
  readonly containerPath: string;
  readonly readOnly: boolean;
  readonly propagation: 'private' | 'rslave' | 'rshared';
}

export interface ContainerConfig {
  readonly pod: PodRef;
  readonly name: string;
  readonly attempt: number;
  readonly image: string;
  /** Empty: the image's entry point. */
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly workingDir: string;
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly mounts: readonly MountConfig[];
  readonly namespaces: PodNamespaces;
  /** A container whose processes this one sees; empty: as `namespaces` says. */
  readonly processTarget: string;
  readonly stdin: boolean;
  readonly stdinOnce: boolean;
  readonly tty: boolean;
  readonly security: ContainerSecurity;
  readonly resources: ContainerResources;
  readonly specHash: string;
  /** Empty: the image's, else SIGTERM. */
  readonly stopSignal: string;
}

export interface ContainerSecurity {
  readonly user: number | undefined;
  readonly group: number | undefined;
  readonly supplementalGroups: readonly number[];
  readonly privileged: boolean;
  readonly readOnlyRootFilesystem: boolean;
  readonly noNewPrivileges: boolean;
  readonly addCapabilities: readonly string[];
  readonly dropCapabilities: readonly string[];
  readonly seccomp: 'default' | 'unconfined';
  readonly unmaskedProc: boolean;
}

/** 0 means no limit. */
export interface ContainerResources {
  readonly cpuShares: number;
  readonly cpuQuotaUs: number;
  readonly cpuPeriodUs: number;
  readonly memoryBytes: number;
  readonly pids: number;
}

export const ContainerState = { Created: 'created', Running: 'running', Exited: 'exited' } as const;
export type ContainerState = (typeof ContainerState)[keyof typeof ContainerState];

export interface ContainerStatus {
  readonly id: string;
  readonly pod: PodRef;
  readonly name: string;
  readonly attempt: number;
  readonly sandboxId: string;
  readonly state: ContainerState;
  readonly image: string;
  readonly imageId: string;
  readonly createdMs: number;
  /** 0 until it happened. */
  readonly startedMs: number;
  readonly finishedMs: number;
  readonly exitCode: number;
  /** "Completed", "Error", "OOMKilled", "StartError"; empty while it runs. */
  readonly reason: string;
  readonly message: string;
  readonly specHash: string;
  readonly tty: boolean;
}

export interface LogOptions {
  readonly follow: boolean;
  /** All lines without it. */
  readonly tailLines?: number;
  readonly sinceMs?: number;
  readonly timestamps: boolean;
}

export interface TerminalSize {
  readonly width: number;
  readonly height: number;
}

export interface AttachOptions {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
}

export interface ExecOptions extends AttachOptions {
  readonly command: readonly string[];
}

/** A running exec or attach. The streams honour back-pressure; destroying `stdout` ends the session. */
export interface StreamSession {
  readonly stdin: Writable | undefined;
  readonly stdout: Readable;
  /** Empty with a terminal. */
  readonly stderr: Readable;
  resize(size: TerminalSize): Promise<void>;
  /** Resolves when the command has ended, with its exit code; 0 for attach. */
  readonly ended: Promise<number>;
  close(): void;
}

export interface ContainerStats {
  readonly cpuNanoseconds: number;
  readonly memoryBytes: number;
  readonly memoryWorkingSetBytes: number;
}

export interface RuntimeEvent {
  readonly podUid: string;
  readonly containerId: string;
}
