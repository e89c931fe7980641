import { isDeepStrictEqual } from 'node:util';
import type { KubeObject } from '../../openapi/machinery/object.ts';

/**
 * What mutating webhooks did in one request. When one of them changes the object, all mutating plugins run once more, and of the
 * webhooks those that wish so and ran before the change.
 */
export class Reinvocation {
  readonly #called = new Set<string>();
  readonly #due = new Set<string>();
  #isAgain = false;
  #isWanted = false;
  #last: KubeObject | undefined;

  get isAgain(): boolean {
    return this.#isAgain;
  }

  /** True once, when the plugins have to run again. */
  begin(): boolean {
    if (this.#isAgain || !this.#isWanted) return false;
    this.#isAgain = true;
    return true;
  }

  /** To be called before webhooks of the second round: whether other plugins changed the object since the first. */
  compare(object: KubeObject | undefined): void {
    if (this.#isAgain && !isDeepStrictEqual(object, this.#last)) this.#requireCalled();
  }

  mayCall(id: string): boolean {
    return !this.#isAgain || this.#due.has(id);
  }

  /** `wishesAgain`: the webhook wants to see what later ones make of the object. */
  called(id: string, outcome: { readonly changed: boolean; readonly wishesAgain: boolean }): void {
    if (outcome.changed) {
      this.#requireCalled();
      this.#isWanted = true;
    }
    if (outcome.wishesAgain) this.#called.add(id);
  }

  end(object: KubeObject | undefined): void {
    this.#last = object;
  }

  #requireCalled(): void {
    for (const id of this.#called) this.#due.add(id);
    this.#called.clear();
  }
}
