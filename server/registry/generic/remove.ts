import type { KubeObject } from '../../../openapi/machinery/object.ts';
import { notFound } from '../../../openapi/machinery/status.ts';
import { timeText } from '../../../openapi/machinery/clock.ts';
import { RevisionConflictError, type Versioned } from '../../storage/storage.ts';
import { encodeFor, objectOf } from '../stored.ts';
import type { DeleteOptions, Strategy } from '../strategy.ts';
import {
  checkPreconditions,
  checkStoredPreconditions,
  collectorFinalizers,
  graceOf,
  markedAsDeleted,
} from './deletion.ts';
import {
  answerOf,
  keyOf,
  remember,
  unstoredAnswer,
  type Answer,
  type PathOptions,
  type PathRequest,
} from './path.ts';

/** What a deletion came to. `gone`: nothing is left in the store (or would be, for a dry run). */
export interface Removed {
  readonly gone: boolean;
  /** The object as it was last, or as it stays. */
  readonly answer: Answer;
  /** The object is answered in the place of a Status. */
  readonly showsObject: boolean;
}

/** The next thing to do with an object that is to be deleted. */
type Plan =
  | { readonly kind: 'keep' }
  | { readonly kind: 'pending' }
  | { readonly kind: 'remove' }
  | { readonly kind: 'update'; readonly object: KubeObject; readonly thenRemove: boolean };

/** Deletes one object: at once, or by steps that grace, finalizers and the kind ask for. */
export async function removeObject(
  options: PathOptions,
  request: PathRequest,
  wish: DeleteOptions,
): Promise<Removed> {
  const { registered, name } = request;
  let current = await options.storage.get(keyOf(request, name));
  for (;;) {
    if (current === undefined) throw notFound(registered.resource, name);
    try {
      return await tryRemove(options, request, wish, current);
    } catch (error) {
      if (!(error instanceof RevisionConflictError)) throw error;
      current = error.current;
    }
  }
}

async function tryRemove(
  options: PathOptions,
  request: PathRequest,
  wish: DeleteOptions,
  current: Versioned,
): Promise<Removed> {
  const { registered, context, admit } = request;
  const { strategy } = registered;
  const old = objectOf(registered, current);
  if (strategy.keepWhileDeleting === undefined) checkPreconditions(registered, old.metadata ?? {}, wish);
  else checkStoredPreconditions(registered, old.metadata ?? {}, wish);
  const plan = planRemoval(request, old, wish);
  if (plan.kind === 'pending') return stays(answerOf(registered, current), strategy.deleteReturnsObject);
  await admit.mutate('DELETE', undefined, old);
  await admit.validate('DELETE', undefined, old);
  warnOfDefault(request, wish);
  if (plan.kind === 'keep') return stays(answerOf(registered, current), true);
  if (plan.kind === 'remove') return await removeNow(options, request, old, current);
  if (context.dryRun) {
    return { gone: plan.thenRemove, answer: unstoredAnswer(registered, plan.object), showsObject: true };
  }
  const encode = encodeFor(registered, plan.object);
  const updated = await options.storage.update(current.key, current.modRevision, encode);
  remember(registered, updated, plan.object);
  if (!plan.thenRemove) return stays(answerOf(registered, updated), true);
  return await removeMarked(options, request, updated);
}

/** The object was marked with grace 0 by us. When somebody else removed it since, that is as good. */
async function removeMarked(options: PathOptions, request: PathRequest, marked: Versioned): Promise<Removed> {
  const object = objectOf(request.registered, marked);
  try {
    return await removeNow(options, request, object, marked);
  } catch (error) {
    if (!(error instanceof RevisionConflictError) || error.current !== undefined) throw error;
    return gone(request, object);
  }
}

function stays(answer: Answer, showsObject = false): Removed {
  return { gone: false, answer, showsObject };
}

function gone({ registered }: PathRequest, object: KubeObject): Removed {
  return {
    gone: true,
    answer: unstoredAnswer(registered, object),
    showsObject:
      registered.strategy.deleteReturnsObject === true || registered.strategy.keepWhileDeleting !== undefined,
  };
}

async function removeNow(
  options: PathOptions,
  request: PathRequest,
  object: KubeObject,
  current: Versioned,
): Promise<Removed> {
  if (request.context.dryRun) return gone(request, object);
  await options.storage.delete(current.key, current.modRevision);
  request.registered.strategy.afterDelete?.(object);
  return gone(request, object);
}

function planRemoval({ registered, context }: PathRequest, object: KubeObject, wish: DeleteOptions): Plan {
  const { strategy } = registered;
  const now = context.clock.now();
  const kept = strategy.keepWhileDeleting?.(object, now);
  if (kept !== undefined) return planKept(strategy, { object, kept, wish, now });
  const grace = graceOf(strategy, object, wish, now);
  if (grace.kind === 'pending') return grace;
  const marked = grace.kind === 'graceful' ? grace.object : object;
  const metadata = marked.metadata ?? {};
  const finalizers = collectorFinalizers(strategy, metadata, wish) ?? metadata.finalizers ?? [];
  const held = withFinalizers(marked, finalizers);
  if (grace.kind === 'graceful') {
    return {
      kind: 'update',
      object: held,
      thenRemove: finalizers.length === 0 && grace.seconds === 0,
    };
  }
  if (finalizers.length === 0) return { kind: 'remove' };
  return { kind: 'update', object: markedAsDeleted(held, now), thenRemove: false };
}

interface Kept {
  readonly object: KubeObject;
  readonly kept: KubeObject;
  readonly wish: DeleteOptions;
  readonly now: number;
}

function planKept(strategy: Strategy, { object, kept, wish, now }: Kept): Plan {
  if (object.metadata?.deletionTimestamp !== undefined) return { kind: 'keep' };
  const metadata = { ...kept.metadata, deletionTimestamp: timeText(now) };
  const finalizers = collectorFinalizers(strategy, metadata, wish) ?? metadata.finalizers ?? [];
  return { kind: 'update', object: withFinalizers({ ...kept, metadata }, finalizers), thenRemove: false };
}

function withFinalizers(object: KubeObject, finalizers: readonly string[]): KubeObject {
  const { finalizers: _old, ...metadata } = object.metadata ?? {};
  return { ...object, metadata: finalizers.length === 0 ? metadata : { ...metadata, finalizers } };
}

function warnOfDefault({ registered, context }: PathRequest, wish: DeleteOptions): void {
  const { defaultPropagationWarning } = registered.strategy;
  if (defaultPropagationWarning === undefined) return;
  if (wish.propagationPolicy === undefined && wish.orphanDependents === undefined) {
    context.warn(defaultPropagationWarning);
  }
}
