import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { operations } from '../generated/operations.ts';
import { schemaOfDefinition } from '../generated/schemas.ts';
import { decode } from '../machinery/decode.ts';
import { type JsonObject, type JsonValue, isJsonObject } from '../machinery/json.ts';
import type { ObjectSchema } from '../machinery/schema.ts';
import { loadSpec } from './spec.ts';

/** What is known of Kubernetes 1.36, beside the project where it is developed. */
const shared = new URL('../../../shared/', import.meta.url);
const facts = new URL('facts/', shared);
const swagger = new URL('reference/swagger-1.36.json', shared);
const describeFacts = existsSync(facts) ? describe : describe.skip;
const describeSwagger = existsSync(swagger) ? describe : describe.skip;

const spec = loadSpec(new URL('../spec/', import.meta.url));
const definitions = new Map([...spec.definitions.values()].map((each) => [each.fullName, each]));
const document = readJson(new URL('../generated/openapi-v2.json', import.meta.url));
const published = document['definitions'] as Readonly<Record<string, JsonObject>>;

function readJson(file: URL): JsonObject {
  return JSON.parse(readFileSync(file, 'utf8')) as JsonObject;
}

/** The rows of a table, without its head and remarks. */
function rows(name: string): readonly (readonly string[])[] {
  const lines = readFileSync(new URL(`${name}.tsv`, facts), 'utf8')
    .split('\n')
    .slice(1);
  return lines.filter((line) => line !== '' && !line.startsWith('#')).map((line) => line.split('\t'));
}

function list(text: string | undefined): readonly string[] {
  return text === undefined || text === '' ? [] : text.split(',');
}

function property(definition: string, field: string): JsonObject {
  const properties = published[definition]?.['properties'];
  const found = isJsonObject(properties) ? properties[field] : undefined;
  return isJsonObject(found) ? found : {};
}

describe('the spec', () => {
  it('defines every kind that it serves, and what each subresource speaks', () => {
    const missing = operations.filter(({ definition }) => !definitions.has(definition));
    expect(missing).toEqual([]);
    expect(operations.map(({ kind }) => kind)).toContain('Host');
  });

  it('refers only to what it defines, so that every schema can be built', () => {
    for (const name of definitions.keys()) expect(schemaOfDefinition(name).definition).toBe(name);
  });

  it('has merge keys that elements have', () => {
    for (const name of definitions.keys()) {
      for (const field of schemaOfDefinition(name).fields) {
        if (field.patchMergeKey === undefined || field.schema.kind !== 'list') continue;
        expect([
          name,
          field.name,
          (field.schema.items as ObjectSchema).byName.has(field.patchMergeKey),
        ]).toEqual([name, field.name, true]);
      }
    }
  });
});

