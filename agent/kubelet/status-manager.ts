import type { Client } from '../../openapi/client/client.ts';
import { pods } from '../../openapi/generated/resources.ts';
import type { Pod, PodStatus } from '../../openapi/generated/types.ts';
import type { Clock } from '../../openapi/machinery/clock.ts';
import type { Logger } from '../../openapi/machinery/log.ts';
import { isConflict, isNotFound } from '../../openapi/machinery/status.ts';
import { isDeleting, podRef } from './pod.ts';
import { statusPatch } from './status-patch.ts';

interface Entry {
  pod: Pod;
  /** What the API is known to have. */
  reported: PodStatus;
  /** Of the pod as our last call left it: an older copy says nothing about it. */
  revision: string;
  wanted: PodStatus;
  /** Nothing of the pod is left on this node: once its status is out, the pod itself may go. */
  finished: boolean;
  /** For good. */
  deleted: boolean;
  sending: boolean;
  failures: number;
}

export interface StatusManagerOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

const delayMsMin = 500;
const delayMsMax = 30_000;

/**
 * Brings pod statuses to the API: only what changed, the newest of a pod only, one call a pod at a time, until it succeeds.
 * A pod that is being deleted is deleted for good after its last status is out.
 */
export class StatusManager {
  readonly #options: StatusManagerOptions;
  readonly #entries = new Map<string, Entry>();

  constructor(options: StatusManagerOptions) {
    this.#options = options;
  }

  /** The newest status, sent or not. */
  get(uid: string): PodStatus | undefined {
    return this.#entries.get(uid)?.wanted;
  }

  set(pod: Pod, status: PodStatus): void {
    const entry = this.#entryOf(pod);
    entry.pod = pod;
    // Others write to it too: the node controller takes Ready from pods of a node that was silent, and we give it back.
    if (!entry.sending && isAsNew(pod, entry.revision)) entry.reported = pod.status ?? {};
    entry.wanted = status;
    this.#send(entry);
  }

  /** The pod has left nothing behind on this node. */
  finish(pod: Pod): void {
    const entry = this.#entryOf(pod);
    entry.pod = pod;
    entry.finished = true;
    this.#send(entry);
  }

  /** The pod is gone from the API. */
  forget(uid: string): void {
    this.#entries.delete(uid);
  }

  #entryOf(pod: Pod): Entry {
    const { uid } = podRef(pod);
    const known = this.#entries.get(uid);
    if (known !== undefined) return known;
    const status = pod.status ?? {};
    const entry = {
      pod,
      reported: status,
      wanted: status,
      finished: false,
      deleted: false,
      sending: false,
      failures: 0,
      revision: '',
    };
    this.#entries.set(uid, entry);
    return entry;
  }

  #send(entry: Entry): void {
    if (entry.sending) return;
    entry.sending = true;
    void this.#sendAll(entry);
  }

  /** `sending` ends in the same turn in which nothing was found left to send: what is set later begins anew. */
  async #sendAll(entry: Entry): Promise<void> {
    const { signal, clock } = this.#options;
    for (;;) {
      const call = this.#nextCall(entry);
      if (call === undefined || signal.aborted) break;
      try {
        await call();
        entry.failures = 0;
      } catch (error) {
        // Gone, or another pod of that name: the source will tell.
        if (isNotFound(error) || isConflict(error)) break;
        this.#tellFailure(entry, error);
        const delayMs = Math.min(delayMsMax, delayMsMin * 2 ** entry.failures);
        await clock.sleep(delayMs, signal).catch(() => undefined);
      }
    }
    entry.sending = false;
  }

  #tellFailure(entry: Entry, error: unknown): void {
    entry.failures += 1;
    if (entry.failures !== 4) return;
    const facts = { pod: podRef(entry.pod).name, error: String(error) };
    this.#options.log.log('warn', 'Cannot report a pod: trying on', facts);
  }

  /** The next thing to say; undefined when the API knows all. */
  #nextCall(entry: Entry): (() => Promise<void>) | undefined {
    const { client } = this.#options;
    const { name, namespace, uid } = podRef(entry.pod);
    if (this.#entries.get(uid) !== entry || entry.deleted) return undefined;
    const { wanted } = entry;
    const patch = statusPatch(uid, entry.reported, wanted);
    if (patch !== undefined) {
      return async () => {
        const options = { type: 'strategic', subresource: 'status' } as const;
        const after = await client.patch(pods, { namespace, name }, patch, options);
        entry.reported = wanted;
        entry.revision = after.metadata?.resourceVersion ?? '';
      };
    }
    if (!entry.finished || !isDeleting(entry.pod)) return undefined;
    return async () => {
      await client.delete(pods, { namespace, name }, { gracePeriodSeconds: 0, preconditions: { uid } });
      entry.deleted = true;
    };
  }
}

function isAsNew(pod: Pod, revision: string): boolean {
  const { resourceVersion = '' } = pod.metadata ?? {};
  if (!/^\d+$/.test(revision) || !/^\d+$/.test(resourceVersion)) return true;
  return BigInt(resourceVersion) >= BigInt(revision);
}
