import type { SshConnection } from '../ssh/connection.ts';
import type { Probe } from '../probe.ts';

export interface InstallContext {
  readonly connection: SshConnection;
  readonly asRoot: boolean;
  readonly signal: AbortSignal;
}

/** Brings a container runtime to the hosts of one family of distributions. Rejects with HostFailure InstallFailed. */
export interface RuntimeInstaller {
  readonly name: string;
  readonly handles: (probe: Probe) => boolean;
  installDocker(context: InstallContext): Promise<void>;
}
