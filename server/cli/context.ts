import type { Client } from '../../openapi/client/client.ts';
import type { Transport } from '../../openapi/client/transport.ts';
import type { Clock } from '../../openapi/machinery/clock.ts';
import type { ServerOptions } from '../config.ts';
import type { Access } from './kubeconfig.ts';

/** A server that runs in this process. */
export interface RunningServer {
  readonly access: Access;
  readonly kubeconfigPath: string;
  readonly client: Client;
  readonly transport: Transport;
  stop(): Promise<void>;
}

export interface LabSettings {
  readonly name?: string;
  readonly subnet?: string;
  readonly hosts?: number;
  readonly runtime?: 'docker' | 'none';
  readonly progress?: (line: string) => void;
}

export interface LabOnHand {
  readonly hosts: readonly { readonly name: string; readonly address: string }[];
  readonly fleetFile: string;
}

/** The lab of real hosts; main.ts joins test/lab to it when it is asked for. */
export interface LabTools {
  up(settings: LabSettings): Promise<LabOnHand>;
  down(settings: LabSettings): Promise<void>;
  /** Resolves with ssh's exit code. */
  ssh(settings: LabSettings, host: number, command: readonly string[]): Promise<number>;
}

/** What commands may touch of the world; main.ts gives the real one. */
export interface CliContext {
  out(text: string): void;
  err(text: string): void;
  readonly color: boolean;
  readonly clock: Clock;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborts on Ctrl-C and SIGTERM. */
  readonly signal: AbortSignal;
  readonly defaultDataDir: string;
  /** What /version calls gitVersion. */
  readonly version: string;
  startServer(options: ServerOptions): Promise<RunningServer>;
  lab(): Promise<LabTools>;
  connect(access: Access): { readonly client: Client; readonly transport: Transport };
}

/** A mistake in what the user typed: exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
