import { keyOfObject } from '../../../openapi/client/object-cache.ts';
import { controllerRevisions } from '../../../openapi/generated/resources.ts';
import type { ControllerRevision, LabelSelector, PodTemplateSpec } from '../../../openapi/generated/types.ts';
import type { KubeObject } from '../../../openapi/machinery/object.ts';
import type { Resource } from '../../../openapi/machinery/resource.ts';
import { isNotFound, isStatusError } from '../../../openapi/machinery/status.ts';
import type { ControllerContext } from '../controller.ts';
import { claimObjects } from './claim.ts';
import { hashOf, sameValue } from './hash.ts';
import { controllerOf, controllerReference } from './watches.ts';

/** Collisions that are stepped over in one run. */
const collisionsMax = 100;

interface Templated extends KubeObject {
  readonly spec?: {
    readonly selector?: LabelSelector;
    readonly template?: PodTemplateSpec;
    readonly revisionHistoryLimit?: number;
  };
  readonly status?: { readonly collisionCount?: number };
}

export interface HistoryOptions {
  readonly owner: Templated;
  readonly resource: Resource;
  /** The label of a revision that holds its hash. */
  readonly hashLabel: string;
}

export interface History {
  /** The revision of the present template. */
  readonly current: ControllerRevision;
  /** All others. */
  readonly old: readonly ControllerRevision[];
  /** How often a revision of another template had the name: to be kept in the owner's status. */
  readonly collisionCount: number;
  /** The informer may not show `current` yet. */
  readonly written: boolean;
}

/** The history of an owner's template; the revision of the present one is made when there is none, and the newest when there is. */
export async function syncRevisions(context: ControllerContext, options: HistoryOptions): Promise<History> {
  const { owner, resource } = options;
  const collisionCount = owner.status?.collisionCount ?? 0;
  const claimed = await claimObjects(context, {
    owner,
    ownerResource: resource,
    resource: controllerRevisions,
    selector: owner.spec?.selector,
  });
  const data = { spec: { template: { ...owner.spec?.template, $patch: 'replace' } } };
  const newest = Math.max(0, ...claimed.map((revision) => revision.revision));
  const known = [...claimed]
    .sort((a, b) => b.revision - a.revision)
    .find((revision) => sameValue(revision.data, data));
  if (known === undefined) {
    const created = await createRevision(context, options, { data, revision: newest + 1 });
    return { ...created, old: claimed, written: true };
  }
  const old = claimed.filter((revision) => revision !== known);
  if (known.revision === newest) return { current: known, old, collisionCount, written: false };
  const patch = {
    metadata: { resourceVersion: known.metadata?.resourceVersion ?? '' },
    revision: newest + 1,
  };
  const current = await context.client.patch(controllerRevisions, keyOfObject(known), patch, {
    type: 'merge',
  });
  return { current, old, collisionCount, written: true };
}

/** A name that is taken by another template's revision is stepped over; one that is ours already is taken up. */
async function createRevision(
  { client }: ControllerContext,
  options: HistoryOptions,
  content: { readonly data: object; readonly revision: number },
): Promise<Pick<History, 'current' | 'collisionCount'>> {
  let collisionCount = options.owner.status?.collisionCount ?? 0;
  for (;;) {
    const wanted = newRevision(options, content, collisionCount);
    try {
      return { current: await client.create(controllerRevisions, wanted), collisionCount };
    } catch (error) {
      if (!isStatusError(error, 'AlreadyExists') || collisionCount >= collisionsMax) throw error;
    }
    const present = await client.get(controllerRevisions, keyOfObject(wanted));
    const isOurs = controllerOf(present)?.uid === options.owner.metadata?.uid;
    if (isOurs && sameValue(present.data, wanted.data)) return { current: present, collisionCount };
    collisionCount += 1;
  }
}

export function hashOfRevision(revision: ControllerRevision, hashLabel: string): string {
  return revision.metadata?.labels?.[hashLabel] ?? '';
}

function newRevision(
  { owner, resource, hashLabel }: HistoryOptions,
  { data, revision }: { readonly data: object; readonly revision: number },
  collisionCount: number,
): ControllerRevision {
  const { name = '', namespace = '', annotations } = owner.metadata ?? {};
  const hash = hashOf(data, collisionCount === 0 ? undefined : collisionCount);
  return {
    apiVersion: 'apps/v1',
    kind: 'ControllerRevision',
    metadata: {
      name: `${name.slice(0, 223)}-${hash}`,
      namespace,
      labels: { ...owner.spec?.template?.metadata?.labels, [hashLabel]: hash },
      ...(annotations === undefined ? {} : { annotations }),
      ownerReferences: [controllerReference(owner, resource)],
    },
    data,
    revision,
  };
}

/** Old revisions that no pod runs go beyond the limit, the oldest first. */
export async function trimRevisions(
  { client }: ControllerContext,
  old: readonly ControllerRevision[],
  limit: number,
  isLive: (revision: ControllerRevision) => boolean,
): Promise<void> {
  const idle = old.filter((revision) => !isLive(revision)).sort((a, b) => a.revision - b.revision);
  for (const revision of idle.slice(0, Math.max(0, idle.length - limit)))
    await client.delete(controllerRevisions, keyOfObject(revision)).catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
    });
}
