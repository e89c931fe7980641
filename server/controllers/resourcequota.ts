import { keyOfObject, keyText } from '../../openapi/client/object-cache.ts';
import { resourceQuotas } from '../../openapi/generated/resources.ts';
import type { ResourceQuota } from '../../openapi/generated/types.ts';
import type { KubeObject, ObjectKey } from '../../openapi/machinery/object.ts';
import type { Resource } from '../../openapi/machinery/resource.ts';
import { readAmounts, sameAmounts, sumAmounts, writeAmounts, type Amounts } from '../quota/amounts.ts';
import { evaluatorOf } from '../quota/evaluators.ts';
import { growth, recount } from '../quota/recount.ts';
import { mayRelease } from '../quota/release.ts';
import type { Controller, ControllerContext, Watch } from './controller.ts';
import { chooseServed, followServed, type ServedResources } from './shared/served.ts';

/** All quotas are counted anew so often: a write that was charged and then failed gives its share back then at the latest. */
const resyncMs = 300_000;
/** A write that was charged is stored, and seen here, after this time. */
const flightMs = 500;
/** A quota is not counted more often. */
const restMs = 100;

interface Recent {
  readonly atMs: number;
  readonly amounts: Amounts;
}

/** What is known of one quota between two counts. */
interface Memory {
  countedMs: number;
  charges: readonly Recent[];
}

/**
 * Keeps the status of quotas: their limits, and what the objects of their namespace use. Admission charges new objects by itself; here
 * it is counted what goes, and what comes before a quota does. Charges of a moment ago are added to what is counted, since their
 * objects may not be there yet: too much is put right by the next count, too little would let quotas be exceeded.
 */
export function createResourceQuotaController({ served }: { readonly served: ServedResources }): Controller {
  const counted = chooseServed(served, (all) =>
    all.filter((resource) => resource.namespaced && evaluatorOf(resource) !== undefined),
  );
  const memories = new Map<string, Memory>();
  return {
    name: 'resourcequota',
    watches: [watchQuotas(memories), ...counted.list().map(watchReleases)],
    follow: (start) => followServed(counted, watchReleases, start),
    async reconcile(key, context) {
      const quota = context.informer(resourceQuotas).get(key);
      const memory = memories.get(keyText(key));
      if (quota === undefined || memory === undefined) return undefined;
      const nowMs = context.clock.monotonic();
      const restedMs = nowMs - memory.countedMs;
      if (restedMs < restMs) return restMs - restedMs;
      memory.countedMs = nowMs;
      memory.charges = memory.charges.filter(({ atMs }) => nowMs - atMs < flightMs);
      const all = counted.list();
      const seen = all.filter((resource) => context.informer(resource).synced);
      const used = recount(quota, {
        resources: seen,
        list: (resource, namespace) => context.informer(resource).list(namespace),
        now: context.clock.now(),
      });
      const isNew = !sameAmounts(readAmounts(quota.spec?.hard), readAmounts(quota.status?.hard));
      const { charges } = memory;
      await writeStatus(quota, withCharges(used, charges), context);
      const isSettled = !isNew && charges.length === 0 && seen.length === all.length;
      return isSettled ? resyncMs : flightMs;
    },
  };
}

function withCharges(used: Amounts, charges: readonly Recent[]): Amounts {
  return charges.reduce((sum, { amounts }) => sumAmounts(sum, amounts), used);
}

/** A quota is counted when it is new or has other limits. That it was charged is only remembered. */
function watchQuotas(memories: Map<string, Memory>): Watch<ResourceQuota> {
  return {
    resource: resourceQuotas,
    keys({ object, old }, { clock }) {
      if (object === undefined) {
        if (old !== undefined) memories.delete(keyText(keyOfObject(old)));
        return [];
      }
      const key = keyOfObject(object);
      const memory = memories.get(keyText(key)) ?? { countedMs: -Infinity, charges: [] };
      memories.set(keyText(key), memory);
      if (old === undefined) return [key];
      const amounts = growth(readAmounts(old.status?.used), readAmounts(object.status?.used));
      if (amounts.size > 0)
        memory.charges = [...memory.charges, { atMs: clock.monotonic(), amounts }].slice(-chargesMax);
      return sameAmounts(readAmounts(object.spec?.hard), readAmounts(old.spec?.hard)) ? [] : [key];
    },
  };
}

/** Each is a write of the quota: in half a second there are not more. */
const chargesMax = 10_000;

function watchReleases(resource: Resource): Watch {
  return {
    resource,
    keys(change, context) {
      const changed = change.object ?? change.old;
      if (changed === undefined || !mayRelease(resource, change, context.clock.now())) return [];
      return quotasOf(resource, changed, context);
    },
  };
}

/** The quotas of the object's namespace that count its resource. */
function quotasOf(resource: Resource, object: KubeObject, context: ControllerContext): readonly ObjectKey[] {
  const evaluator = evaluatorOf(resource);
  return context
    .informer(resourceQuotas)
    .list(object.metadata?.namespace ?? '')
    .filter(({ spec }) => Object.keys(spec?.hard ?? {}).some((name) => evaluator?.counts(name) === true))
    .map(keyOfObject);
}

async function writeStatus(
  quota: ResourceQuota,
  used: Amounts,
  { client }: ControllerContext,
): Promise<void> {
  const hard = readAmounts(quota.spec?.hard);
  const isKnown =
    quota.status?.hard !== undefined &&
    quota.status.used !== undefined &&
    sameAmounts(readAmounts(quota.status.hard), hard) &&
    sameAmounts(readAmounts(quota.status.used), used);
  if (isKnown) return;
  const status = { hard: quota.spec?.hard ?? {}, used: writeAmounts(used) };
  await client.updateStatus(resourceQuotas, { ...quota, status });
}