describeFacts('the spec beside the known facts (skipped where shared/facts is missing)', () => {
  it('serves the stable resources with their verbs and names', () => {
    const want = rows('resources')
      .filter(([, version = '']) => /^v\d+$/.test(version))
      .map(
        ([
          group = '',
          version = '',
          kind = '',
          plural = '',
          singular = '',
          namespaced = '',
          verbs,
          ,
          short,
          categories,
          hash = '',
        ]) => ({
          group: group === '(core)' ? '' : group,
          version,
          kind,
          plural,
          singular,
          namespaced: namespaced === 'true',
          verbs: list(verbs),
          shortNames: list(short),
          categories: list(categories),
          storageVersionHash: hash,
        }),
      );
    const got = operations
      .filter(({ group }) => group !== 'flotilla.dev')
      .map(({ subresources: _s, definition: _d, deleteAnswersObject: _o, ...rest }) => rest);
    expect(sorted(got)).toEqual(sorted(want));
  });

  it('serves their subresources', () => {
    for (const [group = '', version, kind, , , , , text = ''] of rows('resources')) {
      const served = operations.find(
        (each) =>
          each.group === group.replace('(core)', '') && each.version === version && each.kind === kind,
      );
      if (served === undefined) continue;
      const got = served.subresources.map(
        ({ name, verbs, responseKind: { group: g, version: v, kind: k } }) =>
          `${name}[${verbs.join(',')}]=>${g === '' ? '' : `${g}/`}${v}/${k}`,
      );
      expect(got.join('; ')).toBe(text);
    }
  });

  it('requires the same fields', () => {
    for (const [definition = '', required] of rows('required-fields')) {
      if (published[definition] === undefined) continue;
      const got = (published[definition]['required'] as readonly string[] | undefined) ?? [];
      expect([definition, [...got].sort()]).toEqual([definition, [...list(required)].sort()]);
    }
  });

  it('merges the same way', () => {
    for (const [
      definition = '',
      field = '',
      strategy = '',
      key = '',
      listType = '',
      keys,
      mapType = '',
    ] of rows('merge-facts')) {
      if (published[definition] === undefined) continue;
      const got = field === '(self)' ? published[definition] : property(definition, field);
      expect({
        definition,
        field,
        strategy: got['x-kubernetes-patch-strategy'] ?? '',
        key: got['x-kubernetes-patch-merge-key'] ?? '',
        listType: got['x-kubernetes-list-type'] ?? '',
        keys: got['x-kubernetes-list-map-keys'] ?? [],
        mapType: got['x-kubernetes-map-type'] ?? '',
      }).toEqual({ definition, field, strategy, key, listType, keys: list(keys), mapType });
    }
  });

  it('lists the same values and unions', () => {
    for (const [definition = '', field = '', values = '', source] of rows('unions-enums')) {
      if (published[definition] === undefined || source === 'const-set') continue;
      if (source === 'union') {
        const unions = published[definition]['x-kubernetes-unions'] as readonly JsonObject[];
        expect([definition, unions[0]?.['fields-to-discriminateBy']]).toEqual([
          definition,
          JSON.parse(values),
        ]);
      } else {
        const found = property(definition, field);
        const inner = found['items'] ?? found['additionalProperties'];
        const items = isJsonObject(inner) ? inner : found;
        expect([definition, field, items['enum']]).toEqual([definition, field, values.split(',').sort()]);
      }
    }
  });

  it('always writes the same fields', () => {
    for (const [definition = '', field = '', , zero = ''] of rows('always-emitted')) {
      if (!definitions.has(definition)) continue;
      const written = decode(schemaOfDefinition(definition), {}).object[field];
      const scalar = zero !== '{}' && zero !== 'null';
      const isZero = scalar
        ? ['', 0, false, '0', null].includes(written as string | number | boolean | null)
        : written !== undefined;
      expect([definition, field, isZero]).toEqual([definition, field, true]);
    }
  });

  it('numbers fields as protobuf does', () => {
    for (const [name = '', message = '', number, , , field = ''] of rows('proto-fields')) {
      const own = spec.files[fileOf(name)]?.definitions[message];
      const text = own === undefined || !Object.hasOwn(own, field) ? undefined : own[field];
      if (text === undefined || text.includes(' in=') || text.startsWith('- ')) continue;
      expect([message, field, text.split(' ')[0]]).toEqual([message, field, number]);
    }
  });
});

/** "k8s.io.api.core.v1" is core.v1. */
function fileOf(protoPackage: string): string {
  return protoPackage.split('.').slice(-2).join('.');
}

function sorted<T extends { readonly group: string; readonly version: string; readonly plural: string }>(
  all: readonly T[],
): readonly T[] {
  return [...all].sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
}

function nameOf({
  group,
  version,
  plural,
}: {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
}): string {
  return `${group}/${version}/${plural}`;
}

/** Facts of a property that both documents must agree on. */
function shapeOf(value: JsonValue | undefined): JsonValue {
  if (!isJsonObject(value)) return {};
  const { description: _d, default: _v, enum: _e, ...rest } = value;
  return Object.fromEntries(
    Object.entries(rest).map(([key, each]) => [key, isJsonObject(each) ? shapeOf(each) : (each ?? null)]),
  );
}

describeSwagger(
  'the published document beside the real one (skipped where shared/reference is missing)',
  () => {
    const real = existsSync(swagger)
      ? (readJson(swagger)['definitions'] as Readonly<Record<string, JsonObject>>)
      : {};

    it('has every definition of the stable groups and no other', () => {
      /** Only a beta group uses it. */
      const unused = 'io.k8s.apimachinery.pkg.apis.meta.v1.GroupResource';
      const stable = Object.keys(real).filter(
        (name) => !/\.v\d+(?:alpha|beta)\d+\.[^.]+$/.test(name) && name !== unused,
      );
      const own = Object.keys(published).filter((name) => !name.startsWith('dev.flotilla.'));
      expect(own.sort()).toEqual(stable.sort());
    });

    it('has the same properties, types, formats and requirements', () => {
      for (const [name, definition] of Object.entries(published)) {
        const other = real[name];
        if (other === undefined) continue;
        const got = shapeOf(definition['properties']);
        expect([name, got, [...((definition['required'] as string[] | undefined) ?? [])].sort()]).toEqual([
          name,
          shapeOf(other['properties']),
          [...((other['required'] as string[] | undefined) ?? [])].sort(),
        ]);
      }
    });
  },
);
