import { resourceQuotas } from '../../../openapi/generated/resources.ts';
import type { Clock } from '../../../openapi/machinery/clock.ts';
import { qualifiedName } from '../../../openapi/machinery/resource.ts';
import { conflict, isConflict, isNotFound } from '../../../openapi/machinery/status.ts';
import { sameAmounts, writeAmounts } from '../../quota/amounts.ts';
import { charge, standingOf, type Standing } from '../../quota/charge.ts';
import type { Evaluator } from '../../quota/evaluator.ts';
import { evaluatorOf } from '../../quota/evaluators.ts';
import type { Accounts, Lookup } from '../lookup.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../plugin.ts';
import { refused } from '../refused.ts';

export interface QuotaDependencies {
  readonly lookup: Lookup;
  readonly accounts: Accounts;
  readonly clock: Pick<Clock, 'now'>;
}

/** How often a quota is read anew when somebody else wrote it between. */
const attemptsMax = 10;

/** A write that waits to be charged. */
interface Waiter {
  readonly request: AdmissionRequest;
  readonly evaluator: Evaluator;
  /** Without an error: the write may go on. */
  settle(error?: Error): void;
}

/**
 * Charges a write to the quotas of its namespace before it is stored, so that writes at the same time never exceed them together. A
 * namespace's writes are charged one after the other, and those that wait meanwhile with one write of the quota. When a write fails
 * later, its share comes back as the controller counts anew.
 */
export function resourceQuota(given: QuotaDependencies): AdmissionPlugin {
  const lines = new Map<string, Waiter[]>();

  async function workOff(namespace: string, line: Waiter[]): Promise<void> {
    while (line.length > 0) {
      const batch = line.splice(0);
      try {
        await chargeAll(given, namespace, batch);
      } catch (error) {
        for (const waiter of batch) waiter.settle(error as Error);
      }
    }
    lines.delete(namespace);
  }

  return {
    name: 'ResourceQuota',
    operations: ['CREATE', 'UPDATE'],
    async validate(request) {
      const evaluator = await concernedEvaluator(given.lookup, request);
      if (evaluator === undefined) return;
      await new Promise<void>((resolve, reject) => {
        const settle = (error?: Error): void => {
          if (error === undefined) resolve();
          else reject(error);
        };
        const waiter = { request, evaluator, settle };
        const line = lines.get(request.namespace);
        if (line !== undefined) {
          line.push(waiter);
          return;
        }
        const first = [waiter];
        lines.set(request.namespace, first);
        void workOff(request.namespace, first);
      });
    },
  };
}

async function concernedEvaluator(lookup: Lookup, request: AdmissionRequest): Promise<Evaluator | undefined> {
  const { resource, namespace, operation, subresource, object, oldObject } = request;
  if (namespace === '' || object === undefined || qualifiedName(resource) === 'namespaces') return undefined;
  const evaluator = evaluatorOf(resource);
  if (evaluator?.handles({ operation, subresource, object, oldObject }) !== true) return undefined;
  const quotas = await lookup.list(resourceQuotas, namespace);
  return quotas.length === 0 ? undefined : evaluator;
}

/** Settles every waiter. Quotas that were written meanwhile are read anew, for those that are not charged to them yet. */
async function chargeAll(
  given: QuotaDependencies,
  namespace: string,
  batch: readonly Waiter[],
): Promise<void> {
  let open: readonly Waiter[] = batch;
  let names: ReadonlySet<string> | undefined;
  for (let attempt = 1; ; attempt++) {
    const quotas = await given.lookup.list(resourceQuotas, namespace);
    const before = quotas.filter(({ metadata }) => names?.has(metadata?.name ?? '') ?? true).map(standingOf);
    const { after, charged } = chargeEach(before, open, given.clock.now());
    open = charged;
    const failed = await writeUsage(given.accounts, before, after);
    if (failed.length === 0) break;
    if (attempt >= attemptsMax) throw failed[0]?.error;
    names = new Set(failed.map(({ name }) => name));
  }
  for (const waiter of open) waiter.settle();
}

/** Refuses or passes what needs no write of a quota; the others are `charged`. */
function chargeEach(
  before: readonly Standing[],
  waiters: readonly Waiter[],
  now: number,
): { readonly after: readonly Standing[]; readonly charged: readonly Waiter[] } {
  let after = before;
  const charged: Waiter[] = [];
  for (const waiter of waiters) {
    const { operation, subresource, object = {}, oldObject, dryRun } = waiter.request;
    const outcome = charge(after, waiter.evaluator, { operation, subresource, object, oldObject }, now);
    if ('refusal' in outcome) waiter.settle(refused(waiter.request, outcome.refusal));
    else if (dryRun || outcome.standings === after) waiter.settle();
    else {
      after = outcome.standings;
      charged.push(waiter);
    }
  }
  return { after, charged };
}

interface Failed {
  readonly name: string;
  readonly error: unknown;
}

async function writeUsage(
  accounts: Accounts,
  before: readonly Standing[],
  after: readonly Standing[],
): Promise<readonly Failed[]> {
  const changed = after.filter((each, i) => !sameAmounts(each.used, before[i]?.used ?? new Map()));
  const written = await Promise.all(changed.map((standing) => writeOne(accounts, standing)));
  return written.flatMap((each) => each ?? []);
}

async function writeOne(accounts: Accounts, { quota, used }: Standing): Promise<Failed | undefined> {
  const { name = '', namespace, resourceVersion } = quota.metadata ?? {};
  try {
    await accounts.update(resourceQuotas, { namespace, name }, (current) => {
      if (current.metadata?.resourceVersion !== resourceVersion)
        throw conflict(resourceQuotas, name, 'the quota has been modified');
      return { ...current, status: { ...current.status, used: writeAmounts(used) } };
    });
    return undefined;
  } catch (error) {
    if (isConflict(error) || isNotFound(error)) return { name, error };
    throw error;
  }
}
