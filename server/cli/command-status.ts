import { Command } from 'commander';
import { connect, fetchTable, withAccessFlags, type AccessFlags } from './access.ts';
import type { CliContext } from './context.ts';
import { serverTableText } from './table.ts';

const parts = [
  { title: 'Hosts', url: '/apis/flotilla.dev/v1alpha1/hosts', namespace: false },
  { title: 'Nodes', url: '/api/v1/nodes', namespace: false },
  { title: 'Pods', url: '/api/v1/pods', namespace: true },
];

export function statusCommand(context: CliContext): Command {
  return withAccessFlags(
    new Command('status').description('Show server, hosts, nodes and pods at a glance'),
  ).action(async (flags: AccessFlags) => {
    const { access, transport } = await connect(context, flags);
    context.out(`Server ${access.server}\n`);
    for (const { title, url, namespace } of parts) {
      const table = await fetchTable(transport, `${url}?limit=500`, context.signal);
      const body = table.rows.length === 0 ? '(none)\n' : serverTableText(table, { wide: false, namespace });
      context.out(`\n${title}\n${body}`);
    }
  });
}
