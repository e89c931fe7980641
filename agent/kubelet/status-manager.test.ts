import { describe, expect, it } from '@jest/globals';
import type { Client } from '../../openapi/client/client.ts';
import { createFakeApi } from '../../openapi/client/fake.ts';
import { pods } from '../../openapi/generated/resources.ts';
import type { Pod } from '../../openapi/generated/types.ts';
import { silentLogger } from '../../openapi/machinery/log.ts';
import { FakeClock } from '../../test/fakes/clock.ts';
import { StatusManager } from './status-manager.ts';

const key = { namespace: 'default', name: 'web' };

function ready(status: 'True' | 'False'): NonNullable<Pod['status']> {
  return { phase: 'Running', conditions: [{ type: 'Ready', status }] };
}

describe('StatusManager', () => {
  it('gives a pod back what another one took from its status', async () => {
    const clock = new FakeClock();
    const { client: fake } = createFakeApi({ clock });
    // The fake has no strategic patch; with one condition, a merge does the same.
    const client: Client = {
      ...fake,
      patch: (resource, at, patch, options) => fake.patch(resource, at, patch, { ...options, type: 'merge' }),
    };
    const statuses = new StatusManager({
      client,
      clock,
      log: silentLogger,
      signal: new AbortController().signal,
    });
    const spec = { containers: [{ name: 'web', image: 'web' }] };
    await client.create(pods, { metadata: key, spec });
    const settled = async (): Promise<Pod> => {
      for (let turn = 0; turn < 50; turn++) await Promise.resolve();
      return await client.get(pods, key);
    };

    statuses.set(await client.get(pods, key), ready('True'));
    expect((await settled()).status?.conditions?.[0]?.status).toBe('True');
    const taken = await client.updateStatus(pods, {
      ...(await client.get(pods, key)),
      status: ready('False'),
    });
    statuses.set(taken, ready('True'));
    expect((await settled()).status?.conditions?.[0]?.status).toBe('True');
  });
});
