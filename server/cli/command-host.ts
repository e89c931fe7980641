import { Command } from 'commander';
import { resolve } from 'node:path';
import { stringify } from 'yaml';
import { hosts } from '../../openapi/generated/resources.ts';
import type { Host } from '../../openapi/generated/types.ts';
import { isNotFound } from '../../openapi/machinery/status.ts';
import { connect, fetchTable, withAccessFlags, type AccessFlags } from './access.ts';
import { applyHost } from './command-up.ts';
import { UsageError, type CliContext } from './context.ts';
import { followHosts } from './host-progress.ts';
import { serverTableText } from './table.ts';

/** How long `host add` waits for Ready: a runtime may have to be installed first. */
const joinPatienceMs = 10 * 60_000;
const removePatienceMs = 2 * 60_000;

export function hostCommand(context: CliContext): Command {
  const command = new Command('host').description('Hosts that are joined over SSH');
  command.addCommand(addCommand(context));
  command.addCommand(listCommand(context));
  command.addCommand(removeCommand(context));
  command.addCommand(doctorCommand(context));
  return command;
}

interface AddFlags extends AccessFlags {
  readonly name?: string;
  readonly port?: string;
  readonly key?: string;
  readonly jump?: string;
  readonly sudo?: boolean;
  readonly installRuntime?: string;
  readonly label: string[];
  readonly hostKey?: string;
  readonly wait: boolean;
}

function collect(value: string, before: string[]): string[] {
  return [...before, value];
}

function addCommand(context: CliContext): Command {
  return withAccessFlags(
    new Command('add')
      .description(
        'Join a host: its key is verified, the agent pushed and started. Again for the same name: changes it',
      )
      .argument('<user@address>', 'how to reach it by SSH')
      .option('--name <name>', 'its name in the cluster (default: the address)')
      .option('--port <port>', 'port of its SSH server')
      .option('--key <file>', 'private key; without it the SSH agent and the usual files are tried')
      .option('--jump <user@host:port>', 'go through this machine')
      .option('--sudo', 'become root by sudo -n')
      .option('--install-runtime <runtime>', 'install docker when no runtime is there (Debian and Ubuntu)')
      .option('--label <key=value>', 'a label for the node; may stand several times', collect, [])
      .option('--host-key <fingerprint>', 'accept only this host key: SHA256:…')
      .option('--no-wait', 'do not wait until the host is Ready'),
  ).action(async (target: string, flags: AddFlags) => {
    const host = hostFrom(target, flags);
    const { client } = await connect(context, flags);
    await applyHost(client, host);
    if (!flags.wait) return;
    const late = await followHosts(context, client, [host.metadata?.name ?? ''], joinPatienceMs);
    if (late.length > 0)
      throw new Error(
        `Host "${late.join('", "')}" is not Ready; the server goes on trying. See why: flotilla host doctor ${late.join(' ')}`,
      );
  });
}

function hostFrom(target: string, flags: AddFlags): Host {
  const match = /^(?:([^@\s]+)@)?([^@\s]+)$/.exec(target);
  if (match === null) throw new UsageError(`Cannot read "${target}": give USER@ADDRESS`);
  const [, user, address = ''] = match;
  const labels = Object.fromEntries(flags.label.map(labelPair));
  return {
    apiVersion: 'flotilla.dev/v1alpha1',
    kind: 'Host',
    metadata: { name: flags.name ?? address },
    spec: {
      ssh: {
        host: address,
        ...(user === undefined ? {} : { user }),
        ...(flags.port === undefined ? {} : { port: portOf(flags.port) }),
        ...(flags.key === undefined ? {} : { identityFile: resolve(flags.key) }),
        ...(flags.jump === undefined ? {} : { jump: flags.jump }),
        ...(flags.hostKey === undefined ? {} : { hostKey: flags.hostKey }),
        ...(flags.sudo === true ? { sudo: true } : {}),
      },
      ...(flags.label.length === 0 ? {} : { labels }),
      ...(flags.installRuntime === undefined ? {} : { runtime: { install: flags.installRuntime } }),
    },
  };
}

