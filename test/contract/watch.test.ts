import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { ApiResponse } from '../../openapi/client/transport.ts';
import { readLines } from '../../openapi/client/body.ts';
import { createTestClient, type TestClient } from './client.ts';

const path = '/api/v1/namespaces/default/configmaps';

interface Event {
  readonly type: string;
  readonly object: {
    readonly code?: number;
    readonly metadata: {
      readonly name?: string;
      readonly resourceVersion?: string;
      readonly annotations?: object;
    };
  };
}

let api: TestClient;
let over: AbortController;
beforeEach(() => {
  api = createTestClient();
  over = new AbortController();
});
afterEach(() => {
  over.abort();
});

/** Opens a watch; the function that it returns waits for so many events. */
async function watch(query: string): Promise<(count: number) => Promise<readonly Event[]>> {
  const transport = api.fixture.transport({ name: 'admin', groups: ['system:masters'] });
  const response: ApiResponse = await transport.request({
    method: 'GET',
    url: `${path}?watch=true${query}`,
    headers: {},
    signal: over.signal,
  });
  expect(response.status).toBe(200);
  const lines = readLines(response.body, 1 << 20);
  return async (count) => {
    const events: Event[] = [];
    while (events.length < count) {
      const line = await lines.next();
      if (line.done === true) break;
      events.push(JSON.parse(line.value) as Event);
    }
    return events;
  };
}

function brief(events: readonly Event[]): readonly string[] {
  return events.map(({ type, object }) => `${type} ${object.metadata.name ?? ''}`.trim());
}

async function revision(): Promise<string> {
  return ((await api.get(path)).body as { metadata: { resourceVersion: string } }).metadata.resourceVersion;
}

describe('a watch', () => {
  it('tells the present state, then what happens', async () => {
    await api.post(path, { metadata: { name: 'a' } });
    const next = await watch('');
    expect(brief(await next(1))).toEqual(['ADDED a']);
    await api.post(path, { metadata: { name: 'b' } });
    await api.patch(`${path}/a`, { data: { k: 'v' } });
    await api.delete(`${path}/b`);
    expect(brief(await next(3))).toEqual(['ADDED b', 'MODIFIED a', 'DELETED b']);
  });

  it('from a revision tells what came after it', async () => {
    await api.post(path, { metadata: { name: 'a' } });
    const from = await revision();
    await api.post(path, { metadata: { name: 'b' } });
    await api.delete(`${path}/a`);
    const next = await watch(`&resourceVersion=${from}`);
    expect(brief(await next(2))).toEqual(['ADDED b', 'DELETED a']);
  });

  it('tells of a deletion with its own revision', async () => {
    await api.post(path, { metadata: { name: 'a' } });
    const next = await watch(`&resourceVersion=${await revision()}`);
    await api.delete(`${path}/a`);
    const [event] = await next(1);
    expect(event?.object.metadata.resourceVersion).toBe(await revision());
  });

  it('sees an object enter and leave its selector', async () => {
    await api.post(path, { metadata: { name: 'in', labels: { k: 'v' } } });
    await api.post(path, { metadata: { name: 'out' } });
    const next = await watch(`&labelSelector=k%3Dv&resourceVersion=${await revision()}`);
    await api.patch(`${path}/out`, { data: { a: '1' } });
    await api.patch(`${path}/out`, { metadata: { labels: { k: 'v' } } });
    await api.patch(`${path}/in`, { metadata: { labels: null } });
    await api.delete(`${path}/in`);
    await api.delete(`${path}/out`);
    expect(brief(await next(3))).toEqual(['ADDED out', 'DELETED in', 'DELETED out']);
  });

  it('marks the end of the present state when it may send bookmarks', async () => {
    await api.post(path, { metadata: { name: 'a' } });
    const next = await watch(
      '&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true',
    );
    const events = await next(2);
    expect(events.map(({ type }) => type)).toEqual(['ADDED', 'BOOKMARK']);
    expect(events[1]?.object.metadata.annotations).toEqual({ 'k8s.io/initial-events-end': 'true' });
    expect(events[1]?.object.metadata.resourceVersion).toBe(await revision());
  });

  it('from a revision that is gone tells so and ends', async () => {
    const next = await watch('&resourceVersion=1');
    const events = await next(9);
    expect(events).toMatchObject([
      { type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } },
    ]);
  });

  it('ends when its time is over', async () => {
    const next = await watch('&timeoutSeconds=1');
    expect(await next(1)).toEqual([]);
  });

  it('of several tells all the same in the same order', async () => {
    const nexts = await Promise.all(Array.from({ length: 10 }, () => watch('')));
    await Promise.all(
      Array.from({ length: 20 }, (_each, index) => api.post(path, { metadata: { name: `n${index}` } })),
    );
    const seen = await Promise.all(nexts.map(async (next) => brief(await next(20)).join()));
    expect(new Set(seen).size).toBe(1);
  });
});
