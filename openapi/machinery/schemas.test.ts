import { describe, expect, it } from '@jest/globals';
import type { DefinitionFiles } from './definition.ts';
import { InvariantError } from './invariant.ts';
import { createSchemas } from './schemas.ts';

const files: DefinitionFiles = {
  'zoo.v1': {
    group: 'zoo.example.com',
    version: 'v1',
    package: 'example.com/zoo/v1',
    prefix: 'com.example.zoo.v1',
    named: { Size: 'string Big|Very small', Weights: 'map[string]quantity' },
    definitions: {
      Animal: {
        kind: '- string',
        apiVersion: '- string',
        metadata: '1 meta.v1.ObjectMeta',
        spec: '2 *Cage required',
      },
      Cage: {
        '(self)': 'map=atomic',
        animals: '1 []Animal patch=merge,retainKeys:name list=map:name,kind',
        size: '2 Size always default="Big"',
        weights: '3.4 Weights in=Inner',
        count: '4 int32 default=0',
      },
    },
  },
  'meta.v1': {
    group: 'meta.k8s.io',
    version: 'v1',
    package: 'k8s.io/apimachinery/pkg/apis/meta/v1',
    prefix: 'io.k8s.apimachinery.pkg.apis.meta.v1',
    named: {},
    definitions: { ObjectMeta: { name: '1 string' }, Status: { kind: '- string', apiVersion: '- string' } },
  },
};

const schemas = createSchemas(files);

describe('createSchemas()', () => {
  const cage = schemas.schemaOfDefinition('com.example.zoo.v1.Cage');

  it('reads the facts of a field', () => {
    expect(cage.byName.get('animals')).toMatchObject({
      name: 'animals',
      struct: 'Cage',
      index: 0,
      number: '1',
      required: false,
      pointer: false,
      emit: 'omitempty',
      patchStrategy: ['merge', 'retainKeys'],
      patchMergeKey: 'name',
      listType: 'map',
      listMapKeys: ['name', 'kind'],
    });
    expect(cage.mapType).toBe('atomic');
  });

  it('names types as Go does', () => {
    expect(cage.fields.map(({ schema }) => schema.goType)).toEqual([
      '[]v1.Animal',
      'v1.Size',
      'v1.Weights',
      'int32',
    ]);
  });

  it('takes named types for what they are', () => {
    expect(cage.byName.get('size')?.schema).toEqual({
      kind: 'string',
      goType: 'v1.Size',
      enum: ['Big', 'Very small'],
    });
    expect(cage.byName.get('weights')).toMatchObject({ embedded: ['Inner'], schema: { kind: 'map' } });
  });

  it('has no default that Go could not tell from a missing value', () => {
    expect(cage.fields.map((field) => field.default)).toEqual([undefined, 'Big', undefined, undefined]);
  });

  it('builds a definition that holds itself, once', () => {
    const animal = schemas.schemaFor({ group: 'zoo.example.com', version: 'v1', kind: 'Animal' });
    const spec = animal.byName.get('spec');
    expect(spec).toMatchObject({ pointer: true, required: true });
    expect(spec?.schema).toBe(cage);
  });

  it("finds apimachinery's kinds in every group version, and nothing else", () => {
    const status = schemas.findSchema({ group: 'zoo.example.com', version: 'v1', kind: 'Status' });
    expect(status?.definition).toBe('io.k8s.apimachinery.pkg.apis.meta.v1.Status');
    for (const kind of ['Cage', 'toString', 'Lion']) {
      expect(schemas.findSchema({ group: 'zoo.example.com', version: 'v1', kind })).toBeUndefined();
    }
    expect(() => schemas.schemaFor({ group: '', version: 'v9', kind: 'Lion' })).toThrow(InvariantError);
  });
});
