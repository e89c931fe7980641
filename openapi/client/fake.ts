import { timeText, type Clock } from '../machinery/clock.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../machinery/json.ts';
import type { KubeObject, ObjectKey, ObjectMeta } from '../machinery/object.ts';
import { apiVersionOf, qualifiedName, type Resource } from '../machinery/resource.ts';
import { alreadyExists, conflict, invalid, notFound, required, StatusError } from '../machinery/status.ts';
import type {
  Client,
  DeleteOptions,
  List,
  ListOptions,
  PatchOptions,
  WatchEvent,
  WatchOptions,
} from './client.ts';
import { matchesFields, matchesLabels } from './fake-selectors.ts';
import { keyOfObject, keyText } from './object-cache.ts';

/** An API server in memory, for tests: what it does it does as the real one; what it leaves out is said on `createFakeApi`. */
export interface FakeApi {
  readonly client: Client;
  /** Everything of a resource, in the order of its keys. */
  all<T extends KubeObject>(resource: Resource<T>): readonly T[];
  /** Refuses the next matching calls: `fail('create', pods, error, 2)`. */
  fail(verb: FakeVerb, resource: Resource, error: Error, times?: number): void;
  /** Forgets history: watches from before end with 410 Expired. */
  compact(): void;
  /** Ends all watches, as a server that restarts. */
  endWatches(): void;
  /** Called with each call that changes something, before it runs. */
  onWrite: ((verb: FakeVerb, resource: Resource, object: KubeObject) => void) | undefined;
}

export type FakeVerb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete';

type Fields = KubeObject & JsonObject;

interface Entry {
  readonly revision: number;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly collection: string;
  readonly object: KubeObject;
  readonly old: KubeObject | undefined;
}

interface Failure {
  readonly verb: FakeVerb;
  readonly plural: string;
  readonly error: Error;
  times: number;
}

/** Resources whose status is a subresource of its own take status only through updateStatus, as the real ones. */
const withoutStatus = new Set([
  'events',
  'endpoints',
  'endpointslices',
  'configmaps',
  'secrets',
  'leases',
  'serviceaccounts',
]);

/**
 * Keeps: uid, generateName, creationTimestamp, resourceVersion and its conflicts, generation, the split of spec and status,
 * finalizers, deletionTimestamp (a pod with a node waits out its grace until someone deletes with 0), foreground and orphan finalizers,
 * preconditions, selectors, watch with history, bookmarks and expiry, merge and JSON patch, pods/binding.
 * Leaves out: defaults, validation beyond names, admission, strategic patch and apply.
 */
export function createFakeApi(options: { readonly clock: Clock; readonly random?: () => number }): FakeApi {
  const api = new MemoryApi(options.clock, options.random ?? (() => 0.5));
  return api;
}

class MemoryApi implements FakeApi {
  readonly client: Client;
  onWrite: FakeApi['onWrite'];
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #collections = new Map<string, Map<string, KubeObject>>();
  readonly #history: Entry[] = [];
  readonly #watchers = new Set<() => void>();
  readonly #failures: Failure[] = [];
  #revision = 100;
  #compacted = 0;
  #epoch = 0;
  #uids = 0;

