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
  connect(access: Access): { readonly client: Client; readonly transport: Transport };
}

/** A mistake in what the user typed: exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
