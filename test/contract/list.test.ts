import { beforeEach, describe, expect, it } from '@jest/globals';
import { createTestClient, refusal, type TestClient } from './client.ts';

const path = '/api/v1/namespaces/default/configmaps';
const table = 'application/json;as=Table;v=v1;g=meta.k8s.io';

interface List {
  readonly metadata: {
    readonly resourceVersion: string;
    readonly continue?: string;
    readonly remainingItemCount?: number;
  };
  readonly items: readonly { readonly kind?: string; readonly metadata: { readonly name: string } }[];
}

let api: TestClient;
beforeEach(async () => {
  api = createTestClient();
  for (const name of ['a', 'b', 'c', 'd', 'e']) {
    const labels = { k: 'ace'.includes(name) ? 'odd' : 'even' };
    await api.post(path, { metadata: { name, labels }, data: { k: name } });
  }
});

async function list(query: string): Promise<List> {
  return (await api.get(`${path}${query}`)).body as List;
}
async function names(query: string): Promise<string> {
  return (await list(query)).items.map((item) => item.metadata.name).join(' ');
}

describe('a list', () => {
  it('holds all in the order of their names, without kinds', async () => {
    const { items, metadata } = await list('');
    expect(items.map((item) => item.metadata.name)).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(items.every((item) => item.kind === undefined)).toBe(true);
    expect(metadata.resourceVersion).toMatch(/^\d+$/);
  });

  const selections = [
    ['labelSelector=k%3Dodd', 'a c e'],
    ['labelSelector=k!%3Dodd', 'b d'],
    ['labelSelector=k%20in%20(odd,x)', 'a c e'],
    ['labelSelector=none', ''],
    ['fieldSelector=metadata.name%3Db', 'b'],
    ['fieldSelector=metadata.name!%3Db', 'a c d e'],
    ['labelSelector=k%3Dodd&fieldSelector=metadata.name!%3Da', 'c e'],
  ] as const;
  for (const [query, want] of selections) {
    it(`with ${decodeURIComponent(query)} holds "${want}"`, async () => {
      expect(await names(`?${query}`)).toBe(want);
    });
  }

  it('comes in pages that show the state of the first', async () => {
    const first = await list('?limit=2');
    expect(first.metadata.remainingItemCount).toBe(3);
    await api.delete(`${path}/c`);
    await api.post(path, { metadata: { name: 'ca' } });
    const second = await list(`?limit=2&continue=${first.metadata.continue ?? ''}`);
    expect(second.items.map((item) => item.metadata.name)).toEqual(['c', 'd']);
    expect(second.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
    const third = await list(`?limit=2&continue=${second.metadata.continue ?? ''}`);
    expect(third.items.map((item) => item.metadata.name)).toEqual(['e']);
    expect(third.metadata.continue).toBeUndefined();
  });

  it('whose state is gone says how to go on', async () => {
    const first = await list('?limit=2');
    await api.post(path, { metadata: { name: 'f' } });
    await api.fixture.storage.compact(api.fixture.storage.revision);
    const gone = await api.get(`${path}?limit=9&continue=${first.metadata.continue ?? ''}`);
    expect(refusal(gone)).toMatchObject({ code: 410, reason: 'Expired' });
    const token = (gone.body as List).metadata.continue ?? '';
    expect(await names(`?limit=9&continue=${token}`)).toBe('c d e f');
  });

  it('at an exact revision shows the past', async () => {
    const { metadata } = await list('');
    await api.delete(`${path}/a`);
    const query = `?resourceVersion=${metadata.resourceVersion}&resourceVersionMatch=Exact`;
    expect(await names(query)).toBe('a b c d e');
  });

  const refused = [
    ['limit=x', 400, /strconv.ParseInt: parsing "x": invalid syntax/],
    ['labelSelector=a%20b', 400, /unable to parse requirement/],
    ['fieldSelector=data.k%3Da', 400, /"data.k" is not a known field selector/],
    ['continue=!!!', 400, /continue key is not valid/],
    ['resourceVersion=abc', 400, /invalid resource version/],
    [
      'resourceVersionMatch=Exact',
      422,
      /resourceVersionMatch is forbidden unless resourceVersion is provided/,
    ],
    ['sendInitialEvents=true', 422, /sendInitialEvents is forbidden for list/],
  ] as const;
  for (const [query, code, text] of refused) {
    it(`with ${query} is refused with ${code}`, async () => {
      const answer = refusal(await api.get(`${path}?${query}`));
      expect(answer.code).toBe(code);
      expect(answer.message).toMatch(text);
    });
  }

  it('has the forms of a Table and of metadata alone', async () => {
    const rows = (await api.get(path, { accept: table })).body as {
      kind: string;
      rows: { cells: unknown[] }[];
    };
    expect([rows.kind, rows.rows.length, rows.rows[0]?.cells[0]]).toEqual(['Table', 5, 'a']);
    const accept = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';
    expect((await api.get(path, { accept })).body).toMatchObject({
      kind: 'PartialObjectMetadataList',
      items: [{ kind: 'PartialObjectMetadata', metadata: { name: 'a' } }, {}, {}, {}, {}],
    });
  });

  it('is compressed when it is long and the client can read that', async () => {
    for (let index = 0; index < 3; index++) {
      await api.post(path, { metadata: { name: `long-${index}` }, data: { k: 'x'.repeat(100_000) } });
    }
    const long = await api.get(path, { 'accept-encoding': 'gzip' });
    expect(long.headers['content-encoding']).toBe('gzip');
    expect((long.body as List).items).toHaveLength(8);
    const short = await api.get(`${path}/a`, { 'accept-encoding': 'gzip' });
    expect(short.headers['content-encoding']).toBeUndefined();
  });
});
