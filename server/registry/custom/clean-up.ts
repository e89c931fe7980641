import { customResourceDefinitions } from '../../../openapi/generated/resources.ts';
import type { CustomResourceDefinition } from '../../../openapi/generated/types.ts';
import { isNotFound } from '../../../openapi/machinery/status.ts';
import { cleanupFinalizer } from '../apiextensions/cleanup-finalizer.ts';
import { deleteStored } from '../generic/objects.ts';
import type { PathOptions } from '../generic/path.ts';
import { listPrefix } from '../keys.ts';
import { objectOf, storedResource } from '../stored.ts';
import type { Objects, Registered } from '../strategy.ts';
import { isTrue, withCondition, type Finding } from './conditions.ts';
import { customResources } from './objects.ts';

interface CleanUpOptions extends PathOptions {
  readonly objects: Objects;
  readonly signal: AbortSignal;
}

const lookMs = 500;

/** Whether the objects of the definition must go now. */
export function isDue({ metadata }: CustomResourceDefinition): boolean {
  return metadata?.deletionTimestamp !== undefined && (metadata.finalizers ?? []).includes(cleanupFinalizer);
}

/** Deletes the objects of a definition that is being deleted, waits until they are gone, and lets the definition go. */
export async function cleanUp(options: CleanUpOptions, name: string): Promise<void> {
  const { objects } = options;
  const definition = await objects.get(customResourceDefinitions, { name });
  if (definition === undefined || !isDue(definition)) return;
  await say(options, name, {
    type: 'Terminating',
    status: 'True',
    reason: 'InstanceDeletionInProgress',
    message: 'CustomResource deletion is in progress',
  });
  const established = isTrue(definition, 'Established');
  if (established) await deleteObjects(options, definition);
  await say(
    options,
    name,
    established
      ? {
          type: 'Terminating',
          status: 'False',
          reason: 'InstanceDeletionCompleted',
          message: 'removed all instances',
        }
      : {
          type: 'Terminating',
          status: 'False',
          reason: 'NeverEstablished',
          message: 'resource was never established',
        },
  );
  await letGo(options, name);
}

async function say({ objects, clock }: CleanUpOptions, name: string, finding: Finding): Promise<void> {
  await objects.update(customResourceDefinitions, { name }, (current) =>
    withCondition(current, finding, clock.now()),
  );
}

/** Objects with finalizers stay until whoever set these has taken them away. */
async function deleteObjects(options: CleanUpOptions, definition: CustomResourceDefinition): Promise<void> {
  const { storage, clock, signal } = options;
  const registered = anyVersion(definition, signal);
  if (registered === undefined) return;
  const prefix = listPrefix(storedResource(registered), '');
  for (;;) {
    const { items } = await storage.list(prefix);
    if (items.length === 0) return;
    for (const item of items) {
      signal.throwIfAborted();
      const { metadata = {} } = objectOf(registered, item);
      if (metadata.deletionTimestamp === undefined) await deleteOne(options, registered, metadata);
    }
    if ((await storage.count(prefix)) === 0) return;
    await clock.sleep(lookMs, signal);
  }
}

/** Any version will do, one that is not served too. */
function anyVersion(
  { spec, ...rest }: CustomResourceDefinition,
  signal: AbortSignal,
): Registered | undefined {
  const versions = spec.versions.map((version) => ({ ...version, served: true }));
  return customResources({ ...rest, spec: { ...spec, versions } }, signal)[0];
}

async function deleteOne(
  options: CleanUpOptions,
  registered: Registered,
  { name = '', namespace }: { readonly name?: string; readonly namespace?: string },
): Promise<void> {
  const { objects } = options;
  try {
    await deleteStored(options, { registered, objects }, { name, namespace }, { wish: {}, dryRun: false });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

async function letGo({ objects }: CleanUpOptions, name: string): Promise<void> {
  const key = { name };
  const { metadata } = await objects.update(customResourceDefinitions, key, (current) => {
    const { finalizers = [], ...rest } = current.metadata ?? {};
    const left = finalizers.filter((each) => each !== cleanupFinalizer);
    return { ...current, metadata: left.length === 0 ? rest : { ...rest, finalizers: left } };
  });
  if ((metadata?.finalizers ?? []).length === 0) await objects.delete(customResourceDefinitions, key, {});
}
