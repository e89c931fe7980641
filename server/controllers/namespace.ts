import { namespaces, pods } from '../../openapi/generated/resources.ts';
import type { Namespace, NamespaceCondition, Pod } from '../../openapi/generated/types.ts';
import { timeText } from '../../openapi/machinery/clock.ts';
import type { KubeObject } from '../../openapi/machinery/object.ts';
import { qualifiedName, type Resource } from '../../openapi/machinery/resource.ts';
import { isConflict, isNotFound, isStatusError } from '../../openapi/machinery/status.ts';
import type { Controller, ControllerContext } from './controller.ts';
import { textOf } from './shared/errors.ts';
import { sameValue } from './shared/hash.ts';
import type { ServedResources } from './shared/served.ts';
import { watchOf } from './shared/watches.ts';

const finalizer = 'kubernetes';
/** How long content that only waits for its own finalizers is given before the next look. */
const finalizingSeconds = 15;

/** What is left of one resource after its deletion was asked for. */
interface Remains {
  readonly resource: Resource;
  readonly count: number;
  /** Finalizer to number of objects. */
  readonly finalizers: ReadonlyMap<string, number>;
  readonly waitSeconds: number;
  readonly error: unknown;
}

/** Empties a namespace that is being deleted, pods first, then lets it go. `served`: all that is stored. */
export function createNamespaceController({ served }: { readonly served: ServedResources }): Controller {
  return {
    name: 'namespace',
    watches: [
      watchOf(namespaces),
      {
        resource: pods,
        // The last pod to end is worth an early look.
        keys({ object, old }, { informer }) {
          const name = old?.metadata?.namespace ?? '';
          const ends =
            object === undefined &&
            informer(namespaces).get({ name })?.metadata?.deletionTimestamp !== undefined;
          return ends && informer(pods).list(name).length === 0 ? [{ name }] : [];
        },
      },
    ],
    async reconcile(key, context) {
      const namespace = context.informer(namespaces).get(key);
      if (namespace?.metadata?.deletionTimestamp === undefined) return undefined;
      if (!(namespace.spec?.finalizers ?? []).includes(finalizer)) return undefined;
      const content = served.list().filter((resource) => resource.namespaced);
      return await empty(namespace, content, context);
    },
  };
}

async function empty(
  namespace: Namespace,
  content: readonly Resource[],
  context: ControllerContext,
): Promise<number | undefined> {
  const name = namespace.metadata?.name ?? '';
  const podRemains = await clear(name, pods, context);
  const rest = content.filter((resource) => qualifiedName(resource) !== 'pods');
  const others =
    podRemains.count > 0 ? [] : await Promise.all(rest.map((resource) => clear(name, resource, context)));
  const remains = [podRemains, ...others].filter((each) => each.count > 0 || each.error !== undefined);
  const updated = await writeConditions(namespace, remains, context);
  if (remains.length === 0) {
    await finalize(updated, context);
    return undefined;
  }
  const failure = remains.find((each) => each.error !== undefined);
  if (failure !== undefined) throw new Error(textOf(failure.error));
  return (Math.max(...remains.map((each) => each.waitSeconds)) / 2 + 1) * 1000;
}

async function clear(namespace: string, resource: Resource, { client }: ControllerContext): Promise<Remains> {
  let error: unknown;
  try {
    const first = await client.list(resource, { namespace, limit: 1 });
    if (first.items.length === 0)
      return { resource, count: 0, finalizers: new Map(), waitSeconds: 0, error: undefined };
    await client.deleteCollection(resource, { namespace }, { propagationPolicy: 'Background' });
  } catch (failure) {
    // Kinds that are not served have no content.
    if (isNotFound(failure) || isStatusError(failure, 'MethodNotAllowed'))
      return { resource, count: 0, finalizers: new Map(), waitSeconds: 0, error: undefined };
    error = failure;
  }
  const { items } = await client.list(resource, { namespace });
  return remainsOf(resource, items, error);
}

