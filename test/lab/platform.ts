import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { run, tryRun } from './programs.ts';

/** Why this machine cannot run a lab, in one line; undefined when it can. */
export async function labObstacle(): Promise<string | undefined> {
  if (process.platform !== 'linux') return `a lab needs Linux, this is ${process.platform}`;
  if (process.getuid?.() !== 0) return 'a lab needs root (network namespaces, mounts): run it with sudo';
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '');
  if (!/^ID(_LIKE)?=.*(debian|ubuntu)/m.test(release))
    return 'a lab needs Debian or Ubuntu (its hosts are made from their packages)';
  const probe = await tryRun('unshare', ['--mount', '--net', '--pid', '--fork', 'true']);
  if (probe.code !== 0) return `a lab needs namespaces, which this machine refuses: ${probe.stderr.trim()}`;
  return undefined;
}

const programsAndPackages = [
  ['/usr/sbin/debootstrap', 'debootstrap'],
  ['/usr/bin/systemd-nspawn', 'systemd-container'],
  ['/usr/bin/ssh', 'openssh-client'],
  ['/usr/bin/ssh-keygen', 'openssh-client'],
  ['/sbin/ip', 'iproute2'],
  ['/usr/sbin/iptables', 'iptables'],
] as const;

/** Of apt-get: a mirror that stumbles once is no reason to fail. */
export const tryOften = ['-o', 'Acquire::Retries=5'];

/** Installs those of `packages` that are not there; returns what it installed. */
export async function installPackages(packages: readonly string[]): Promise<void> {
  if (packages.length === 0) return;
  await run('apt-get', ['update', '-q', ...tryOften]);
  await run('apt-get', ['install', '-q', '-y', ...tryOften, '--no-install-recommends', ...packages]);
}

export async function installLabPackages(progress: (line: string) => void): Promise<void> {
  const missing = [
    ...new Set(programsAndPackages.filter(([file]) => !existsSync(file)).map(([, name]) => name)),
  ];
  if (missing.length === 0) return;
  progress(`installing ${missing.join(' ')}`);
  await installPackages(missing);
}

export interface AptSource {
  readonly uri: string;
  readonly suite: string;
  readonly components: string;
  /** A file, or empty. */
  readonly keyring: string;
}

function fieldOf(stanza: string, name: string): string {
  return new RegExp(`^${name}:[ \\t]*(.*)$`, 'm').exec(stanza)?.[1]?.trim() ?? '';
}

function parseDeb822(text: string): AptSource[] {
  return text.split(/\n\s*\n/).flatMap((stanza) => {
    if (!fieldOf(stanza, 'Types').split(/\s+/).includes('deb') || fieldOf(stanza, 'Enabled') === 'no')
      return [];
    return fieldOf(stanza, 'URIs')
      .split(/\s+/)
      .flatMap((uri) =>
        fieldOf(stanza, 'Suites')
          .split(/\s+/)
          .map((suite) => ({
            uri,
            suite,
            components: fieldOf(stanza, 'Components'),
            keyring: fieldOf(stanza, 'Signed-By'),
          })),
      );
  });
}

function parseOneLine(text: string): AptSource[] {
  return [...text.matchAll(/^deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s+(.+)$/gm)].map(
    ([, options = '', uri = '', suite = '', components = '']) => ({
      uri,
      suite,
      components: components.trim(),
      keyring: /signed-by=(\S+)/.exec(options)?.[1] ?? '',
    }),
  );
}

/** The machine's own sources of its distribution: the release, its updates and its security fixes. */
export async function distributionSources(): Promise<{ codename: string; sources: AptSource[] }> {
  const release = await readFile('/etc/os-release', 'utf8');
  const codename = /^VERSION_CODENAME="?([a-z]+)/m.exec(release)?.[1] ?? '';
  const directory = '/etc/apt/sources.list.d';
  const names = await readdir(directory).catch(() => []);
  const files = ['/etc/apt/sources.list', ...names.map((name) => `${directory}/${name}`)];
  const all: AptSource[] = [];
  for (const file of files) {
    const text = await readFile(file, 'utf8').catch(() => '');
    if (file.endsWith('.sources')) all.push(...parseDeb822(text));
    else if (file.endsWith('.list')) all.push(...parseOneLine(text));
  }
  const ours = [codename, `${codename}-updates`, `${codename}-security`];
  const sources = all.filter(({ suite, components }) => ours.includes(suite) && /\bmain\b/.test(components));
  if (!sources.some(({ suite }) => suite === codename))
    throw new Error(
      `Cannot find an apt source for "${codename}" in /etc/apt: hosts are made from its packages`,
    );
  return { codename, sources };
}