  constructor(clock: Clock, random: () => number) {
    this.#clock = clock;
    this.#random = random;
    this.client = {
      get: (resource, key) => this.#run('get', resource, () => this.#existing(resource, key)),
      list: (resource, listOptions = {}) =>
        this.#run('list', resource, () => this.#list(resource, listOptions)),
      watch: (resource, watchOptions) => this.#watch(resource, watchOptions),
      create: (resource, object) => this.#run('create', resource, () => this.#create(resource, object)),
      update: (resource, object) =>
        this.#run('update', resource, () => this.#update(resource, object, false)),
      updateStatus: (resource, object) =>
        this.#run('update', resource, () => this.#update(resource, object, true)),
      updateSubresource: (resource, object, subresource) =>
        this.#run('update', resource, () => this.#update(resource, object, subresource === 'status')),
      patch: (resource, key, patch, patchOptions) =>
        this.#run('patch', resource, () => this.#patch(resource, { key, patch, patchOptions })),
      delete: (resource, key, deleteOptions = {}) =>
        this.#run('delete', resource, () => {
          this.#delete(resource, key, deleteOptions);
        }),
      deleteCollection: (resource, selection, deleteOptions = {}) =>
        this.#run('delete', resource, () => {
          for (const object of this.#list(resource, selection).items)
            this.#delete(resource, keyOfObject(object), deleteOptions);
        }),
      createSubresource: (resource, key, subresource, body) =>
        this.#run('create', resource, () => this.#subresource(resource, key, subresource, body) as never),
    };
  }

  all<T extends KubeObject>(resource: Resource<T>): readonly T[] {
    const objects = this.#collection(resource);
    return [...objects.keys()].sort().map((key) => objects.get(key) as T);
  }

  fail(verb: FakeVerb, resource: Resource, error: Error, times = 1): void {
    this.#failures.push({ verb, plural: qualifiedName(resource), error, times });
  }

  compact(): void {
    this.#compacted = this.#revision;
    this.#history.length = 0;
  }

  endWatches(): void {
    this.#epoch += 1;
    this.#wake();
  }

  async #run<T>(verb: FakeVerb, resource: Resource, work: () => T): Promise<T> {
    await Promise.resolve();
    const failure = this.#failures.find(
      (each) => each.verb === verb && each.plural === qualifiedName(resource) && each.times > 0,
    );
    if (failure !== undefined) {
      failure.times -= 1;
      throw failure.error;
    }
    return structuredClone(work());
  }

  #collection(resource: Resource): Map<string, KubeObject> {
    const name = qualifiedName(resource);
    const objects = this.#collections.get(name) ?? new Map<string, KubeObject>();
    this.#collections.set(name, objects);
    return objects;
  }

  #existing<T extends KubeObject>(resource: Resource<T>, key: ObjectKey): T {
    const object = this.#collection(resource).get(keyText(key));
    if (object === undefined) throw notFound(resource, key.name);
    return object as T;
  }

  #list<T extends KubeObject>(resource: Resource<T>, options: ListOptions): List<T> {
    const { namespace, limit = 0 } = options;
    const start = options.continue ?? '';
    const matching = this.all(resource).filter(
      (object) =>
        (namespace === undefined || object.metadata?.namespace === namespace) &&
        selects(options, object) &&
        keyText(keyOfObject(object)) > start,
    );
    const items = limit > 0 ? matching.slice(0, limit) : matching;
    const last = items.at(-1);
    const more = items.length < matching.length && last !== undefined;
    const metadata = {
      resourceVersion: String(this.#revision),
      ...(more ? { continue: keyText(keyOfObject(last)) } : {}),
    };
    return { metadata, items };
  }

  async *#watch<T extends KubeObject>(
    resource: Resource<T>,
    options: WatchOptions,
  ): AsyncGenerator<WatchEvent<T>, void, undefined> {
    await this.#run('watch', resource, () => undefined);
    const collection = qualifiedName(resource);
    const epoch = this.#epoch;
    let seen = Number(options.resourceVersion);
    while (!options.signal.aborted && epoch === this.#epoch) {
      if (seen < this.#compacted) throw new StatusError('Expired', 'too old resource version');
      const news = this.#history.filter((entry) => entry.revision > seen && entry.collection === collection);
      for (const entry of news) {
        seen = entry.revision;
        const event = eventFor<T>(entry, options);
        if (event !== undefined) yield structuredClone(event);
      }
      if (news.length === 0) await this.#next(options.signal);
    }
  }

  #next(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#watchers.delete(wake);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      this.#watchers.add(wake);
      signal.addEventListener('abort', wake, { once: true });
    });
  }

  #wake(): void {
    for (const wake of [...this.#watchers]) wake();
  }

  #commit(resource: Resource, type: Entry['type'], object: KubeObject): KubeObject {
    this.#revision += 1;
    const stored = withMeta(object, { resourceVersion: String(this.#revision) });
    const objects = this.#collection(resource);
    const key = keyText(keyOfObject(stored));
    const old = objects.get(key);
    if (type === 'DELETED') objects.delete(key);
    else objects.set(key, stored);
    this.#history.push({
      revision: this.#revision,
      type,
      collection: qualifiedName(resource),
      object: stored,
      old,
    });
    this.#wake();
    return stored;
  }

  #create<T extends KubeObject>(resource: Resource<T>, given: T): T {
    const object = structuredClone(given);
    this.onWrite?.('create', resource, object);
    const { generateName = '', name = '' } = object.metadata ?? {};
    if (name === '' && generateName === '')
      throw invalid(resource, '', [required('metadata.name', 'name or generateName is required')]);
    const metadata: ObjectMeta = {
      ...object.metadata,
      name: name === '' ? generateName + this.#suffix() : name,
      uid: this.#uid(),
      creationTimestamp: timeText(this.#clock.now()),
      generation: 1,
    };
    const isNamespace = resource.kind === 'Namespace';
    const created = {
      ...object,
      apiVersion: apiVersionOf(resource),
      kind: resource.kind,
      metadata,
      ...(isNamespace ? { spec: { finalizers: ['kubernetes'] }, status: { phase: 'Active' } } : {}),
    };
    if (this.#collection(resource).has(keyText(keyOfObject(created))))
      throw alreadyExists(resource, metadata.name ?? '');
    return this.#commit(resource, 'ADDED', created) as T;
  }

  #suffix(): string {
    const alphabet = 'bcdfghjklmnpqrstvwxz2456789';
    this.#uids += 1;
    const random = Math.floor(this.#random() * 27 ** 4);
    return Array.from(
      { length: 5 },
      (_, i) => alphabet[Math.floor((random + this.#uids) / 27 ** i) % 27],
    ).join('');
  }

  #uid(): string {
    this.#uids += 1;
    return `00000000-0000-4000-8000-${String(this.#uids).padStart(12, '0')}`;
  }

  #update<T extends KubeObject>(resource: Resource<T>, given: T, isStatus: boolean): T {
    const object = structuredClone(given) as unknown as Fields;
    this.onWrite?.('update', resource, object);
    const key = keyOfObject(object);
    const old = this.#existing(resource, key) as unknown as Fields;
    const { resourceVersion, uid } = object.metadata ?? {};
    if (uid !== undefined && uid !== old.metadata?.uid)
      throw conflict(
        resource,
        key.name,
        `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${old.metadata?.uid ?? ''}`,
      );
    if (resourceVersion !== undefined && resourceVersion !== old.metadata?.resourceVersion)
      throw conflict(
        resource,
        key.name,
        'the object has been modified; please apply your changes to the latest version and try again',
      );
    const merged = isStatus
      ? { ...old, status: object['status'] }
      : { ...object, ...(withoutStatus.has(resource.plural) ? {} : { status: old['status'] }) };
    return this.#store(resource, old, merged as unknown as Fields) as T;
  }

  /** Writes what an update or a patch made, or removes the object when its last finalizer has gone. */
  #store(resource: Resource, old: Fields, next: Fields): KubeObject {
    const { uid, creationTimestamp, deletionTimestamp, generation = 1 } = old.metadata ?? {};
    const specChanged = JSON.stringify(old['spec']) !== JSON.stringify(next['spec']);
    const kept: ObjectMeta = {
      ...(uid === undefined ? {} : { uid }),
      ...(creationTimestamp === undefined ? {} : { creationTimestamp }),
      ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
      generation: specChanged ? generation + 1 : generation,
    };
    const object = withMeta(next, { ...kept, resourceVersion: old.metadata?.resourceVersion ?? '' });
    if (JSON.stringify(object) === JSON.stringify(old)) return old;
    const held = [...(object.metadata?.finalizers ?? []), ...namespaceFinalizers(resource, object)];
    const ended = deletionTimestamp !== undefined && held.length === 0;
    const graceful = (old.metadata?.deletionGracePeriodSeconds ?? 0) > 0;
    return this.#commit(resource, ended && !graceful ? 'DELETED' : 'MODIFIED', object);
  }

  #patch<T extends KubeObject>(
    resource: Resource<T>,
    call: { readonly key: ObjectKey; readonly patch: JsonValue; readonly patchOptions: PatchOptions },
  ): T {
    const { key, patch, patchOptions } = call;
    const old = this.#existing(resource, key) as unknown as Fields;
    if (patchOptions.type !== 'merge')
      throw new StatusError('UnsupportedMediaType', 'the fake knows merge patches only');
    this.onWrite?.('patch', resource, old);
    const next = mergePatch(old, patch) as unknown as Fields;
    const asked = isJsonObject(patch) && isJsonObject(patch['metadata']) ? patch['metadata'] : {};
    for (const field of ['uid', 'resourceVersion'] as const)
      if (asked[field] !== undefined && asked[field] !== old.metadata?.[field])
        throw conflict(
          resource,
          key.name,
          'the object has been modified; please apply your changes to the latest version and try again',
        );
    const split =
      patchOptions.subresource === 'status'
        ? { ...old, metadata: next.metadata, status: next['status'] }
        : next;
    return this.#store(resource, old, split as unknown as Fields) as T;
  }

  #delete(resource: Resource, key: ObjectKey, options: DeleteOptions): void {
    const old = this.#existing(resource, key) as unknown as Fields;
    this.onWrite?.('delete', resource, old);
    const { uid, resourceVersion } = options.preconditions ?? {};
    if (
      (uid !== undefined && uid !== old.metadata?.uid) ||
      (resourceVersion !== undefined && resourceVersion !== old.metadata?.resourceVersion)
    )
      throw conflict(resource, key.name, 'Precondition failed');
    const finalizers = new Set(old.metadata?.finalizers);
    if (options.propagationPolicy === 'Foreground') finalizers.add('foregroundDeletion');
    if (options.propagationPolicy === 'Orphan') finalizers.add('orphan');
    const graceSeconds = graceOf(resource, old, options);
    if (finalizers.size === 0 && graceSeconds === 0 && namespaceFinalizers(resource, old).length === 0) {
      this.#commit(resource, 'DELETED', old);
      return;
    }
    const marked = withMeta(old, {
      deletionTimestamp: old.metadata?.deletionTimestamp ?? timeText(this.#clock.now() + graceSeconds * 1000),
      deletionGracePeriodSeconds: graceSeconds,
      ...(finalizers.size === 0 ? {} : { finalizers: [...finalizers] }),
    });
    const namespaceStatus =
      resource.kind === 'Namespace' ? { status: { ...(old['status'] as object), phase: 'Terminating' } } : {};
    this.#commit(resource, 'MODIFIED', { ...marked, ...namespaceStatus });
  }

  #subresource(resource: Resource, key: ObjectKey, subresource: string, body: object): KubeObject {
    const old = this.#existing(resource, key) as unknown as Fields;
    this.onWrite?.('create', resource, old);
    if (subresource !== 'binding') throw notFound(resource, `${key.name}/${subresource}`);
    const target = (body as { readonly target?: { readonly name?: string } }).target?.name ?? '';
    const spec = (old['spec'] ?? {}) as JsonObject;
    if (typeof spec['nodeName'] === 'string' && spec['nodeName'] !== '')
      throw conflict(
        { ...resource, plural: 'pods/binding' },
        key.name,
        `pod ${key.name} is already assigned to node "${spec['nodeName']}"`,
      );
    const status = (old['status'] ?? {}) as JsonObject;
    const conditions = ((status['conditions'] ?? []) as JsonObject[]).filter(
      (each) => each['type'] !== 'PodScheduled',
    );
    const scheduled = {
      type: 'PodScheduled',
      status: 'True',
      lastTransitionTime: timeText(this.#clock.now()),
    };
    this.#commit(resource, 'MODIFIED', {
      ...old,
      spec: { ...spec, nodeName: target },
      status: { ...status, conditions: [...conditions, scheduled] },
    } as KubeObject);
    return { kind: 'Status', apiVersion: 'v1' };
  }
}

