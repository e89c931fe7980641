import { keyOfObject, keyText } from '../../openapi/client/object-cache.ts';
import { cronJobs, jobs } from '../../openapi/generated/resources.ts';
import type { CronJob, CronJobStatus, Job } from '../../openapi/generated/types.ts';
import { timeText } from '../../openapi/machinery/clock.ts';
import { parseSchedule, zoneOfSchedule, type CronSchedule } from '../../openapi/machinery/cron-schedule.ts';
import type { Resource } from '../../openapi/machinery/resource.ts';
import { isNotFound, isStatusError } from '../../openapi/machinery/status.ts';
import { isTimeZone, localTimeZone } from '../../openapi/machinery/time-zone.ts';
import type { Controller, ControllerContext } from './controller.ts';
import { dueInMs, jobName, jobOf, lastDue, surplusJobs } from './shared/cron-plan.ts';
import { isNamespaceTerminating, textOf } from './shared/errors.ts';
import { Expectations } from './shared/expectations.ts';
import { sameValue } from './shared/hash.ts';
import { isJobFinished, jobCondition } from './shared/job-state.ts';
import { controllerOf, watchControlled, watchOf } from './shared/watches.ts';

/** Longer waits are cut, since timers have a limit: nothing is due then, and the next wait begins. */
const waitMsMax = 24 * 3_600_000;
/** What the controller writes, and reads again through informers. */
const written = [cronJobs, jobs] as readonly Resource[];

/** Starts a Job whenever a CronJob's schedule is due, and keeps the history of them short. */
export function createCronJobController(): Controller {
  let expectations: Expectations | undefined;
  const schedules = new Map<string, string>();
  return {
    name: 'cronjob',
    watches: [watchOf(cronJobs), watchControlled(jobs, cronJobs)],
    async reconcile(key, context) {
      expectations ??= new Expectations(context.clock);
      const cronJob = context.informer(cronJobs).get(key);
      const name = keyText(key);
      if (cronJob === undefined) {
        schedules.delete(name);
        for (const { plural } of written) expectations.forget(`${name} ${plural}`);
        return undefined;
      }
      for (const resource of written)
        if (!expectations.settled(`${name} ${resource.plural}`, context.informer(resource))) return 1000;
      const text = `${cronJob.spec.timeZone ?? ''} ${cronJob.spec.schedule}`;
      // What a new schedule would have started before it came is not made up for.
      const isChanged = (schedules.get(name) ?? text) !== text;
      schedules.set(name, text);
      return await new CronSync(cronJob, context, expectations).run(isChanged);
    },
  };
}

type JobReference = NonNullable<CronJobStatus['active']>[number];

class CronSync {
  readonly #cronJob: CronJob;
  readonly #context: ControllerContext;
  readonly #expectations: Expectations;
  readonly #key: string;
  #active: readonly JobReference[];
  #lastScheduleTime: string | undefined;
  #lastSuccessfulTime: string | undefined;

  constructor(cronJob: CronJob, context: ControllerContext, expectations: Expectations) {
    this.#cronJob = cronJob;
    this.#context = context;
    this.#expectations = expectations;
    this.#key = keyText(keyOfObject(cronJob));
    this.#active = cronJob.status?.active ?? [];
    this.#lastScheduleTime = cronJob.status?.lastScheduleTime;
    this.#lastSuccessfulTime = cronJob.status?.lastSuccessfulTime;
  }