function remainsOf(resource: Resource, items: readonly KubeObject[], error: unknown): Remains {
  const finalizers = new Map<string, number>();
  for (const item of items)
    for (const each of item.metadata?.finalizers ?? []) finalizers.set(each, (finalizers.get(each) ?? 0) + 1);
  const graces = qualifiedName(resource) === 'pods' ? (items as readonly Pod[]).map(graceOf) : [];
  return {
    resource,
    count: items.length,
    finalizers,
    waitSeconds: Math.max(finalizingSeconds, ...graces),
    error,
  };
}

function graceOf(pod: Pod): number {
  return pod.metadata?.deletionGracePeriodSeconds ?? pod.spec?.terminationGracePeriodSeconds ?? 30;
}

type Said = Pick<NamespaceCondition, 'type' | 'status' | 'reason' | 'message'>;

/** Kubernetes' five conditions of a namespace on its way out. */
export function conditionsOf(remains: readonly Remains[]): readonly Said[] {
  const failures = remains.filter((each) => each.error !== undefined);
  const left = remains.filter((each) => each.count > 0);
  const finalizers = new Map<string, number>();
  for (const each of left)
    for (const [name, count] of each.finalizers) finalizers.set(name, (finalizers.get(name) ?? 0) + count);
  return [
    say('NamespaceDeletionDiscoveryFailure', 'ResourcesDiscovered', 'All resources successfully discovered'),
    say(
      'NamespaceDeletionGroupVersionParsingFailure',
      'ParsedGroupVersions',
      'All legacy kube types successfully parsed',
    ),
    failures.length === 0
      ? say(
          'NamespaceDeletionContentFailure',
          'ContentDeleted',
          'All content successfully deleted, may be waiting on finalization',
        )
      : say(
          'NamespaceDeletionContentFailure',
          'ContentDeletionFailed',
          `Failed to delete all resource types, ${failures.length} remaining: ${failures.map((each) => textOf(each.error)).join(', ')}`,
          true,
        ),
    left.length === 0
      ? say('NamespaceContentRemaining', 'ContentRemoved', 'All content successfully removed')
      : say(
          'NamespaceContentRemaining',
          'SomeResourcesRemain',
          `Some resources are remaining: ${countTexts(left)}`,
          true,
        ),
    finalizers.size === 0
      ? say(
          'NamespaceFinalizersRemaining',
          'ContentHasNoFinalizers',
          'All content-preserving finalizers finished',
        )
      : say(
          'NamespaceFinalizersRemaining',
          'SomeFinalizersRemain',
          `Some content in the namespace has finalizers remaining: ${finalizerTexts(finalizers)}`,
          true,
        ),
  ];
}

function say(type: string, reason: string, message: string, holds = false): Said {
  return { type, status: holds ? 'True' : 'False', reason, message };
}

function countTexts(left: readonly Remains[]): string {
  const texts = left.map(
    ({ resource, count }) => `${resource.plural}.${resource.group} has ${count} resource instances`,
  );
  return texts.sort().join(', ');
}

function finalizerTexts(finalizers: ReadonlyMap<string, number>): string {
  return [...finalizers]
    .map(([name, count]) => `${name} in ${count} resource instances`)
    .sort()
    .join(', ');
}

async function writeConditions(
  namespace: Namespace,
  remains: readonly Remains[],
  { client, clock }: ControllerContext,
): Promise<Namespace> {
  const known = namespace.status?.conditions ?? [];
  const isFirst = known.length === 0 && remains.length === 0;
  if (isFirst) return namespace; // It goes at once: nobody would read them.
  const now = timeText(clock.now());
  const conditions = conditionsOf(remains).map((said) => {
    const old = known.find((each) => each.type === said.type);
    const same = old !== undefined && sameValue({ ...old, lastTransitionTime: undefined }, said);
    return same ? old : { ...said, lastTransitionTime: now };
  });
  if (sameValue(conditions, known)) return namespace;
  return await client.updateStatus(namespaces, { ...namespace, status: { ...namespace.status, conditions } });
}

async function finalize(namespace: Namespace, { client }: ControllerContext): Promise<void> {
  const finalizers = (namespace.spec?.finalizers ?? []).filter((each) => each !== finalizer);
  try {
    await client.updateSubresource(
      namespaces,
      { ...namespace, spec: { ...namespace.spec, finalizers } },
      'finalize',
    );
  } catch (error) {
    if (isConflict(error)) throw error;
    if (!isNotFound(error)) throw error;
  }
}
