import { afterAll, describe, expect, it } from '@jest/globals';
import { stat } from 'node:fs/promises';
import { systemClock } from '../../../openapi/machinery/clock.ts';
import { silentLogger } from '../../../openapi/machinery/log.ts';
import { temporaryDirectory } from '../../../test/fixtures/temporary-directory.ts';
import { describeStorage } from '../../../test/suites/storage.ts';
import type { JsonStore } from './json-store.ts';
import { openJsonStore, type JsonStoreOptions } from './open.ts';

const removals: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const remove of removals) await remove();
});

async function directory(): Promise<string> {
  const { path, remove } = await temporaryDirectory('store');
  removals.push(remove);
  return path;
}

function open(path: string, options: Partial<JsonStoreOptions> = {}): Promise<JsonStore> {
  return openJsonStore({
    directory: path,
    clock: systemClock,
    log: silentLogger,
    segmentBytes: 1024 * 1024,
    ...options,
  });
}

describeStorage('the JSON store', async () => open(await directory(), { segmentBytes: 16 * 1024 * 1024 }));
