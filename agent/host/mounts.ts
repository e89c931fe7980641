import { mkdir } from 'node:fs/promises';
import type { Host } from './host.ts';

export interface MountPoint {
  readonly path: string;
  readonly type: string;
}

/** Mounts of this host. Every call may be repeated: what is mounted already stays as it is. */
export interface Mounts {
  /** Makes the folder too. `sizeBytes` of 0: half of the memory, as the kernel has it. */
  tmpfs(path: string, sizeBytes: number, mode: number): Promise<void>;
  /** Makes `target` show what the open file descriptor path or folder `source` shows. `target` must be there. */
  bind(source: string, target: string): Promise<void>;
  /** Resolves when nothing is mounted at `path`, also where nothing was. */
  unmount(path: string): Promise<void>;
  list(): Promise<readonly MountPoint[]>;
}

export function createMounts(host: Host): Mounts {
  async function list(): Promise<readonly MountPoint[]> {
    return parseMountInfo((await host.readFile('/proc/self/mountinfo')) ?? '');
  }
  async function mounted(path: string): Promise<boolean> {
    return (await list()).some((each) => each.path === path);
  }
  return {
    list,
    async tmpfs(path, sizeBytes, mode) {
      if (await mounted(path)) return;
      await mkdir(path, { recursive: true });
      const size = sizeBytes === 0 ? '' : `,size=${sizeBytes}`;
      const options = `mode=${mode.toString(8).padStart(4, '0')}${size}`;
      await host.run('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', path]);
    },
    async bind(source, target) {
      if (await mounted(target)) return;
      await host.run('mount', ['--no-canonicalize', '--bind', '--', source, target]);
    },
    async unmount(path) {
      // More than once: binds may stand on each other after a crash between two steps.
      for (let layer = 0; layer < 8 && (await mounted(path)); layer++) {
        await host.run('umount', ['--no-canonicalize', '-l', '--', path]);
      }
    },
  };
}

/** Lines of proc(5) mountinfo: "36 35 98:0 / /mnt rw,noatime master:1 - ext3 /dev/root rw". */
export function parseMountInfo(text: string): MountPoint[] {
  const points: MountPoint[] = [];
  for (const line of text.split('\n')) {
    const [before, after] = line.split(' - ');
    const path = before?.split(' ')[4];
    const type = after?.split(' ')[0];
    if (path === undefined || type === undefined) continue;
    points.push({ path: unescapeOctal(path), type });
  }
  return points;
}

function unescapeOctal(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 8)));
}

/** Remembers mounts and mounts nothing. */
export function createFakeMounts(): Mounts & { readonly points: Map<string, string> } {
  const points = new Map<string, string>();
  return {
    points,
    async tmpfs(path) {
      await mkdir(path, { recursive: true });
      points.set(path, 'tmpfs');
    },
    bind(source, target) {
      points.set(target, `bind:${source}`);
      return Promise.resolve();
    },
    unmount(path) {
      points.delete(path);
      return Promise.resolve();
    },
    list: () => Promise.resolve([...points].map(([path, type]) => ({ path, type }))),
  };
}
