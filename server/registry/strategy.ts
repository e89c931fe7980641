import type { Clock } from '../../openapi/machinery/clock.ts';
import type { JsonObject } from '../../openapi/machinery/json.ts';
import type { KubeObject, ObjectKey } from '../../openapi/machinery/object.ts';
import type { Resource } from '../../openapi/machinery/resource.ts';
import type { KindSchema } from '../../openapi/machinery/schema.ts';
import type { FieldError } from '../../openapi/machinery/status.ts';

export type PropagationPolicy = 'Orphan' | 'Background' | 'Foreground';

export interface Preconditions {
  readonly uid?: string;
  readonly resourceVersion?: string;
}

/** metav1.DeleteOptions as far as the registry acts on it. */
export interface DeleteOptions {
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: PropagationPolicy;
  readonly orphanDependents?: boolean;
  readonly preconditions?: Preconditions;
}

/** authentication.k8s.io UserInfo of who asks. */
export interface Requester {
  readonly name: string;
  readonly uid?: string | undefined;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>> | undefined;
}

/** Typed access to what is stored, beneath admission: for hooks that concern more than one object. */
export interface Objects {
  get<T extends KubeObject>(resource: Resource<T>, key: ObjectKey): Promise<T | undefined>;
  /** Few objects only: it reads them all. */
  list<T extends KubeObject>(resource: Resource<T>, namespace?: string): Promise<readonly T[]>;
  /**
   * Reads, changes and writes without the kind's hooks; reads anew when another wrote between. The change is pure, and may throw a
   * StatusError to refuse. Rejects with NotFound when the object is gone. With `dryRun` nothing is written.
   */
  update<T extends KubeObject>(
    resource: Resource<T>,
    key: ObjectKey,
    change: (current: T) => T,
    dryRun?: boolean,
  ): Promise<T>;
  /** The kind's own deletion: grace, finalizers, propagation. */
  delete(resource: Resource, key: ObjectKey, options: DeleteOptions, dryRun?: boolean): Promise<KubeObject>;
}

/** What the asynchronous hooks may know of the request. */
export interface RequestContext {
  readonly user: Requester;
  readonly dryRun: boolean;
  readonly signal: AbortSignal;
  /** Adds a Warning header to the answer. */
  readonly warn: (text: string) => void;
  readonly clock: Clock;
  readonly random: () => number;
  readonly objects: Objects;
  /** Query parameters of the request. */
  readonly query: URLSearchParams;
}

/** Held while a write is under way: addresses and ports that it took. */
export interface Reservation<T> {
  /** The object with what was allocated filled in. */
  readonly object: T;
  /** Called once: true when the write is stored, false when it failed or was a dry run. */
  finish(stored: boolean): void;
}

export interface TableColumn {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'date';
  /** "name" for the column that holds the object's name, else "". */
  readonly format?: string;
  readonly description: string;
  /** 1: only with -o wide. */
  readonly priority?: number;
}

export type TableCell = string | number | boolean | null;

export interface TableRow {
  readonly cells: readonly TableCell[];
  readonly conditions?: readonly {
    readonly type: string;
    readonly status: string;
    readonly reason?: string;
    readonly message?: string;
  }[];
}

/** What `kubectl get` prints. `now` in ms since 1970, for ages. */
export interface TableStrategy<T> {
  readonly columns: readonly TableColumn[];
  row(object: T, now: number): TableRow;
}

/**
 * A part of the object that is written by its own path, with the object's own kind as body:
 * status, finalize, approval, ephemeralcontainers, resize. GET answers the whole object.
 */
export interface PartSubresource<T extends KubeObject> {
  readonly form: 'part';
  readonly verbs: readonly ('get' | 'update' | 'patch')[];
  /** `object` reduced to what this path may change: the rest from `old`. resourceVersion and managedFields are the path's. */
  prepareForUpdate(object: T, old: T, context: SyncContext): T;
  validateUpdate?(object: T, old: T): readonly FieldError[];
  warnings?(object: T, old: T): readonly string[];
  /** As Strategy.reserve. */
  reserve?(object: T, old: T, context: RequestContext): Promise<Reservation<T>>;
  /** A write without resourceVersion is refused with 422. Default: as the kind. */
  readonly requiresResourceVersion?: boolean;
  /** The object goes away when this holds after a write: a namespace without finalizers that is being deleted. */
  removes?(object: T): boolean;
}

