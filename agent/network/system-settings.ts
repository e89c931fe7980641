import { paths } from '../../openapi/machinery/agent-contract.ts';
import { isJsonObject, type JsonValue } from '../../openapi/machinery/json.ts';
import type { Host } from '../host/host.ts';

export const settingsPath = `${paths.state}/network/settings.json`;

/** Kernel settings that the network needs, with what stood there before, so that they can be put back. */
export class SystemSettings {
  readonly #host: Host;
  #before: Record<string, string> | undefined;

  constructor(host: Host) {
    this.#host = host;
  }

  /** `name` with slashes ("net/ipv4/ip_forward"), since links have dots in their names. A setting that the kernel lacks is left out. */
  async set(name: string, value: string): Promise<void> {
    const has = (await this.#host.readFile(`/proc/sys/${name}`))?.trim();
    if (has === undefined || has === value) return;
    const before = await this.#load();
    if (before[name] === undefined) {
      before[name] = has;
      await this.#host.writeFile(settingsPath, `${JSON.stringify(before)}\n`, 0o600);
    }
    await this.#write(name, value);
  }

  /** Puts back what stood there, except what somebody changed since. */
  async restore(mayRestore: (name: string) => boolean): Promise<void> {
    for (const [name, value] of Object.entries(await this.#load())) {
      if (mayRestore(name) && (await this.#host.readFile(`/proc/sys/${name}`)) !== undefined) {
        await this.#write(name, value);
      }
    }
  }

  async #load(): Promise<Record<string, string>> {
    if (this.#before === undefined) {
      const text = await this.#host.readFile(settingsPath);
      const stored: JsonValue = text === undefined ? {} : (JSON.parse(text) as JsonValue);
      const pairs = isJsonObject(stored) ? Object.entries(stored) : [];
      this.#before = Object.fromEntries(pairs.filter((pair): pair is [string, string] => isSetting(pair)));
    }
    return this.#before;
  }

  async #write(name: string, value: string): Promise<void> {
    // Not Host.writeFile: these files can be written only in place. Minimal systems have no `sysctl`.
    await this.#host.run('tee', [`/proc/sys/${name}`], { input: value });
  }
}

function isSetting([name, value]: readonly [string, JsonValue | undefined]): boolean {
  return (
    /^net\/ipv4\/[a-z0-9_./-]+$/i.test(name) &&
    !name.includes('..') &&
    typeof value === 'string' &&
    /^\d+$/.test(value)
  );
}
