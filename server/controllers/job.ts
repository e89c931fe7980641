import { keyOfObject, keyText } from '../../openapi/client/object-cache.ts';
import { jobs, pods } from '../../openapi/generated/resources.ts';
import type { Job, Pod } from '../../openapi/generated/types.ts';
import type { ObjectKey } from '../../openapi/machinery/object.ts';
import { isNotFound } from '../../openapi/machinery/status.ts';
import type { Controller, ControllerContext } from './controller.ts';
import { claimObjects } from './shared/claim.ts';
import { isNamespaceTerminating, textOf } from './shared/errors.ts';
import { Expectations } from './shared/expectations.ts';
import { sameValue } from './shared/hash.ts';
import { keepBooks, type Books } from './shared/job-books.ts';
import { deadlineInMs, outcomeOf, type Outcome } from './shared/job-outcome.ts';
import { failureDelayMs, jobPod, planPods } from './shared/job-pods.ts';
import {
  endedAtMs,
  isJobFinished,
  isManagedElsewhere,
  isTracked,
  jobCondition,
  trackingFinalizer,
} from './shared/job-state.ts';
import { release } from './shared/job-release.ts';
import { jobStatus } from './shared/job-status.ts';
import { selects } from './shared/selectors.ts';
import { slowStart } from './shared/slow-start.ts';
import { controllerOf, watchControlled, watchMapped, watchOf } from './shared/watches.ts';

const unsettledMs = 30_000;

interface Failures {
  readonly count: number;
  readonly lastMs: number;
  /** The pods that are in the count. */
  readonly uids: ReadonlySet<string>;
}

/** Runs a Job's pods to completion, and counts each of them once. */
export function createJobController(): Controller {
  let expectations: Expectations | undefined;
  const failures = new Map<string, Failures>();
  return {
    name: 'job',
    watches: [watchOf(jobs), watchControlled(pods, jobs), watchMapped(pods, jobsOfOrphan)],
    async reconcile(key, context) {
      expectations ??= new Expectations(context.clock);
      const job = context.informer(jobs).get(key);
      await releaseStrangers(key, job, context);
      if (job !== undefined && isManagedElsewhere(job)) return undefined;
      if (job === undefined) {
        expectations.forget(keyText(key));
        failures.delete(keyText(key));
        return undefined;
      }
      if (isJobFinished(job)) {
        await releaseRest(job, context);
        return undefined;
      }
      return await new JobSync(job, context, expectations, failures).run();
    },
  };
}

function jobsOfOrphan(pod: Pod, context: ControllerContext): readonly ObjectKey[] {
  if (controllerOf(pod) !== undefined || pod.metadata?.deletionTimestamp !== undefined) return [];
  return context
    .informer(jobs)
    .list(pod.metadata?.namespace)
    .filter((job) => selects(job.spec?.selector, pod.metadata?.labels))
    .map(keyOfObject);
}

/** Pods of a Job that is gone, also when another has its name: nobody will count them. */
async function releaseStrangers(
  key: ObjectKey,
  job: Job | undefined,
  context: ControllerContext,
): Promise<void> {
  if (job !== undefined) return;
  const left = context
    .informer(pods)
    .list(key.namespace)
    .filter((pod) => {
      const owner = controllerOf(pod);
      return owner?.kind === 'Job' && owner.name === key.name && isTracked(pod);
    });
  for (const pod of left) await release(pod, context);
}

async function releaseRest(job: Job, context: ControllerContext): Promise<void> {
  const owned = context.informer(pods).ownedBy(job.metadata?.uid ?? '');
  for (const pod of owned.filter(isTracked)) await release(pod, context);
}

class JobSync {
  readonly #job: Job;
  readonly #context: ControllerContext;
  readonly #expectations: Expectations;
  readonly #failures: Map<string, Failures>;
  readonly #key: string;

  constructor(
    job: Job,
    context: ControllerContext,
    expectations: Expectations,
    failures: Map<string, Failures>,
  ) {
    this.#job = job;
    this.#context = context;
    this.#expectations = expectations;
    this.#failures = failures;
    this.#key = keyText(keyOfObject(job));
  }

  async run(): Promise<number | undefined> {
    const job = this.#job;
    const nowMs = this.#context.clock.now();
    const settled = this.#expectations.settled(this.#key, this.#context.informer(pods));
    const claimed = await claimObjects(this.#context, {
      owner: job,
      ownerResource: jobs,
      resource: pods,
      selector: job.spec?.selector,
      finalizer: trackingFinalizer,
    });
    const first = keepBooks(job, claimed, undefined);
    const outcome = outcomeOf(job, claimed, first, nowMs);
    const books = outcome === undefined ? first : keepBooks(job, claimed, outcome.type);
    this.#noteFailures(books);
    const manages = settled && job.metadata?.deletionTimestamp === undefined;
    const managed = manages
      ? await this.#manage(books, outcome)
      : { created: 0, deleted: 0, waitMs: undefined, error: undefined };
    await this.#writeStatus(books, outcome, managed);
    for (const pod of books.release) await release(pod, this.#context);
    if (managed.error !== undefined)
      throw managed.error instanceof Error ? managed.error : new Error(textOf(managed.error));
    const waits = [managed.waitMs, deadlineInMs(job, nowMs), settled ? undefined : unsettledMs].filter(
      (wait) => wait !== undefined && wait > 0,
    );
    return waits.length === 0 ? undefined : Math.min(...(waits as number[]));
  }