/** Another kind that shows a part of the object: scale. */
export interface ProjectionSubresource<T extends KubeObject, S extends KubeObject = KubeObject> {
  readonly form: 'projection';
  readonly verbs: readonly ('get' | 'update' | 'patch')[];
  /** Group, version and kind of the body: autoscaling/v1 Scale. */
  readonly resource: Resource<S>;
  read(object: T): S;
  /** Why there is nothing to read: GET answers it as an internal error. */
  missing?(object: T): string | undefined;
  validate?(projection: S): readonly FieldError[];
  /** `object` with the projection's values put in. */
  write(object: T, projection: S): T;
  /** The field that it shows as spec.replicas, for who owns it. Default: spec, replicas. */
  readonly replicasPath?: readonly string[];
}

export interface ActionRequest<S> {
  readonly key: ObjectKey;
  /** The body, decoded and defaulted. */
  readonly body: S;
  readonly context: RequestContext;
  /** To be called with the object that would be stored, or with the body, before anything is written. */
  readonly admit: (body: S) => Promise<void>;
}

/** POST of another kind that does something with the object: binding, eviction, token. */
export interface ActionSubresource<S extends KubeObject = KubeObject> {
  readonly form: 'action';
  readonly verbs: readonly ['create'];
  readonly resource: Resource<S>;
  /** Kinds that are accepted as body besides `resource`'s: "policy/v1beta1". */
  readonly acceptedVersions?: readonly string[];
  /** Resolves with the answer: an object, or a Status (code 201 either way). */
  create(request: ActionRequest<S>): Promise<object>;
}

export type Subresource<T extends KubeObject> =
  PartSubresource<T> | ProjectionSubresource<T> | ActionSubresource;

/** A resource of which nothing is stored: reviews (create), componentstatuses (get, list). */
export interface VirtualResource<T extends KubeObject> {
  validate?(object: T): readonly FieldError[];
  create?(object: T, context: RequestContext & { readonly namespace: string }): Promise<T>;
  get?(key: ObjectKey, context: RequestContext): Promise<T>;
  list?(context: RequestContext): Promise<readonly T[]>;
}

/** Two served forms of one stored object: events in core and in events.k8s.io, HorizontalPodAutoscaler v1 and v2. */
export interface StoredForm<T extends KubeObject> {
  /** The form that is stored. */
  readonly resource: Resource;
  toStored(object: T): KubeObject;
  fromStored(object: KubeObject): T;
}

/**
 * What a kind adds to the one path that all kinds take. Everything has a default: a kind without a strategy is served by its schema.
 * The hooks are synchronous and pure: they get an object that was decoded and completed by its schema, and return it or a new one.
 *
 * Create runs: decode → defaults → mutating admission → reserve → status reset → prepareForCreate → validate → warnings →
 * validating admission → store. Update runs: decode → defaults → mutating admission → status kept → reserve → prepareForUpdate →
 * generation → validate, validateUpdate → warnings → validating admission → store. A patch is an update of what it makes.
 */
export interface Strategy<T extends KubeObject = KubeObject> {
  readonly resource: Resource<T>;

  /** Defaults that depend on other fields; those of the schema are in already. Runs whenever a sent object has been decoded. */
  defaults?(object: T): T;
  /** defaults() looks at the spec alone and changes nothing else: for kinds whose objects are often made from one template. */
  readonly defaultsOfSpecOnly?: boolean;
  /** What depends on other fields of the status. Runs behind defaults. */
  statusDefaults?(object: T): T;

  /** Faults of a name (or of generateName when `prefix`), as texts behind `metadata.name: Invalid value: "x": `. Default: DNS subdomain. */
  validateName?(name: string, prefix: boolean): readonly string[];
  prepareForCreate?(object: T, context: SyncContext): T;
  prepareForUpdate?(object: T, old: T, context: SyncContext): T;
  /** Of the object itself; metadata is the path's. Runs for create only: an update's rules are in validateUpdate. */
  validate?(object: T): readonly FieldError[];
  /** Default: validate(object). */
  validateUpdate?(object: T, old: T): readonly FieldError[];
  /** `old` is undefined for a creation. */
  warnings?(object: T, old: T | undefined): readonly string[];

  /**
   * With it, a creation gets generation 1, and an update that it says true to adds 1. Without it generation stays as sent.
   * `specChanged` serves most kinds.
   */
  generationGrows?(object: T, old: T): boolean;
  /**
   * 'reset' (default for kinds with a status subresource): a creation starts without status, an update keeps the old one.
   * 'keepOnCreate': a creation may bring its status (Node). 'ordinary': status is like any field.
   */
  readonly status?: 'reset' | 'keepOnCreate' | 'ordinary';

