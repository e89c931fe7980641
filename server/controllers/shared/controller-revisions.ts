import { keyOfObject } from '../../../openapi/client/object-cache.ts';
import { controllerRevisions } from '../../../openapi/generated/resources.ts';
import type { ControllerRevision, LabelSelector, PodTemplateSpec } from '../../../openapi/generated/types.ts';
import type { KubeObject } from '../../../openapi/machinery/object.ts';
import type { Resource } from '../../../openapi/machinery/resource.ts';
import { isNotFound } from '../../../openapi/machinery/status.ts';
import type { ControllerContext } from '../controller.ts';
import { claimObjects } from './claim.ts';
import { hashOf, sameValue } from './hash.ts';
import { controllerReference } from './watches.ts';

const hashLabel = 'controller-revision-hash';

interface Templated extends KubeObject {
  readonly spec?: {
    readonly selector?: LabelSelector;
    readonly template?: PodTemplateSpec;
    readonly revisionHistoryLimit?: number;
  };
  readonly status?: { readonly collisionCount?: number };
}

/** The history of an owner's template: all revisions, and the one that is the present template, made when there is none. */
export async function syncRevisions(
  context: ControllerContext,
  owner: Templated,
  resource: Resource,
): Promise<{
  readonly current: ControllerRevision;
  readonly old: readonly ControllerRevision[];
  readonly created: boolean;
}> {
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
    const current = await context.client.create(
      controllerRevisions,
      newRevision(owner, resource, data, newest + 1),
    );
    return { current, old: claimed, created: true };
  }
  const old = claimed.filter((revision) => revision !== known);
  if (known.revision === newest) return { current: known, old, created: false };
  const patch = {
    metadata: { resourceVersion: known.metadata?.resourceVersion ?? '' },
    revision: newest + 1,
  };
  const current = await context.client.patch(controllerRevisions, keyOfObject(known), patch, {
    type: 'merge',
  });
  return { current, old, created: true };
}

export function hashOfRevision(revision: ControllerRevision): string {
  return revision.metadata?.labels?.[hashLabel] ?? '';
}

function newRevision(
  owner: Templated,
  resource: Resource,
  data: object,
  revision: number,
): ControllerRevision {
  const { name = '', namespace = '', annotations } = owner.metadata ?? {};
  const hash = hashOf(data, owner.status?.collisionCount);
  return {
    apiVersion: 'apps/v1',
    kind: 'ControllerRevision',
    metadata: {
      name: `${name}-${hash}`,
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
  isLive: (hash: string) => boolean,
): Promise<void> {
  const idle = old
    .filter((revision) => !isLive(hashOfRevision(revision)))
    .sort((a, b) => a.revision - b.revision);
  for (const revision of idle.slice(0, Math.max(0, idle.length - limit)))
    await client.delete(controllerRevisions, keyOfObject(revision)).catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
    });
}