  async run(isScheduleNew: boolean): Promise<number | undefined> {
    const uid = this.#cronJob.metadata?.uid ?? '';
    const owned = this.#context
      .informer(jobs)
      .ownedBy(uid)
      .filter((job) => controllerOf(job)?.uid === uid);
    for (const job of surplusJobs(this.#cronJob, owned)) await this.#delete(job);
    this.#note(owned);
    try {
      return await this.#start(isScheduleNew);
    } finally {
      await this.#writeStatus();
    }
  }

  /** Takes what became of the Jobs into the status. */
  #note(owned: readonly Job[]): void {
    for (const job of owned) {
      const { name = '', uid = '' } = job.metadata ?? {};
      const isListed = this.#active.some((each) => each.uid === uid);
      if (!isJobFinished(job)) {
        if (!isListed)
          this.#event(
            'Warning',
            'UnexpectedJob',
            `Saw a job that the controller did not create or forgot: ${name}`,
          );
        continue;
      }
      const isComplete = jobCondition(job, 'Complete') !== undefined;
      if (isListed) {
        this.#unlist(uid);
        const condition = isComplete ? 'Complete' : 'Failed';
        this.#event('Normal', 'SawCompletedJob', `Saw completed job: ${name}, condition: ${condition}`);
      }
      const endedAt = job.status?.completionTime;
      // Times of this form compare as text.
      if (isComplete && endedAt !== undefined && endedAt > (this.#lastSuccessfulTime ?? ''))
        this.#lastSuccessfulTime = endedAt;
    }
    const known = new Set(owned.map((job) => job.metadata?.uid));
    for (const { name = '', uid = '' } of this.#active.filter((each) => !known.has(each.uid))) {
      this.#event('Normal', 'MissingJob', `Active job went missing: ${name}`);
      this.#unlist(uid);
    }
  }

  /** Starts what is due; gives the wait for the next time. */
  async #start(isScheduleNew: boolean): Promise<number | undefined> {
    const { metadata, spec } = this.#cronJob;
    if (metadata?.deletionTimestamp !== undefined) return undefined;
    if (spec.timeZone !== undefined && !isTimeZone(spec.timeZone)) {
      const text = `invalid timeZone: ${JSON.stringify(spec.timeZone)}: unknown time zone ${spec.timeZone}`;
      this.#event('Warning', 'UnknownTimeZone', text);
      return undefined;
    }
    if (spec.suspend === true) return undefined;
    const schedule = this.#schedule();
    if (schedule === undefined) return undefined;
    const zone = this.#zone();
    if (!isScheduleNew) await this.#startDue(schedule, zone);
    const status = { lastScheduleTime: this.#lastScheduleTime };
    const started = { ...this.#cronJob, status } as CronJob;
    const waitMs = dueInMs(started, schedule, { nowMs: this.#context.clock.now(), zone });
    return waitMs === undefined ? undefined : Math.min(Math.max(waitMs, 1), waitMsMax);
  }

  #schedule(): CronSchedule | undefined {
    const { schedule: text } = this.#cronJob.spec;
    if (text.includes('TZ'))
      this.#event(
        'Warning',
        'UnsupportedSchedule',
        `CRON_TZ or TZ used in schedule ${JSON.stringify(text)} is not officially supported, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details`,
      );
    const schedule = parseSchedule(text);
    if (typeof schedule !== 'string') return schedule;
    const message = `unparseable schedule: ${JSON.stringify(text)} : ${schedule}`;
    this.#event('Warning', 'UnparseableSchedule', message);
    return undefined;
  }

  #zone(): string {
    const { schedule, timeZone } = this.#cronJob.spec;
    const zone = zoneOfSchedule(schedule) ?? timeZone;
    return zone !== undefined && isTimeZone(zone) ? zone : localTimeZone();
  }

  async #startDue(schedule: CronSchedule, zone: string): Promise<void> {
    const { spec } = this.#cronJob;
    const nowMs = this.#context.clock.now();
    const { dueMs, missed, problem } = lastDue(this.#cronJob, schedule, { nowMs, zone, heedsDeadline: true });
    if (problem !== undefined)
      this.#event('Warning', 'InvalidSchedule', `invalid schedule: ${spec.schedule} : ${problem}`);
    if (dueMs === undefined) return;
    if (missed === 'many')
      this.#event(
        'Warning',
        'TooManyMissedTimes',
        'too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew',
      );
    const deadlineSeconds = spec.startingDeadlineSeconds;
    if (deadlineSeconds !== undefined && dueMs + deadlineSeconds * 1000 < nowMs) {
      const when = new Date(dueMs).toUTCString().replace('GMT', '+0000');
      this.#event('Warning', 'MissSchedule', `Missed scheduled time to start a job: ${when}`);
      return;
    }
    const name = jobName(this.#cronJob, dueMs);
    const isStarted =
      this.#active.some((each) => each.name === name) || this.#lastScheduleTime === timeText(dueMs);
    if (isStarted || !(await this.#makeRoom())) return;
    await this.#create(dueMs);
  }

  /** False when a Job still runs that must not be joined by another. */
  async #makeRoom(): Promise<boolean> {
    const { concurrencyPolicy } = this.#cronJob.spec;
    if (concurrencyPolicy === 'Forbid' && this.#active.length > 0) {
      this.#event(
        'Normal',
        'JobAlreadyActive',
        'Not starting job because prior execution is running and concurrency policy is Forbid',
      );
      return false;
    }
    if (concurrencyPolicy !== 'Replace') return true;
    for (const { name = '', namespace = '' } of this.#active) {
      const job = this.#context.informer(jobs).get({ namespace, name });
      if (job !== undefined && !(await this.#delete(job)))
        throw new Error(`could not replace job ${namespace}/${name}`);
    }
    return true;
  }

  async #create(dueMs: number): Promise<void> {
    const { client } = this.#context;
    const wanted = jobOf(this.#cronJob, dueMs);
    let job: Job;
    try {
      job = await client.create(jobs, wanted);
      this.#event('Normal', 'SuccessfulCreate', `Created job ${job.metadata?.name ?? ''}`);
    } catch (error) {
      if (isNamespaceTerminating(error)) return;
      if (!isStatusError(error, 'AlreadyExists')) {
        this.#event('Warning', 'FailedCreate', `Error creating job: ${textOf(error)}`);
        throw error;
      }
      // Ours, when we made it and did not come to write the status; another's is not our business.
      job = await client.get(jobs, keyOfObject(wanted));
      const { uid } = this.#cronJob.metadata ?? {};
      if (controllerOf(job)?.uid !== uid || this.#active.some((each) => each.uid === job.metadata?.uid))
        return;
    }
    this.#expectations.expectCreated(`${this.#key} ${jobs.plural}`, job);
    const { name = '', namespace = '', uid = '', resourceVersion = '' } = job.metadata ?? {};
    const reference = { kind: 'Job', namespace, name, uid, apiVersion: 'batch/v1', resourceVersion };
    this.#active = [...this.#active, reference];
    this.#lastScheduleTime = timeText(dueMs);
  }

  /** False when it failed, which was told. */
  async #delete(job: Job): Promise<boolean> {
    const { name = '', uid = '' } = job.metadata ?? {};
    const key = `${this.#key} ${jobs.plural}`;
    this.#expectations.expectDeleted(key, job);
    try {
      await this.#context.client.delete(jobs, keyOfObject(job), {
        propagationPolicy: 'Background',
        preconditions: { uid },
      });
    } catch (error) {
      if (!isNotFound(error)) {
        this.#expectations.forget(key);
        this.#event('Warning', 'FailedDelete', `Deleted job: ${textOf(error)}`);
        return false;
      }
    }
    this.#unlist(uid);
    this.#event('Normal', 'SuccessfulDelete', `Deleted job ${name}`);
    return true;
  }

  async #writeStatus(): Promise<void> {
    const status: CronJobStatus = {
      ...(this.#active.length === 0 ? {} : { active: this.#active }),
      ...(this.#lastScheduleTime === undefined ? {} : { lastScheduleTime: this.#lastScheduleTime }),
      ...(this.#lastSuccessfulTime === undefined ? {} : { lastSuccessfulTime: this.#lastSuccessfulTime }),
    };
    if (sameValue(status, this.#cronJob.status ?? {})) return;
    const updated = await this.#context.client.updateStatus(cronJobs, { ...this.#cronJob, status });
    this.#expectations.expectCreated(`${this.#key} ${cronJobs.plural}`, updated);
  }

  #unlist(uid: string): void {
    this.#active = this.#active.filter((each) => each.uid !== uid);
  }

  #event(type: 'Normal' | 'Warning', reason: string, message: string): void {
    this.#context.events.event(this.#cronJob, type, reason, message);
  }
}
