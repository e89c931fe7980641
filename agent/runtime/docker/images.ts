import { Readable } from 'node:stream';
import { pack } from 'tar-stream';
import { RuntimeError, isRuntimeError, type RegistryAuth, type RuntimeImage } from '../driver.ts';
import { pauseProgram } from '../pause.ts';
import type { EngineApi } from './api.ts';
import { jsonLines } from './lines.ts';
import type { InspectedImage, ListedImage, ProgressLine } from './wire.ts';

/** Made here, never pulled. The tag changes when the program does. */
const pauseImage = { repository: 'flotilla/pause', tag: '1' } as const;

export class EngineImages {
  readonly #api: EngineApi;
  #pauseId: Promise<string> | undefined;

  constructor(api: EngineApi) {
    this.#api = api;
  }

  async list(signal: AbortSignal): Promise<RuntimeImage[]> {
    const images = await this.#api.json<ListedImage[]>('GET', '/images/json', { signal });
    return images
      .map(imageOf)
      .filter((image) => !image.tags.some((tag) => tag.includes(pauseImage.repository)));
  }

  async status(reference: string, signal: AbortSignal): Promise<RuntimeImage | undefined> {
    try {
      const path = `/images/${encodeURIComponent(reference)}/json`;
      return imageOf(await this.#api.json<InspectedImage>('GET', path, { signal }));
    } catch (error) {
      if (isRuntimeError(error, 'no-image') || isRuntimeError(error, 'not-found')) return undefined;
      throw error;
    }
  }

  async pull(reference: string, auth: RegistryAuth | undefined, signal: AbortSignal): Promise<string> {
    const headers = auth === undefined ? {} : { 'x-registry-auth': authHeader(auth) };
    const query = { fromImage: reference };
    await this.#progress('/images/create', { query, headers, signal }, () => undefined);
    const image = await this.status(reference, signal);
    if (image === undefined)
      throw new RuntimeError('no-image', `image ${reference} is not there after its pull`);
    return image.id;
  }

  async load(archive: Readable, onLine: (line: string) => void, signal: AbortSignal): Promise<void> {
    const call = { stream: archive, headers: { 'content-type': 'application/x-tar' }, signal };
    await this.#progress('/images/load', call, onLine);
  }

  async remove(reference: string, signal: AbortSignal): Promise<void> {
    try {
      await this.#api.json('DELETE', `/images/${encodeURIComponent(reference)}`, { signal });
    } catch (error) {
      if (!isRuntimeError(error, 'no-image') && !isRuntimeError(error, 'not-found')) throw error;
    }
  }

  /** The id of the image that sandboxes run; makes it at the first call. */
  pause(architecture: 'amd64' | 'arm64', signal: AbortSignal): Promise<string> {
    this.#pauseId ??= this.#makePause(architecture, signal).catch((error: unknown) => {
      this.#pauseId = undefined;
      throw error;
    });
    return this.#pauseId;
  }

  /** Somebody may have removed it meanwhile: the next call of `pause` looks again. */
  forgetPause(): void {
    this.#pauseId = undefined;
  }

  async removePause(signal: AbortSignal): Promise<void> {
    this.forgetPause();
    await this.remove(`${pauseImage.repository}:${pauseImage.tag}`, signal);
  }

  async #makePause(architecture: 'amd64' | 'arm64', signal: AbortSignal): Promise<string> {
    const reference = `${pauseImage.repository}:${pauseImage.tag}`;
    const present = await this.status(reference, signal);
    if (present !== undefined) return present.id;
    const archive = pack();
    archive.entry({ name: 'pause', mode: 0o755 }, pauseProgram(architecture));
    archive.finalize();
    const query = {
      fromSrc: '-',
      repo: pauseImage.repository,
      tag: pauseImage.tag,
      changes: 'ENTRYPOINT ["/pause"]',
    };
    const call = {
      query,
      stream: Readable.from(archive),
      headers: { 'content-type': 'application/x-tar' },
      signal,
    };
    await this.#progress('/images/create', call, () => undefined);
    const made = await this.status(reference, signal);
    if (made === undefined)
      throw new RuntimeError('no-image', `image ${reference} is not there after its import`);
    return made.id;
  }

  async #progress(
    path: string,
    call: Parameters<EngineApi['stream']>[2],
    onLine: (line: string) => void,
  ): Promise<void> {
    const response = await this.#api.stream('POST', path, call);
    for await (const line of jsonLines<ProgressLine>(response)) {
      if (line.error !== undefined) throw new RuntimeError('refused', line.error);
      const text = (line.stream ?? line.status ?? '').trim();
      if (text !== '') onLine(text);
    }
  }
}

function imageOf(image: InspectedImage): RuntimeImage {
  return {
    id: image.Id,
    tags: (image.RepoTags ?? []).filter((tag) => tag !== '<none>:<none>'),
    digests: (image.RepoDigests ?? []).filter((digest) => digest !== '<none>@<none>'),
    sizeBytes: image.Size ?? 0,
    user: image.Config?.User ?? '',
  };
}

function authHeader(auth: RegistryAuth): string {
  const body = {
    username: auth.username,
    password: auth.password,
    serveraddress: auth.serverAddress,
    identitytoken: auth.identityToken,
  };
  return Buffer.from(JSON.stringify(body)).toString('base64url');
}