  /**
   * By subresource, "" for the object itself: fields that a write there never changes, and that its manager so cannot own:
   * `[['spec'], ['metadata', 'labels']]`. Default: status for the object, spec for its status.
   */
  readonly resetFields?: Readonly<Record<string, readonly (readonly string[])[]>>;
  /** By subresource that changes little: all that a write there may change, where `*` is any element of a list. */
  readonly onlyFields?: Readonly<Record<string, readonly (readonly string[])[]>>;

  /** Finalizers need no domain: the kind's own warnings tell of them. */
  readonly anyFinalizers?: boolean;

  /** PUT of a missing name creates. Default false. */
  readonly allowCreateOnUpdate?: boolean;
  /** PUT without resourceVersion overwrites. Default true; else it is refused with 422. */
  readonly allowUnconditionalUpdate?: boolean;

  /** Takes addresses, ports and the like. `old` is undefined for a creation. */
  reserve?(object: T, old: T | undefined, context: RequestContext): Promise<Reservation<T>>;
  /** The object is gone from the store: give back what `reserve` took. */
  afterDelete?(object: T): void;

  /**
   * With it the kind is deleted gracefully: how long the object stays with a deletionTimestamp. `requested` is the
   * caller's wish. 0: removed at once.
   */
  gracePeriodSeconds?(object: T, requested: number | undefined): number;
  /** The object to keep in the place of a removal, while something else must end first (Namespace); undefined: remove it. */
  keepWhileDeleting?(object: T, now: number): T | undefined;
  /** When the caller states none: Orphan for Job and ReplicationController. */
  readonly defaultPropagation?: PropagationPolicy;
  /** Said when defaultPropagation was used for lack of a stated one. */
  readonly defaultPropagationWarning?: string;
  /** DELETE answers the object in the place of a Status. */
  readonly deleteReturnsObject?: boolean;
  /** Said with every answer about the kind: that another has taken its place. */
  readonly deprecation?: string;
  /** Removed so long after the last write: events. */
  readonly ttlSeconds?: number;

  /** Values of the field selectors besides metadata.name and metadata.namespace; all of `selectableFields`, "" when unset. */
  fields?(object: T): Readonly<Record<string, string>>;
  readonly selectableFields?: readonly string[];

  readonly table?: TableStrategy<T>;
  /** By name: "status", "scale", "binding". A kind with a served status gets the default one when it names none. */
  readonly subresources?: Readonly<Record<string, Subresource<T>>>;
  readonly virtual?: VirtualResource<T>;
  readonly stored?: StoredForm<T>;
}

/** What the pure hooks may know besides the objects. */
export interface SyncContext {
  readonly user: Requester;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** One served resource with all that the path needs to know of it. */
export interface Registered<T extends KubeObject = KubeObject> {
  readonly resource: Resource<T>;
  readonly strategy: Strategy<T>;
  readonly schema: KindSchema;
  /** "pod" */
  readonly singular: string;
  /** get, list, watch, create, update, patch, delete, deletecollection. */
  readonly verbs: readonly string[];
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  /** Every served subresource, those without a strategy of their own (exec, log, proxy) too, with their verbs and body kinds. */
  readonly subresources: readonly ServedSubresource[];
  /** Set for what a CustomResourceDefinition serves. */
  readonly custom?: CustomParts;
}

/** What differs, beyond strategy and schema, in what a CustomResourceDefinition serves. */
export interface CustomParts {
  /** The definition's name. */
  readonly definition: string;
  readonly listKind: string;
  /** What discovery tells: fewer than there are while the definition is being deleted. */
  readonly shownVerbs: readonly string[];
  /** The version's openAPIV3Schema as it was written. */
  readonly schema: JsonObject;
  /** As paths: ".spec.color". */
  readonly selectableFields: readonly string[];
  /** Aborts when the definition has changed or is gone: watches end, so that clients begin anew. */
  readonly retired: AbortSignal;
}

export interface ServedSubresource {
  readonly name: string;
  readonly verbs: readonly string[];
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/** All served resources. They change while the server runs: each answer is of the present. */
export interface Registry {
  find(group: string, version: string, plural: string): Registered | undefined;
  findKind(group: string, version: string, kind: string): Registered | undefined;
  /** Whether the group is one of those that are served whatever the definitions. */
  isBuiltIn(group: string): boolean;
  /** In the order of discovery, built-in resources first. The same array as long as nothing changes. */
  readonly all: readonly Registered[];
  /** Puts what a definition serves in the place of what it served before. Built-in resources stay. */
  replace(definition: string, resources: readonly Registered[]): void;
  /** Calls `listener` after each change until the returned function is called. */
  subscribe(listener: () => void): () => void;
}
