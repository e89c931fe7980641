import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { schemaOfDefinition } from '../../generated/schemas.ts';
import type { JsonObject, JsonValue } from '../json.ts';
import { applyObject, type Applied } from './apply.ts';
import { everyField } from './field-filter.ts';
import { noManagers, writeManagers, type Managers } from './managers.ts';
import { mergeTypeOf } from './schema-type.ts';
import { updateManagers, type Versioned, type Write } from './updater.ts';
import { elementText } from './path-element.ts';

const pod = mergeTypeOf(schemaOfDefinition('io.k8s.api.core.v1.Pod'));

function versioned(object: JsonObject): Versioned {
  return { object, type: pod, apiVersion: 'v1' };
}

function writeBy(manager: string, time = '2026-01-01T00:00:00Z'): Write {
  return { manager, subresource: '', time, filter: everyField, convert: () => undefined };
}

interface State {
  readonly object: JsonObject;
  readonly managers: Managers;
}

const nothing: State = { object: {}, managers: noManagers };

function apply(manager: string, { object, managers }: State, applied: JsonObject, force = false): Applied {
  const result = applyObject(writeBy(manager), versioned(object), applied, { managers, force });
  if ('conflicts' in result) {
    const texts = result.conflicts.map(
      (each) => `${each.manager.manager}${each.path.map(elementText).join('')}`,
    );
    throw new Error(texts.join(' '));
  }
  return { ...result, object: (settled(result.object) ?? {}) as JsonObject };
}

/** As decoding leaves it: nothing that is empty. */
function settled(value: JsonValue | undefined): JsonValue | undefined {
  if (typeof value !== 'object' || value === null) return value ?? undefined;
  if (Array.isArray(value)) {
    const items = (value as readonly JsonValue[]).map((item) => settled(item) ?? null);
    return items.length === 0 ? undefined : items;
  }
  const members = Object.entries(value).flatMap(([key, member]) => {
    const kept = settled(member);
    return kept === undefined ? [] : [[key, kept] as const];
  });
  return members.length === 0 ? undefined : Object.fromEntries(members);
}

function update(manager: string, state: State, object: JsonObject): State {
  const managers = updateManagers(
    writeBy(manager),
    versioned(state.object),
    versioned(object),
    state.managers,
  );
  return { object, managers };
}

function fieldsOf({ managers }: State): Readonly<Record<string, unknown>> {
  return Object.fromEntries([...managers.values()].map(({ manager, fields }) => [manager, fields]));
}

const spec = (...containers: readonly JsonObject[]): JsonObject => ({ spec: { containers } });

describe('applyObject()', () => {
  it('owns what is applied, elements of lists by their keys', () => {
    const state = apply('one', nothing, {
      metadata: { labels: { l: '1' }, finalizers: ['a'] },
      spec: { nodeSelector: { n: '1' }, containers: [{ name: 'a', args: ['x'] }] },
    });
    expect(fieldsOf(state)['one']).toEqual({
      'f:metadata': { 'f:finalizers': { 'v:"a"': {} }, 'f:labels': { 'f:l': {} } },
      'f:spec': {
        'f:containers': { 'k:{"name":"a"}': { '.': {}, 'f:args': {}, 'f:name': {} } },
        'f:nodeSelector': {},
      },
    });
  });

  it('takes away what the applier applies no more, and nobody else owns', () => {
    const first = apply(
      'one',
      nothing,
      spec({ name: 'a', image: 'a' }, { name: 'b', image: 'b' }, { name: 'c' }),
    );
    const shared = apply('two', first, spec({ name: 'b' }));
    const left = apply('one', shared, spec({ name: 'c' }));
    expect(left.object).toEqual(spec({ name: 'b' }, { name: 'c' }));
  });

  it('leaves what nobody owns, and what somebody has written since', () => {
    const first = apply(
      'one',
      { object: { spec: { hostname: 'h' } }, managers: noManagers },
      spec({ name: 'a' }),
    );
    const object = { spec: { hostname: 'h', containers: [{ name: 'a' }, { name: 'b' }] } };
    const written = update('two', first, object);
    expect(apply('one', written, {}).object).toEqual({
      spec: { hostname: 'h', containers: [{ name: 'b' }] },
    });
  });

  it('tells of every field of others that would change, unless forced', () => {
    const first = apply('one', nothing, { spec: { hostname: 'h', containers: [{ name: 'a', image: 'a' }] } });
    const wish = { spec: { hostname: 'i', containers: [{ name: 'a', image: 'b' }] } };
    expect(() => apply('two', first, wish)).toThrow('one.spec.hostname one.spec.containers[name="a"].image');
    const forced = apply('two', first, wish, true);
    expect(fieldsOf(forced)['one']).toEqual({
      'f:spec': { 'f:containers': { 'k:{"name":"a"}': { '.': {}, 'f:name': {} } } },
    });
  });

  it('shares a field that gets the value it has', () => {
    const first = update('one', nothing, { spec: { hostname: 'h' } });
    const second = apply('two', first, { spec: { hostname: 'h' } });
    expect(second.object).toEqual(first.object);
    expect(writeManagers(second.managers)?.map(({ manager, time }) => [manager, time])).toEqual([
      ['two', undefined],
      ['one', '2026-01-01T00:00:00Z'],
    ]);
  });

  it('keeps the order of what is applied, and the rest in its place', () => {
    const first = apply('one', nothing, spec({ name: 'a' }, { name: 'b' }, { name: 'c' }));
    expect(apply('two', first, spec({ name: 'd' }, { name: 'b' })).object).toEqual(
      spec({ name: 'a' }, { name: 'd' }, { name: 'b' }, { name: 'c' }),
    );
    expect(apply('one', first, spec({ name: 'c' }, { name: 'a' }, { name: 'b' })).object).toEqual(
      spec({ name: 'c' }, { name: 'a' }, { name: 'b' }),
    );
  });
});

