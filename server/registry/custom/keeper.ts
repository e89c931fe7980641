import { setMaxListeners } from 'node:events';
import { customResourceDefinitions } from '../../../openapi/generated/resources.ts';
import type { CustomResourceDefinition } from '../../../openapi/generated/types.ts';
import type { Logger } from '../../../openapi/machinery/log.ts';
import { isNotFound } from '../../../openapi/machinery/status.ts';
import type { StorageEvent } from '../../storage/storage.ts';
import type { PathOptions } from '../generic/path.ts';
import { listPrefix } from '../keys.ts';
import { parseBytes } from '../stored.ts';
import type { Objects } from '../strategy.ts';
import { cleanUp, isDue } from './clean-up.ts';
import { isTrue } from './conditions.ts';
import { withAcceptedNames } from './names.ts';
import { customResources } from './objects.ts';

export interface KeeperOptions extends PathOptions {
  readonly objects: Objects;
  readonly log: Logger;
  /** Ends the keeper. */
  readonly signal: AbortSignal;
}

const retryMs = 1000;

/**
 * Serves what the stored CustomResourceDefinitions define: names are accepted, resources come into the registry and go, and the
 * objects of a definition that is being deleted are deleted first. Resolves when all that is stored is served; goes on until the
 * signal aborts.
 */
export async function keepDefinitions(options: KeeperOptions): Promise<void> {
  const keeper = new DefinitionKeeper(options);
  await keeper.begin();
}

/** What the registry holds of a definition. */
interface Served {
  /** All that it was made from. */
  readonly text: string;
  readonly retire: AbortController;
}

const prefix = listPrefix(customResourceDefinitions, '');

class DefinitionKeeper {
  readonly #options: KeeperOptions;
  readonly #definitions = new Map<string, CustomResourceDefinition>();
  readonly #served = new Map<string, Served>();
  readonly #due = new Set<string>();
  readonly #cleaning = new Set<string>();
  #working: Promise<void> | undefined;

  constructor(options: KeeperOptions) {
    this.#options = options;
  }

  async begin(): Promise<void> {
    const { storage, signal } = this.#options;
    const { items, revision } = await storage.list(prefix);
    const names = new Set(items.map(({ key }) => key.slice(prefix.length)));
    for (const name of this.#definitions.keys()) if (!names.has(name)) this.#note(name, undefined);
    for (const { key, value } of items) {
      this.#note(key.slice(prefix.length), parseBytes(value) as CustomResourceDefinition);
    }
    await this.#work();
    if (signal.aborted) return;
    const stop = await storage.watch(prefix, {
      afterRevision: revision,
      onEvents: (events) => {
        for (const event of events) this.#take(event);
        void this.#work();
      },
      onEnd: () => void this.#beginAgain(),
    });
    signal.addEventListener('abort', stop, { once: true });
  }

  /** The store lost the watch: a closing one ends the signal too. */
  async #beginAgain(): Promise<void> {
    const { clock, signal, log } = this.#options;
    try {
      await clock.sleep(retryMs, signal);
      await this.begin();
    } catch (error) {
      if (!signal.aborted) log.log('error', 'Cannot watch definitions', { error: String(error) });
    }
  }

  #take({ key, current }: StorageEvent): void {
    const definition = current === undefined ? undefined : parseBytes(current.value);
    this.#note(key.slice(prefix.length), definition as CustomResourceDefinition | undefined);
  }

  /** Names that this one gives back, or has now, concern those that wait for names. */
  #note(name: string, definition: CustomResourceDefinition | undefined): void {
    if (definition === undefined) this.#definitions.delete(name);
    else this.#definitions.set(name, definition);
    this.#due.add(name);
    for (const [other, each] of this.#definitions) if (!isTrue(each, 'NamesAccepted')) this.#due.add(other);
  }

  /** One definition after the other, since names go to who comes first. */
  async #work(): Promise<void> {
    this.#working ??= this.#workAll().finally(() => {
      this.#working = undefined;
    });
    await this.#working;
  }

  async #workAll(): Promise<void> {
    const { signal, log } = this.#options;
    for (const name of this.#due) {
      if (signal.aborted) return;
      this.#due.delete(name);
      try {
        await this.#sync(name);
      } catch (error) {
        log.log('warn', 'Cannot serve a definition: trying again', { name, error: String(error) });
        void this.#retry(name);
      }
    }
  }

  async #retry(name: string): Promise<void> {
    const { clock, signal } = this.#options;
    await clock.sleep(retryMs, signal).catch(() => undefined);
    this.#due.add(name);
    if (!signal.aborted) await this.#work();
  }

  async #sync(name: string): Promise<void> {
    const definition = this.#definitions.get(name);
    if (definition === undefined) {
      this.#withdraw(name);
      return;
    }
    if (isDue(definition)) void this.#clean(name);
    const now = this.#options.clock.now();
    const named = withAcceptedNames(definition, this.#definitions.values(), now);
    this.#serve(name, named);
    if (named === definition) return;
    this.#definitions.set(name, named);
    await this.#write(definition, named);
  }

  /** Served first, so that whoever reads that it is established can use it. */
  #serve(name: string, definition: CustomResourceDefinition): void {
    if (!isTrue(definition, 'NamesAccepted') && !isTrue(definition, 'Established')) {
      this.#withdraw(name);
      return;
    }
    const { metadata, status, spec } = definition;
    const isTerminating = isTrue(definition, 'Terminating');
    const text = JSON.stringify([metadata?.uid, spec, status?.acceptedNames, isTerminating]);
    const served = this.#served.get(name);
    if (served?.text === text) return;
    const retire = new AbortController();
    setMaxListeners(0, retire.signal);
    this.#options.registry.replace(name, customResources(definition, retire.signal));
    this.#served.set(name, { text, retire });
    served?.retire.abort();
  }

  #withdraw(name: string): void {
    const served = this.#served.get(name);
    if (served === undefined) return;
    this.#served.delete(name);
    this.#options.registry.replace(name, []);
    served.retire.abort();
  }

  /** Only what was decided on the definition as it still is. */
  async #write(old: CustomResourceDefinition, named: CustomResourceDefinition): Promise<void> {
    const { objects } = this.#options;
    const { name = '', uid, generation } = old.metadata ?? {};
    const { status } = named;
    try {
      await objects.update(customResourceDefinitions, { name }, (current) => {
        const isSame = current.metadata?.uid === uid && current.metadata?.generation === generation;
        if (!isSame || status === undefined) return current;
        const { acceptedNames, conditions } = status;
        return {
          ...current,
          status: { ...current.status, ...withoutUndefined({ conditions, acceptedNames }) },
        };
      });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  async #clean(name: string): Promise<void> {
    if (this.#cleaning.has(name)) return;
    this.#cleaning.add(name);
    const { log, signal } = this.#options;
    try {
      await cleanUp(this.#options, name);
    } catch (error) {
      if (signal.aborted) return;
      log.log('warn', 'Cannot delete the objects of a definition: trying again', {
        name,
        error: String(error),
      });
      void this.#retry(name);
    } finally {
      this.#cleaning.delete(name);
    }
  }
}

type Status = NonNullable<CustomResourceDefinition['status']>;

function withoutUndefined({
  conditions,
  acceptedNames,
}: {
  readonly conditions: Status['conditions'] | undefined;
  readonly acceptedNames: Status['acceptedNames'] | undefined;
}): Pick<Status, 'conditions' | 'acceptedNames'> {
  return {
    ...(conditions === undefined ? {} : { conditions }),
    ...(acceptedNames === undefined ? {} : { acceptedNames }),
  };
}
