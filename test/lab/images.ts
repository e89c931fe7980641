import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import {
  copyFile,
  cp,
  lstat,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  readlink,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';
import { withLock } from './lock.ts';
import { installPackages, tryOften } from './platform.ts';
import { run } from './programs.ts';

/** What `image.yaml` in a directory says; `files/` beside it is copied over the root. */
interface ImageSource {
  /** Names with tags, each with the environment that it adds: `{'redis:1': {}}`. */
  readonly tags: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Debian packages to take programs from. BusyBox and its applets are always there. */
  readonly packages?: readonly string[];
  /** Paths in those packages; the libraries that they need come along. */
  readonly programs?: readonly string[];
  readonly command: readonly string[];
  readonly user?: string;
  readonly ports?: readonly number[];
  readonly workingDir?: string;
  readonly directories?: readonly string[];
}

function sha256(data: Buffer | string): string {
  return createHash('sha256').update(data).digest('hex');
}

async function busyboxFile(): Promise<string> {
  const file = '/bin/busybox';
  const isStatic = existsSync('/usr/share/doc/busybox-static');
  if (!isStatic) await installPackages(['busybox-static']);
  return file;
}

async function addBusybox(root: string): Promise<void> {
  await mkdir(`${root}/bin`, { recursive: true });
  const file = await busyboxFile();
  await copyFile(file, `${root}/bin/busybox`);
  const applets = (await run(file, ['--list']))
    .split('\n')
    .filter((name) => name !== '' && name !== 'busybox');
  for (const name of applets) await symlink('busybox', `${root}/bin/${name}`);
}

/** A tree with the packages and all that they depend on, unpacked (no script of theirs runs); kept in the cache. */
async function packageTree(packages: readonly string[], cache: string): Promise<string> {
  const tree = `${cache}/packages-${sha256(packages.join(' ')).slice(0, 12)}`;
  await mkdir(cache, { recursive: true });
  await withLock(`${tree}.lock`, async () => {
    if (existsSync(tree)) return;
    const work = `${tree}.making`;
    await rm(work, { recursive: true, force: true });
    await mkdir(`${work}/debs/partial`, { recursive: true });
    await mkdir(`${work}/root`);
    await writeFile(`${work}/status`, '');
    // With an empty list of installed packages, apt fetches the whole closure.
    const options = ['-o', `Dir::State::status=${work}/status`, '-o', `Dir::Cache::archives=${work}/debs`];
    await run('apt-get', ['update', '-q', ...tryOften]);
    await run('apt-get', [
      ...options,
      ...tryOften,
      '-q',
      '-y',
      '--no-install-recommends',
      '--download-only',
      'install',
      ...packages,
    ]);
    for (const name of (await readdir(`${work}/debs`)).filter((each) => each.endsWith('.deb')))
      await run('dpkg-deb', ['-x', `${work}/debs/${name}`, `${work}/root`]);
    await rename(`${work}/root`, tree);
    await rm(work, { recursive: true, force: true });
  });
  return tree;
}

/** Copies a file, and what it links to, keeping the paths. */
async function copyWithLinks(tree: string, path: string, root: string): Promise<void> {
  const from = join(tree, path);
  const to = join(root, path);
  if (existsSync(to)) return;
  await mkdir(dirname(to), { recursive: true });
  const stat = await lstat(from);
  if (!stat.isSymbolicLink()) {
    await cp(from, to);
    return;
  }
  const target = await readlink(from);
  await symlink(target, to);
  await copyWithLinks(tree, target.startsWith('/') ? target : join(dirname(path), target), root);
}

async function addPrograms(source: ImageSource, cache: string, root: string): Promise<void> {
  if (source.packages === undefined) return;
  const tree = await packageTree(source.packages, cache);
  const loader = ['/lib64/ld-linux-x86-64.so.2', '/lib/ld-linux-aarch64.so.1'].find((file) =>
    existsSync(tree + file),
  );
  for (const program of source.programs ?? []) {
    await copyWithLinks(tree, program, root);
    if (loader === undefined) continue;
    await copyWithLinks(tree, loader, root);
    const list = await run('chroot', [tree, loader, '--list', program]);
    for (const [, library = ''] of list.matchAll(/=> (\/\S+) \(/g)) await copyWithLinks(tree, library, root);
  }
}

async function fillRoot(source: ImageSource, directory: string, cache: string, root: string): Promise<void> {
  for (const name of ['etc', 'tmp', 'root', 'proc', 'sys', 'dev', 'var', ...(source.directories ?? [])])
    await mkdir(`${root}/${name}`, { recursive: true });
  await writeFile(
    `${root}/etc/passwd`,
    'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n',
  );
  await writeFile(`${root}/etc/group`, 'root:x:0:\nnogroup:x:65534:\n');
  await run('chmod', ['1777', `${root}/tmp`]);
  await addBusybox(root);
  await addPrograms(source, cache, root);
  if (existsSync(`${directory}/files`))
    await cp(`${directory}/files`, root, { recursive: true, verbatimSymlinks: true });
}

function configOf(source: ImageSource, env: Readonly<Record<string, string>>, layer: string): string {
  const variables = Object.entries({
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    ...env,
  });
  return JSON.stringify({
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    os: 'linux',
    created: '2026-01-01T00:00:00Z',
    config: {
      Env: variables.map(([name, value]) => `${name}=${value}`),
      Cmd: source.command,
      WorkingDir: source.workingDir ?? '/',
      ...(source.user === undefined ? {} : { User: source.user }),
      ...(source.ports === undefined
        ? {}
        : { ExposedPorts: Object.fromEntries(source.ports.map((port) => [`${port}/tcp`, {}])) }),
    },
    rootfs: { type: 'layers', diff_ids: [`sha256:${layer}`] },
    history: [{ created: '2026-01-01T00:00:00Z', created_by: 'test/lab/images.ts' }],
  });
}

const reproducible = ['--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner'];

/** Writes manifest.json, one configuration a tag and the one layer, as `docker save` does. */
async function writeArchive(source: ImageSource, work: string, file: string): Promise<void> {
  const parts = `${work}/parts`;
  await mkdir(parts);
  await run('tar', [...reproducible, '-C', `${work}/root`, '-cf', `${parts}/layer.tar`, '.']);
  const layer = sha256(await readFile(`${parts}/layer.tar`));
  await mkdir(`${parts}/${layer}`);
  await rename(`${parts}/layer.tar`, `${parts}/${layer}/layer.tar`);
  const byConfig = new Map<string, string[]>();
  for (const [tag, env] of Object.entries(source.tags)) {
    const config = configOf(source, env, layer);
    const name = `${sha256(config)}.json`;
    await writeFile(`${parts}/${name}`, config);
    byConfig.set(name, [...(byConfig.get(name) ?? []), tag]);
  }
  const images = [...byConfig].map(([Config, RepoTags]) => ({
    Config,
    RepoTags,
    Layers: [`${layer}/layer.tar`],
  }));
  await writeFile(`${parts}/manifest.json`, JSON.stringify(images));
  await run('tar', [...reproducible, '-C', parts, '-cf', `${file}.making`, '.']);
  await rename(`${file}.making`, file);
}

/**
 * Builds the image of a directory with `image.yaml` into a docker-archive, for `docker load` or `flotilla image load`;
 * no registry and no Docker are needed. Root is (chroot). The same sources give the same bytes.
 */
export async function buildImage(
  directory: string,
  file: string,
  cache = '/var/cache/flotilla-lab',
): Promise<string> {
  const source = parse(await readFile(`${directory}/image.yaml`, 'utf8')) as ImageSource;
  await mkdir(dirname(file), { recursive: true });
  await mkdir(cache, { recursive: true });
  const work = await mkdtemp(`${cache}/image-`);
  try {
    await mkdir(`${work}/root`);
    await fillRoot(source, directory, cache, `${work}/root`);
    await writeArchive(source, work, file);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return file;
}