const texts = fc.constantFrom('a', 'b', 'c');
const lists = fc.uniqueArray(texts, { maxLength: 3 });
const pods = fc.record(
  {
    metadata: fc.record(
      { labels: fc.dictionary(texts, texts, { maxKeys: 3 }), finalizers: lists },
      { requiredKeys: [] },
    ),
    spec: fc.record(
      {
        hostname: texts,
        nodeSelector: fc.dictionary(texts, texts, { maxKeys: 2 }),
        containers: fc.uniqueArray(fc.record({ name: texts, image: texts }, { requiredKeys: ['name'] }), {
          selector: ({ name }) => name,
          maxLength: 3,
        }),
      },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: [] },
) as fc.Arbitrary<JsonObject>;

describe('applying anything to anything', () => {
  it('twice is as good as once', () => {
    fc.assert(
      fc.property(pods, pods, pods, (live, before, applied) => {
        const known = apply('one', { object: live, managers: noManagers }, before);
        const once = apply('one', known, applied);
        const twice = apply('one', once, applied);
        expect(twice.object).toEqual(once.object);
        expect(fieldsOf(twice)).toEqual(fieldsOf(once));
      }),
    );
  });

  it('after it an update to the same object takes nothing from anybody', () => {
    fc.assert(
      fc.property(pods, pods, (live, applied) => {
        const state = apply('one', { object: live, managers: noManagers }, applied);
        expect(update('two', state, structuredClone(state.object)).managers).toEqual(state.managers);
      }),
    );
  });

  it('by force leaves no field that changed with anybody else', () => {
    fc.assert(
      fc.property(pods, pods, (first, second) => {
        const forced = apply('two', apply('one', nothing, first), second, true);
        expect(apply('one', forced, first, true).object).toEqual(
          apply('one', apply('two', apply('one', nothing, first), second, true), first, true).object,
        );
        expect(apply('two', forced, second).object).toEqual(forced.object);
      }),
    );
  });
});

describe('updateManagers()', () => {
  it('gives the writer what it changes and takes it from the others', () => {
    const first = update('one', nothing, { spec: { hostname: 'h', subdomain: 's' } });
    const second = update('two', first, { spec: { hostname: 'i', subdomain: 's' } });
    expect(fieldsOf(second)).toEqual({
      one: { 'f:spec': { '.': {}, 'f:subdomain': {} } },
      two: { 'f:spec': { 'f:hostname': {} } },
    });
  });

  it('leaves managers as they are when a write changes nothing', () => {
    const first = update('one', nothing, { spec: { hostname: 'h' } });
    const again = update('two', first, { spec: { hostname: 'h' } });
    expect([...again.managers.values()][0]).toBe([...first.managers.values()][0]);
    expect(again.managers.size).toBe(1);
  });

  it('joins the oldest when more than ten have updated', () => {
    let state = nothing;
    for (let index = 0; index < 13; index++) {
      const before = (state.object['metadata'] ?? { labels: {} }) as { labels: JsonObject };
      const object = { metadata: { labels: { ...before.labels, [`l${index}`]: '1' } } };
      const write = writeBy(`m${index + 10}`, `2026-01-01T00:00:${index + 10}Z`);
      const managers = updateManagers(write, versioned(state.object), versioned(object), state.managers);
      state = { object, managers };
    }
    const names = (writeManagers(state.managers) ?? []).map(({ manager }) => manager);
    expect(names).toEqual([
      'ancient-changes',
      ...[14, 15, 16, 17, 18, 19, 20, 21, 22].map((each) => `m${each}`),
    ]);
  });
});