function portOf(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 65_535)
    throw new UsageError(`Cannot use --port "${text}": give a number from 1 to 65535`);
  return value;
}

function labelPair(text: string): [string, string] {
  const at = text.indexOf('=');
  if (at < 1) throw new UsageError(`Cannot use --label "${text}": give KEY=VALUE`);
  return [text.slice(0, at), text.slice(at + 1)];
}

type Output = 'table' | 'json' | 'yaml';

function listCommand(context: CliContext): Command {
  return withAccessFlags(
    new Command('ls')
      .description('List the hosts')
      .option('-o, --output <form>', 'table, json or yaml', 'table'),
  ).action(async (flags: AccessFlags & { readonly output: Output }) => {
    const { client, transport } = await connect(context, flags);
    if (flags.output === 'table') {
      const table = await fetchTable(transport, '/apis/flotilla.dev/v1alpha1/hosts', context.signal);
      context.out(serverTableText(table, { wide: true, namespace: false }));
      return;
    }
    const { items } = await client.list(hosts);
    context.out(flags.output === 'json' ? `${JSON.stringify(items, null, 2)}\n` : stringify(items));
  });
}

function removeCommand(context: CliContext): Command {
  return withAccessFlags(
    new Command('rm')
      .description('Take hosts out of the cluster; nothing of Flotilla stays on them')
      .argument('<name...>')
      .option('--force', 'forget a host that cannot be reached any more, and clean nothing on it'),
  ).action(async (names: readonly string[], flags: AccessFlags & { readonly force?: boolean }) => {
    const { client } = await connect(context, flags);
    for (const name of names) {
      const found = await client.get(hosts, { name });
      await client.delete(hosts, { name });
      if (flags.force === true && (found.metadata?.finalizers ?? []).length > 0)
        await client.patch(hosts, { name }, { metadata: { finalizers: null } }, { type: 'merge' });
      await gone(context, () => client.get(hosts, { name }), name);
      context.err(`host "${name}" removed\n`);
    }
  });
}

/** Waits for the finalizer's work on the host; polls, since it runs once and for a short time. */
async function gone(context: CliContext, get: () => Promise<Host>, name: string): Promise<void> {
  const until = context.clock.monotonic() + removePatienceMs;
  for (;;) {
    try {
      const host = await get();
      if (context.clock.monotonic() > until) {
        const why =
          host.status?.conditions?.find((each) => each.status === 'False')?.message ?? 'it takes long';
        throw new Error(
          `Host "${name}" is being removed but not gone: ${why}. If it will not come back: flotilla host rm --force ${name}`,
        );
      }
    } catch (error) {
      if (isNotFound(error)) return;
      throw error;
    }
    await context.clock.sleep(300, context.signal);
  }
}

function doctorCommand(context: CliContext): Command {
  return withAccessFlags(
    new Command('doctor').description('Say what is right and wrong with hosts').argument('[name...]'),
  ).action(async (names: readonly string[], flags: AccessFlags) => {
    const { client } = await connect(context, flags);
    const all = (await client.list(hosts)).items;
    const wanted = names.length === 0 ? all : all.filter((host) => names.includes(host.metadata?.name ?? ''));
    const missing = names.filter((name) => !all.some((host) => host.metadata?.name === name));
    wanted.forEach((host) => {
      context.out(doctorText(host));
    });
    if (missing.length > 0)
      throw new Error(`There is no host "${missing.join('", "')}": see flotilla host ls`);
    if (wanted.some((host) => host.status?.phase !== 'Ready')) throw new Error('Not all hosts are Ready');
  });
}

function doctorText(host: Host): string {
  const { phase = 'Pending', conditions = [], system } = host.status ?? {};
  const facts = Object.entries(system ?? {}).map(([name, value]) => `${name} ${String(value)}`);
  const lines = conditions.map((each) => {
    const mark = each.status === 'True' ? 'ok  ' : 'FAIL';
    return `  ${mark} ${each.type}: ${each.message === '' ? each.reason : each.message}`;
  });
  return [
    `${host.metadata?.name ?? ''} (${phase})${facts.length === 0 ? '' : `: ${facts.join(', ')}`}`,
    ...lines,
    '',
  ].join('\n');
}
