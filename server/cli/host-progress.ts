import pc from 'picocolors';
import type { Client } from '../../openapi/client/client.ts';
import { hosts } from '../../openapi/generated/resources.ts';
import type { Host } from '../../openapi/generated/types.ts';
import { linkSignals } from '../../openapi/machinery/link-signals.ts';
import type { CliContext } from './context.ts';

/** What to print about one host: its phase, and the message of the condition that changed last. */
export function stepOf(host: Host): string {
  const { phase = 'Pending', conditions = [] } = host.status ?? {};
  const failed = conditions.find((each) => each.status === 'False' && each.reason !== 'Waiting');
  const newest = [...conditions].sort((a, b) => (a.lastTransitionTime < b.lastTransitionTime ? 1 : -1))[0];
  const told = phase === 'Failed' ? failed : newest;
  return told?.message === undefined || told.message === '' ? phase : `${phase}: ${told.message}`;
}

export function isReady(host: Host): boolean {
  return host.status?.phase === 'Ready';
}

/**
 * Prints each step of the named hosts until all are Ready. A host that fails goes on being tried by the server; after `patienceMs` the
 * ones that are not Ready are resolved with, by name.
 */
export async function followHosts(
  context: CliContext,
  client: Client,
  names: readonly string[],
  patienceMs: number,
): Promise<string[]> {
  const waiting = new Set(names);
  const shown = new Map<string, string>();
  const width = Math.max(0, ...names.map((name) => name.length));
  const ended = new AbortController();
  const { signal, release } = linkSignals(context.signal, ended.signal);
  const colors = pc.createColors(context.color);

  function show(host: Host): void {
    const name = host.metadata?.name ?? '';
    if (!names.includes(name)) return;
    const step = stepOf(host);
    if (shown.get(name) !== step) {
      const mark = isReady(host)
        ? colors.green('✓')
        : host.status?.phase === 'Failed'
          ? colors.red('✗')
          : ' ';
      context.err(`${mark} ${name.padEnd(width)}  ${step}\n`);
    }
    shown.set(name, step);
    if (isReady(host)) waiting.delete(name);
    if (waiting.size === 0) ended.abort();
  }

  void context.clock.sleep(patienceMs, signal).then(
    () => {
      ended.abort();
    },
    () => undefined,
  );
  const first = await client.list(hosts);
  first.items.forEach(show);
  try {
    let { resourceVersion } = first.metadata;
    while (!signal.aborted) {
      for await (const { object } of client.watch(hosts, { resourceVersion, signal })) {
        resourceVersion = object.metadata?.resourceVersion ?? resourceVersion;
        show(object);
      }
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    ended.abort();
    release();
  }
  return [...waiting];
}
