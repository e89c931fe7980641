import { randomUUID } from 'node:crypto';
import type { Clock } from '../../../openapi/machinery/clock.ts';
import { timeText } from '../../../openapi/machinery/clock.ts';
import type { KubeObject, ObjectMeta } from '../../../openapi/machinery/object.ts';
import { type FieldError, invalid, StatusError } from '../../../openapi/machinery/status.ts';
import type { Storage, Versioned } from '../../storage/storage.ts';
import { rememberAttributes } from '../attributes.ts';
import { objectKey } from '../keys.ts';
import { bytesOf, objectOf, objectText, storedResource } from '../stored.ts';
import type { Registered, Registry, RequestContext, SyncContext } from '../strategy.ts';
import type { NameCheck } from '../../../openapi/machinery/names.ts';
import { dnsSubdomain, nameRule as ruleFor } from '../validation/names.ts';

const subdomainRule = ruleFor(dnsSubdomain);

/** What the path of all kinds needs: one for the whole server. */
export interface PathOptions {
  readonly storage: Storage;
  readonly registry: Registry;
  readonly clock: Clock;
  readonly random: () => number;
}

export type Operation = 'CREATE' | 'UPDATE' | 'DELETE';

/** Admission as the path calls it: one function for each half of the chain. */
export interface Admit {
  /** Resolves with the object to go on with; for DELETE with anything. */
  mutate(
    operation: Operation,
    object: KubeObject | undefined,
    old: KubeObject | undefined,
  ): Promise<KubeObject | undefined>;
  validate(operation: Operation, object: KubeObject | undefined, old: KubeObject | undefined): Promise<void>;
}

/** Who writes, as metadata.managedFields has it. */
export interface Writer {
  /** "" for one without a name. */
  readonly manager: string;
  /** "" for the object itself. */
  readonly subresource: string;
}

/** One request of a kind. */
export interface PathRequest {
  readonly registered: Registered;
  /** "" for what is cluster-scoped, and for a collection over all namespaces. */
  readonly namespace: string;
  /** "" where the path names none. */
  readonly name: string;
  readonly context: RequestContext;
  readonly admit: Admit;
  /** Absent for what the server itself does: nobody owns anything by it. */
  readonly writer?: Writer;
}

/** An object to answer: its bytes, in the form of the resource, and read on demand. */
export interface Answer {
  readonly bytes: Buffer;
  object(): KubeObject;
}

export function answerOf(registered: Registered, versioned: Versioned): Answer {
  return {
    bytes: bytesOf(registered, versioned),
    object: () => objectOf(registered, versioned),
  };
}

/** Of an object that is not stored as it stands: of a dry run, or after its removal. */
export function unstoredAnswer(registered: Registered, object: KubeObject): Answer {
  return { bytes: Buffer.from(objectText(registered.resource, object)), object: () => object };
}

export function keyOf({ registered, namespace }: PathRequest, name: string): string {
  return objectKey(storedResource(registered), namespace, name);
}

export function syncContext({ context }: PathRequest): SyncContext {
  return { user: context.user, now: context.clock.now() };
}

export function nameRule({ strategy }: Registered): NameCheck {
  return strategy.validateName?.bind(strategy) ?? subdomainRule;
}

export function refuseProblems(
  registered: Registered,
  object: KubeObject,
  problems: readonly FieldError[],
): void {
  if (problems.length === 0) return;
  // Told of the form that is stored: an event of events.k8s.io is one of the core group there.
  throw invalid(storedResource(registered), object.metadata?.name ?? '', problems);
}

export function remember(registered: Registered, versioned: Versioned, object: KubeObject): void {
  // The object lacks only the new resourceVersion, which no selector looks at but Event's involvedObject, and that is another's.
  rememberAttributes(registered, versioned, object);
}

/** What the server alone says of a new object. */
export function freshMetadata(metadata: ObjectMeta, now: number): ObjectMeta {
  const {
    deletionTimestamp: _deletion,
    deletionGracePeriodSeconds: _grace,
    ...rest
  } = metadata as ObjectMeta & { readonly selfLink?: string };
  const { selfLink: _selfLink, ...kept } = rest as typeof rest & { readonly selfLink?: string };
  return { ...kept, uid: randomUUID(), creationTimestamp: timeText(now) };
}

/** The namespace of the body must be that of the path, or empty. */
export function withRequestNamespace(object: KubeObject, request: PathRequest): KubeObject {
  const metadata = object.metadata ?? {};
  const { namespace: sent = '', ...rest } = metadata;
  if (!request.registered.resource.namespaced) {
    return sent === '' ? object : { ...object, metadata: rest };
  }
  if (sent === request.namespace) return object;
  if (sent === '') return { ...object, metadata: { ...metadata, namespace: request.namespace } };
  throw new StatusError(
    'BadRequest',
    `the namespace of the provided object does not match the namespace sent on the request`,
  );
}

/** The number of a resourceVersion: 0 when there is none. Throws as Kubernetes does, with 500, for what is no number. */
export function parseResourceVersion(text: string | undefined): number {
  if (text === undefined || text === '') return 0;
  if (!/^\d+$/.test(text)) {
    throw new StatusError('', `strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`);
  }
  const value = Number(text);
  if (value > 2 ** 64) {
    throw new StatusError('', `strconv.ParseUint: parsing ${JSON.stringify(text)}: value out of range`);
  }
  return value;
}
