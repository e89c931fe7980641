import type { Informer } from '../../../openapi/client/informer.ts';
import { keyOfObject } from '../../../openapi/client/object-cache.ts';
import type { Clock } from '../../../openapi/machinery/clock.ts';
import type { KubeObject } from '../../../openapi/machinery/object.ts';

/** An informer that does not show what was asked for in this time is not waited for any longer. */
const patienceMs = 300_000;

interface Expected {
  readonly deadlineMs: number;
  /** The newest of what was created. */
  resourceVersion: string | undefined;
  readonly deletions: Map<string, KubeObject>;
}

/**
 * Remembers per key what a controller wrote and its informer may not show yet, so that a second run does not do
 * the same again: creations by their resourceVersion, deletions by uid.
 */
export class Expectations {
  readonly #clock: Clock;
  readonly #expected = new Map<string, Expected>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  expectCreated(key: string, created: KubeObject): void {
    const expected = this.#of(key);
    const version = created.metadata?.resourceVersion ?? '0';
    if (expected.resourceVersion === undefined || BigInt(version) > BigInt(expected.resourceVersion))
      expected.resourceVersion = version;
  }

  expectDeleted(key: string, object: KubeObject): void {
    this.#of(key).deletions.set(object.metadata?.uid ?? '', object);
  }

  /** True when `informer` shows all that was written under `key`, or the patience has ended. */
  settled(key: string, informer: Informer<KubeObject>): boolean {
    const expected = this.#expected.get(key);
    if (expected === undefined) return true;
    for (const [uid, object] of expected.deletions) {
      const now = informer.get(keyOfObject(object));
      if (now?.metadata?.uid !== uid || now.metadata.deletionTimestamp !== undefined)
        expected.deletions.delete(uid);
    }
    const covered = expected.resourceVersion === undefined || informer.covers(expected.resourceVersion);
    const late = this.#clock.monotonic() > expected.deadlineMs;
    if (!late && (!covered || expected.deletions.size > 0)) return false;
    this.#expected.delete(key);
    return true;
  }

  forget(key: string): void {
    this.#expected.delete(key);
  }

  #of(key: string): Expected {
    const known = this.#expected.get(key);
    if (known !== undefined) return known;
    const fresh: Expected = {
      deadlineMs: this.#clock.monotonic() + patienceMs,
      resourceVersion: undefined,
      deletions: new Map(),
    };
    this.#expected.set(key, fresh);
    return fresh;
  }
}
