import { apt } from './apt.ts';
import type { RuntimeInstaller } from './installer.ts';

/** The first that handles a host installs there. */
export const installers: readonly RuntimeInstaller[] = [apt];
