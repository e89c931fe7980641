import type { Container, Pod } from '../../openapi/generated/types.ts';
import type { Clock } from '../../openapi/machinery/clock.ts';
import type { RuntimeDriver, RuntimeImage } from '../runtime/driver.ts';
import type { VolumeSources } from '../volumes/plugin.ts';
import { BackOff } from './back-off.ts';
import { parseImage, type ImageReference } from './image-reference.ts';
import { podRef } from './pod.ts';
import { normal, warning, type PodEvents } from './pod-events.ts';
import { findPullAuth } from './pull-secrets.ts';

export type ImageErrorReason =
  'InvalidImageName' | 'ErrImageNeverPull' | 'ErrImagePull' | 'ImagePullBackOff' | 'ImageInspectError';

/** `reason` is what the waiting container shows, the message its message. */
export class ImageError extends Error {
  override readonly name = 'ImageError';
  readonly reason: ImageErrorReason;
  /** Try again after this long. */
  readonly retryMs: number;

  constructor(reason: ImageErrorReason, message: string, retryMs: number) {
    super(message);
    this.reason = reason;
    this.retryMs = retryMs;
  }
}

export interface ImagesOptions {
  readonly driver: RuntimeDriver;
  readonly sources: VolumeSources;
  readonly events: PodEvents;
  readonly clock: Clock;
  readonly parallelPulls: number;
}

const otherErrorRetryMs = 30_000;

/** Makes sure that a container's image is here, by its pull policy. */
export class Images {
  readonly #options: ImagesOptions;
  readonly #backOff = new BackOff();
  readonly #lastErrors = new Map<string, string>();
  readonly #waiting: (() => void)[] = [];
  #pulling = 0;

  constructor(options: ImagesOptions) {
    this.#options = options;
  }

  /** Rejects with ImageError. Events tell the user what happens. */
  async ensure(pod: Pod, container: Container, signal: AbortSignal): Promise<RuntimeImage> {
    const name = container.image ?? '';
    const reference = parseImage(name);
    const { events } = this.#options;
    if (reference === undefined) {
      const message = `Failed to apply default image tag ${JSON.stringify(name)}: couldn't parse image name ${JSON.stringify(name)}: invalid reference format`;
      events.container(pod, container.name, warning('InspectFailed', message));
      throw new ImageError('InvalidImageName', message, otherErrorRetryMs);
    }
    const policy =
      container.imagePullPolicy ?? (reference.full.endsWith(':latest') ? 'Always' : 'IfNotPresent');
    const present =
      policy === 'Always' ? undefined : await this.#options.driver.imageStatus(reference.full, signal);
    if (present !== undefined) {
      const message = `Container image ${JSON.stringify(name)} already present on machine and can be accessed by the pod`;
      events.container(pod, container.name, normal('Pulled', message));
      return present;
    }
    if (policy === 'Never') {
      const message = `Container image ${JSON.stringify(name)} is not present with pull policy of Never`;
      events.container(pod, container.name, warning('ErrImageNeverPull', message));
      throw new ImageError('ErrImageNeverPull', message, otherErrorRetryMs);
    }
    return await this.#pull(pod, container, reference, signal);
  }

  forget(podUid: string): void {
    this.#backOff.forget(`${podUid}_`);
    for (const key of this.#lastErrors.keys()) if (key.startsWith(`${podUid}_`)) this.#lastErrors.delete(key);
  }

  async #pull(
    pod: Pod,
    container: Container,
    reference: ImageReference,
    signal: AbortSignal,
  ): Promise<RuntimeImage> {
    const { clock, driver, events, sources } = this.#options;
    const key = `${podRef(pod).uid}_${reference.full}`;
    const image = JSON.stringify(container.image ?? '');
    const waitMs = this.#backOff.waitMs(key, this.#backOff.updatedMs(key), clock.now());
    if (waitMs > 0) {
      const message = `Back-off pulling image ${image}`;
      events.container(pod, container.name, normal('BackOff', message));
      const last = this.#lastErrors.get(key);
      throw new ImageError('ImagePullBackOff', last === undefined ? message : `${message}: ${last}`, waitMs);
    }
    events.container(pod, container.name, normal('Pulling', `Pulling image ${image}`));
    const askedMs = clock.monotonic();
    await this.#takeTurn();
    try {
      const startedMs = clock.monotonic();
      const auth = await findPullAuth(pod, reference, sources);
      await driver.pullImage(reference.full, auth, signal);
      const status = await driver.imageStatus(reference.full, signal);
      if (status === undefined) throw new Error(`image ${reference.full} is not there after its pull`);
      const tookText = secondsText(clock.monotonic() - startedMs);
      const message = `Successfully pulled image ${image} in ${tookText} (${secondsText(clock.monotonic() - askedMs)} including waiting). Image size: ${status.sizeBytes} bytes.`;
      events.container(pod, container.name, normal('Pulled', message));
      return status;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      events.container(pod, container.name, warning('Failed', `Failed to pull image ${image}: ${reason}`));
      this.#backOff.next(key, clock.now(), clock.now());
      this.#lastErrors.set(key, `ErrImagePull: ${reason}`);
      throw new ImageError('ErrImagePull', reason, this.#backOff.delayMs(key));
    } finally {
      this.#giveTurn();
    }
  }

  async #takeTurn(): Promise<void> {
    if (this.#pulling >= this.#options.parallelPulls)
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#pulling += 1;
  }

  #giveTurn(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#pulling -= 1;
    else next();
  }
}

/** Go's text of a duration cut to milliseconds: "1.204s", "35ms". */
function secondsText(ms: number): string {
  const whole = Math.floor(ms);
  if (whole < 1000) return `${whole}ms`;
  const minutes = Math.floor(whole / 60_000);
  const seconds = `${(whole % 60_000) / 1000}s`;
  return minutes === 0 ? seconds : `${minutes}m${seconds}`;
}