function namespaceFinalizers(resource: Resource, object: Fields): readonly string[] {
  if (resource.kind !== 'Namespace') return [];
  return ((object['spec'] ?? {}) as { readonly finalizers?: readonly string[] }).finalizers ?? [];
}

function graceOf(resource: Resource, object: Fields, options: DeleteOptions): number {
  if (resource.kind !== 'Pod') return 0;
  const spec = (object['spec'] ?? {}) as JsonObject;
  const { phase } = (object['status'] ?? {}) as { readonly phase?: string };
  if (typeof spec['nodeName'] !== 'string' || phase === 'Succeeded' || phase === 'Failed') return 0;
  const stated = spec['terminationGracePeriodSeconds'];
  return options.gracePeriodSeconds ?? (typeof stated === 'number' ? stated : 30);
}

function withMeta<T extends KubeObject>(object: T, fields: ObjectMeta): T {
  return { ...object, metadata: { ...object.metadata, ...fields } };
}

function selects(options: ListOptions, object: KubeObject): boolean {
  return matchesLabels(options.labelSelector, object) && matchesFields(options.fieldSelector, object);
}

/** What a watcher with selectors sees: an object that leaves the selection is DELETED, one that enters it ADDED. */
function eventFor<T extends KubeObject>(entry: Entry, options: WatchOptions): WatchEvent<T> | undefined {
  if (options.namespace !== undefined && entry.object.metadata?.namespace !== options.namespace)
    return undefined;
  const is = selects(options, entry.object);
  const was = entry.old !== undefined && selects(options, entry.old);
  const object = entry.object as T;
  if (entry.type === 'DELETED') return was ? { type: 'DELETED', object } : undefined;
  if (is) return { type: was ? 'MODIFIED' : 'ADDED', object };
  return was ? { type: 'DELETED', object } : undefined;
}

function mergePatch(target: JsonValue | undefined, patch: JsonValue): JsonValue {
  if (!isJsonObject(patch)) return patch;
  const result: Record<string, JsonValue | undefined> = isJsonObject(target) ? { ...target } : {};
  for (const [field, value] of Object.entries(patch)) {
    if (value === undefined || value === null) Reflect.deleteProperty(result, field);
    else result[field] = mergePatch(result[field], value);
  }
  return result;
}
