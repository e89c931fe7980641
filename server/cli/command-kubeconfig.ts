import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { Command } from 'commander';
import { localKubeconfigPath, withAccessFlags, type AccessFlags } from './access.ts';
import type { CliContext } from './context.ts';
import { kubeconfigText, mergedKubeconfig, readAccess } from './kubeconfig.ts';

export function kubeconfigCommand(context: CliContext): Command {
  return withAccessFlags(
    new Command('kubeconfig')
      .description("Print the admin's kubeconfig, or merge it into your own")
      .option('--merge', 'into $KUBECONFIG or ~/.kube/config, as the current context'),
  ).action(async (flags: AccessFlags & { readonly merge?: boolean }) => {
    const access = await readAccess(localKubeconfigPath(context, flags));
    if (flags.merge !== true) {
      context.out(kubeconfigText(access));
      return;
    }
    const target = context.env['KUBECONFIG']?.split(':')[0] ?? join(homedir(), '.kube', 'config');
    const merged = mergedKubeconfig(await readIfThere(target), access);
    await mkdir(dirname(target), { recursive: true, mode: 0o700 });
    await writeFile(`${target}.flotilla`, merged, { mode: 0o600 });
    await rename(`${target}.flotilla`, target);
    context.err(`merged into ${target} as context "flotilla"\n`);
  });
}

async function readIfThere(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}
