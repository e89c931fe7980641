import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Container, Pod, Volume, VolumeMount } from '../../openapi/generated/types.ts';
import type { Mounts } from '../host/mounts.ts';
import { volumePlugins } from './index.ts';
import { giveToGroup } from './ownership.ts';
import type { Allocatable, VolumePlugin, VolumeSources } from './plugin.ts';
import { bindSubPath } from './sub-path.ts';

export interface MountedVolume {
  readonly path: string;
  readonly readOnly: boolean;
}

/** By the volume's name. */
export type MountedVolumes = ReadonlyMap<string, MountedVolume>;

export interface PodVolumesOptions {
  /** Holds one folder a pod, named by its uid. */
  readonly folder: string;
  readonly mounts: Mounts;
  readonly sources: VolumeSources;
  readonly allocatable: () => Allocatable;
}

/** A volume of a pod could not be set up; the message is the one of the event FailedMount. */
export class VolumeError extends Error {
  override readonly name = 'VolumeError';
}

/** All volumes of all pods on this node. Every call may be repeated; calls about one pod come one after the other. */
export class PodVolumes {
  readonly #options: PodVolumesOptions;

  constructor(options: PodVolumesOptions) {
    this.#options = options;
  }

  /** Rejects with VolumeError at the first volume that cannot be set up. */
  async setUp(pod: Pod): Promise<MountedVolumes> {
    const mounted = new Map<string, MountedVolume>();
    for (const volume of pod.spec?.volumes ?? []) mounted.set(volume.name, await this.#setUpOne(pod, volume));
    return mounted;
  }

  /** Brings contents that follow a source up to date; a source that is gone leaves what is there. */
  async refresh(pod: Pod): Promise<void> {
    for (const volume of pod.spec?.volumes ?? []) {
      if (pluginOf(volume)?.refreshes === true) await this.#setUpOne(pod, volume).catch(() => undefined);
    }
  }

  /** Where a container's mount leads on the node: the volume, or what its subPath is at this moment. */
  async mountPath(
    pod: Pod,
    container: Container,
    mount: VolumeMount,
    place: { readonly mounted: MountedVolumes; readonly subPath: string },
  ): Promise<MountedVolume> {
    const volume = place.mounted.get(mount.name);
    if (volume === undefined) throw new VolumeError(`volume ${JSON.stringify(mount.name)} is not set up`);
    if (place.subPath === '') return volume;
    const index = (container.volumeMounts ?? []).indexOf(mount);
    const target = join(this.#podFolder(pod), 'volume-subpaths', mount.name, container.name, String(index));
    // A container that starts again gets what is there now.
    await this.#options.mounts.unmount(target);
    try {
      await bindSubPath(this.#options.mounts, volume.path, place.subPath, target);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new VolumeError(
        `failed to prepare subPath for volumeMount ${JSON.stringify(mount.name)} of container ${JSON.stringify(container.name)}: ${reason}`,
        { cause: error },
      );
    }
    return { path: target, readOnly: volume.readOnly };
  }

  /** Unmounts and removes all of a pod. */
  tearDown(podUid: string): Promise<void> {
    return tearDown(this.#options.folder, this.#options.mounts, podUid);
  }

  /** Removes what belongs to no pod of the list. */
  retainOnly(podUids: ReadonlySet<string>): Promise<void> {
    return removeVolumes(this.#options.folder, this.#options.mounts, podUids);
  }

  #podFolder(pod: Pod): string {
    return join(this.#options.folder, safeName(pod.metadata?.uid ?? ''));
  }

  async #setUpOne(pod: Pod, volume: Volume): Promise<MountedVolume> {
    const plugin = pluginOf(volume);
    const name = JSON.stringify(volume.name);
    if (plugin === undefined) {
      const kind = Object.keys(volume).find((field) => field !== 'name') ?? 'none';
      throw new VolumeError(
        `MountVolume.SetUp failed for volume ${name} : volumes of kind ${kind} are not supported`,
      );
    }
    const kindFolder = join(this.#podFolder(pod), 'volumes', plugin.name.replace('/', '~'));
    const path = join(kindFolder, safeName(volume.name));
    const { mounts, sources, allocatable } = this.#options;
    try {
      await mkdir(kindFolder, { recursive: true });
      const shown = await plugin.setUp({ pod, volume, path, mounts, sources, allocatable: allocatable() });
      await this.#giveToGroup(pod, plugin, shown);
      return { path: shown, readOnly: plugin.readOnly };
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new VolumeError(`MountVolume.SetUp failed for volume ${name} : ${reason}`, { cause: error });
    }
  }

  async #giveToGroup(pod: Pod, plugin: VolumePlugin, path: string): Promise<void> {
    const { fsGroup, fsGroupChangePolicy } = pod.spec?.securityContext ?? {};
    // What the agent writes itself has its group from the writer.
    if (fsGroup === undefined || !plugin.takesGroup || plugin.refreshes) return;
    await giveToGroup(path, fsGroup, fsGroupChangePolicy === 'Always' ? 'Always' : 'OnRootMismatch');
  }
}

async function tearDown(podsFolder: string, mounts: Mounts, podUid: string): Promise<void> {
  const folder = join(podsFolder, safeName(podUid));
  const points = await mounts.list();
  const below = points.map(({ path }) => path).filter((path) => path.startsWith(`${folder}/`));
  // The deepest first.
  for (const path of [...new Set(below)].sort((a, b) => b.length - a.length)) await mounts.unmount(path);
  const left = (await mounts.list()).some(({ path }) => path.startsWith(`${folder}/`));
  if (left) throw new VolumeError(`Cannot remove ${folder}: something is still mounted below it`);
  await rm(folder, { recursive: true, force: true });
}

/** Unmounts and removes the folders of all pods but those of `keep`. */
export async function removeVolumes(
  podsFolder: string,
  mounts: Mounts,
  keep: ReadonlySet<string>,
): Promise<void> {
  const present = await readdir(podsFolder).catch(() => []);
  for (const uid of present) if (!keep.has(uid)) await tearDown(podsFolder, mounts, uid);
}

function pluginOf(volume: Volume): VolumePlugin | undefined {
  return volumePlugins.find((plugin) => plugin.matches(volume));
}

/** Uids and volume names come from the API, which checks them; a path is never made of one that could lead elsewhere. */
function safeName(name: string): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name))
    throw new RangeError(`Cannot use ${JSON.stringify(name)} as a name`);
  return name;
}
