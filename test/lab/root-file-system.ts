import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { appendFile, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { withLock } from './lock.ts';
import type { LabRuntime } from './options.ts';
import { distributionSources } from './platform.ts';
import { run, tryRun } from './programs.ts';

/** Raised when what `finish` does changes, so that kept trees are made anew. */
const generation = 1;

const packages: Record<LabRuntime, readonly string[]> = {
  none: [
    'systemd',
    'systemd-sysv',
    'dbus',
    'openssh-server',
    'sudo',
    'iproute2',
    'ca-certificates',
    'procps',
  ],
  docker: [
    ...['systemd', 'systemd-sysv', 'dbus', 'openssh-server', 'sudo', 'iproute2', 'ca-certificates', 'procps'],
    ...['docker.io', 'iptables', 'nftables', 'conntrack', 'ipset', 'containernetworking-plugins'],
    ...['iputils-ping', 'curl', 'kmod'],
  ],
};

/** Units that wait for what a lab does not have, or touch the machine's clock and disks. */
const maskedUnits = [
  'systemd-networkd.service',
  'systemd-networkd.socket',
  'systemd-networkd-wait-online.service',
  'systemd-timesyncd.service',
  'console-getty.service',
  'apt-daily.timer',
  'apt-daily-upgrade.timer',
  'fstrim.timer',
  'e2scrub_all.timer',
  'dpkg-db-backup.timer',
  'logrotate.timer',
  'systemd-tmpfiles-clean.timer',
  'systemd-udevd.service',
];

/** nspawn hands the cgroup file systems over read-only, and mounts as private; runtimes need them otherwise. */
const prepareUnit = `[Unit]
Description=Make control groups writable and mounts shared
DefaultDependencies=no
Before=sysinit.target
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -c 'for c in freezer cpu blkio devices pids cpuset memory cpuacct; do test ! -d /sys/fs/cgroup/$c || mount -o remount,bind,rw /sys/fs/cgroup/$c; done; mount --make-rshared /'
[Install]
WantedBy=sysinit.target
`;

/** Takes out of a container's configuration what a machine without CAP_SYS_RESOURCE cannot grant. It stands before the real runc in the PATH. */
const runcWrapper = `#!/bin/sh
edit() {
  test -f "$1" || return 0
  sed -i -e 's/,"CAP_SYS_RESOURCE"//g; s/"CAP_SYS_RESOURCE",//g; s/,"CAP_SYS_TIME"//g; s/"CAP_SYS_TIME",//g' \\
    -e 's/"oomScoreAdj":-[0-9]*/"oomScoreAdj":0/g' "$1"
}
want=
for argument in "$@"; do
  case "$want" in
    --bundle) edit "$argument/config.json" ;;
    --process) edit "$argument" ;;
  esac
  want=
  case "$argument" in
    --bundle | -b) want=--bundle ;;
    --process | -p) want=--process ;;
    --bundle=*) edit "\${argument#--bundle=}/config.json" ;;
    --process=*) edit "\${argument#--process=}" ;;
  esac
done
exec /usr/sbin/runc "$@"
`;

async function finish(tree: string): Promise<void> {
  for (const unit of maskedUnits) await run('ln', ['-sf', '/dev/null', `${tree}/etc/systemd/system/${unit}`]);
  await writeFile(`${tree}/etc/systemd/system/lab-prepare.service`, prepareUnit);
  await run('chroot', [tree, 'systemctl', 'enable', 'lab-prepare.service', 'ssh.service']);
  await rm(`${tree}/etc/machine-id`, { force: true });
  await run('sh', ['-c', 'rm -f "$1"/etc/ssh/ssh_host_* "$1"/var/cache/apt/archives/*.deb', 'sh', tree]);
  const capabilities = await readFile('/proc/self/status', 'utf8');
  const bounding = BigInt(`0x${/^CapBnd:\s*([0-9a-f]+)/m.exec(capabilities)?.[1] ?? '0'}`);
  const sysResource = 1n << 24n;
  if ((bounding & sysResource) === 0n)
    await writeFile(`${tree}/usr/local/sbin/runc`, runcWrapper, { mode: 0o755 });
  for (const user of ['admin', 'guest'])
    await run('chroot', [tree, 'useradd', '--create-home', '--shell', '/bin/bash', user]);
  await writeFile(`${tree}/etc/sudoers.d/admin`, 'admin ALL=(ALL) NOPASSWD: ALL\n', { mode: 0o440 });
  await appendFile(`${tree}/root/.bashrc`, 'export PS1="\\h# "\n');
}

async function build(tree: string, runtime: LabRuntime, progress: (line: string) => void): Promise<void> {
  const { codename, sources } = await distributionSources();
  const main = sources.find(({ suite }) => suite === codename);
  const work = `${tree}.making`;
  await rm(work, { recursive: true, force: true });
  progress(`making the root file system of the hosts from Debian packages (about a minute, kept in ${tree})`);
  await run('debootstrap', [
    '--variant=minbase',
    `--components=${main?.components.split(/\s+/).join(',') ?? 'main'}`,
    ...(main?.keyring.startsWith('/') === true ? [`--keyring=${main.keyring}`] : []),
    `--include=${packages[runtime].join(',')}`,
    codename,
    work,
    main?.uri ?? '',
  ]);
  await finish(work);
  await rename(work, tree);
}

/** A directory with the root file system for such hosts, made when it is not in the cache. Read only: hosts have overlays on it. */
export async function rootFileSystem(
  cache: string,
  runtime: LabRuntime,
  progress: (line: string) => void,
): Promise<string> {
  const { codename } = await distributionSources();
  const recipe = JSON.stringify([
    generation,
    codename,
    process.arch,
    packages[runtime],
    maskedUnits,
    runcWrapper,
  ]);
  const hash = createHash('sha256').update(recipe).digest('hex').slice(0, 12);
  const tree = `${cache}/root-${runtime}-${hash}`;
  await mkdir(cache, { recursive: true });
  await withLock(`${tree}.lock`, async () => {
    if (!existsSync(tree)) await build(tree, runtime, progress);
  });
  return tree;
}

/** The apt sources of a host: the machine's own, and its proxy if it has one. */
export async function writeAptConfiguration(root: string): Promise<void> {
  const { sources } = await distributionSources();
  const lines = sources.map(({ uri, suite, components }) => `deb ${uri} ${suite} ${components}\n`);
  await writeFile(`${root}/etc/apt/sources.list`, lines.join(''));
  const settings = await tryRun('apt-config', ['dump']);
  const proxy = settings.stdout.split('\n').filter((line) => /^Acquire::https?::Proxy/i.test(line));
  await writeFile(`${root}/etc/apt/apt.conf.d/90lab`, `${proxy.join('\n')}\n`);
}