  async #manage(
    books: Books,
    outcome: Outcome | undefined,
  ): Promise<{ created: number; deleted: number; waitMs: number | undefined; error: unknown }> {
    if (outcome !== undefined) {
      // They keep their finalizer until they are in the books as failed.
      const deleted = await this.#deletePods(books.active);
      return { created: 0, deleted, waitMs: undefined, error: undefined };
    }
    const plan = planPods(this.#job, books, this.#context.clock.now());
    // What is too many through no fault of its own does not count as failed.
    for (const pod of plan.remove) await release(pod, this.#context);
    const deleted = await this.#deletePods(plan.remove);
    const waitMs = plan.create.length === 0 ? plan.waitMs : this.#failureDelayMs();
    if (plan.create.length === 0 || (waitMs !== undefined && waitMs > 0))
      return { created: 0, deleted, waitMs, error: undefined };
    const { succeeded, error } = await slowStart(plan.create.length, (i) =>
      this.#createPod(plan.create[i], books),
    );
    return {
      created: succeeded,
      deleted,
      waitMs: undefined,
      error: isNamespaceTerminating(error) ? undefined : error,
    };
  }

  async #createPod(index: number | undefined, { replaced }: Books): Promise<void> {
    const { client, events } = this.#context;
    try {
      const created = await client.create(pods, jobPod(this.#job, index, replaced.get(index ?? -1)));
      this.#expectations.expectCreated(this.#key, created);
      events.event(this.#job, 'Normal', 'SuccessfulCreate', `Created pod: ${created.metadata?.name ?? ''}`);
    } catch (error) {
      if (!isNamespaceTerminating(error))
        events.event(this.#job, 'Warning', 'FailedCreate', `Error creating: ${textOf(error)}`);
      throw error;
    }
  }

  async #deletePods(doomed: readonly Pod[]): Promise<number> {
    const { client, events } = this.#context;
    const results = await Promise.all(
      doomed.map(async (pod) => {
        const { uid = '', name = '' } = pod.metadata ?? {};
        this.#expectations.expectDeleted(this.#key, pod);
        try {
          await client.delete(pods, keyOfObject(pod), { preconditions: { uid } });
          events.event(this.#job, 'Normal', 'SuccessfulDelete', `Deleted pod: ${name}`);
        } catch (error) {
          if (isNotFound(error)) return 1;
          this.#expectations.forget(this.#key);
          events.event(this.#job, 'Warning', 'FailedDelete', `Error deleting: ${textOf(error)}`);
          throw error;
        }
        return 1;
      }),
    );
    return results.length;
  }

  /** New pods wait longer after each failure since the last success. */
  #noteFailures({ newlySucceeded, newlyFailed }: Books): void {
    if (this.#job.spec?.backoffLimitPerIndex !== undefined) return;
    const lastSuccessMs = Math.max(...newlySucceeded.map(endedAtMs));
    if (newlySucceeded.length > 0) this.#failures.delete(this.#key);
    const known = this.#failures.get(this.#key) ?? { count: 0, lastMs: 0, uids: new Set() };
    const news = newlyFailed.filter(
      (pod) => endedAtMs(pod) > lastSuccessMs && !known.uids.has(pod.metadata?.uid ?? ''),
    );
    if (news.length === 0) return;
    this.#failures.set(this.#key, {
      count: known.count + news.length,
      lastMs: Math.max(known.lastMs, ...news.map(endedAtMs)),
      uids: new Set([...known.uids, ...news.map((pod) => pod.metadata?.uid ?? '')]),
    });
  }

  #failureDelayMs(): number | undefined {
    const failures = this.#failures.get(this.#key);
    if (failures === undefined) return undefined;
    return failures.lastMs + failureDelayMs(failures.count) - this.#context.clock.now();
  }

  async #writeStatus(
    books: Books,
    outcome: Outcome | undefined,
    changed: { readonly created: number; readonly deleted: number },
  ): Promise<void> {
    const job = this.#job;
    const status = jobStatus(job, { books, outcome, ...changed, nowMs: this.#context.clock.now() });
    if (sameValue(status, job.status)) return;
    const written = await this.#context.client.updateStatus(jobs, { ...job, status });
    this.#tell(written);
  }

  #tell(written: Job): void {
    const { events } = this.#context;
    const turned = (type: string): boolean =>
      jobCondition(written, type) !== undefined && jobCondition(this.#job, type) === undefined;
    const failed = jobCondition(written, 'Failed');
    const { completions = Infinity } = written.spec ?? {};
    if (turned('Complete') && (written.status?.succeeded ?? 0) > completions)
      events.event(
        written,
        'Warning',
        'TooManySucceededPods',
        'Too many succeeded pods running after completion count reached',
      );
    if (turned('Complete')) events.event(written, 'Normal', 'Completed', 'Job completed');
    if (turned('Failed')) events.event(written, 'Warning', failed?.reason ?? '', failed?.message ?? '');
    if (turned('Suspended')) events.event(written, 'Normal', 'Suspended', 'Job suspended');
    const wasSuspended = jobCondition(this.#job, 'Suspended') !== undefined;
    if (wasSuspended && jobCondition(written, 'Suspended') === undefined)
      events.event(written, 'Normal', 'Resumed', 'Job resumed');
  }
}
