import { describe, expect, it } from '@jest/globals';
import type { CustomResourceDefinition } from '../../../openapi/generated/types.ts';
import { definitionProblems } from './definition-problems.ts';

const version = { name: 'v1', served: true, storage: true };

function definition(openAPIV3Schema: object, more: object = {}, spec: object = {}): CustomResourceDefinition {
  return {
    metadata: { name: 'widgets.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList' },
      versions: [{ ...version, schema: { openAPIV3Schema }, ...more }],
      ...spec,
    },
    status: { acceptedNames: { plural: '', kind: '' }, storedVersions: ['v1'] },
  };
}

const string = { type: 'string' };
const object = (properties: object, more: object = {}): object => ({ type: 'object', properties, ...more });
const of = (spec: object): object => object({ spec });

function told(given: CustomResourceDefinition, old?: CustomResourceDefinition): readonly string[] {
  return definitionProblems(given, old).map(({ field, message }) =>
    `${field.replace('spec.validation.openAPIV3Schema', '')}: ${message}`.replace(/^\./, ''),
  );
}

describe('schemas', () => {
  const cases: [string, object, string[]][] = [
    ['a structural one', of(object({ a: string })), []],
    ['no type at the root', {}, ['type: Required value: must not be empty at the root']],
    ['another type at the root', string, ['type: Invalid value: "string": must be object at the root']],
    [
      'a field without a type',
      of({}),
      ['properties[spec].type: Required value: must not be empty for specified object fields'],
    ],
    ['a field that keeps all', of({ 'x-kubernetes-preserve-unknown-fields': true }), []],
    ['a number or a text', of({ 'x-kubernetes-int-or-string': true }), []],
    [
      'a list without items',
      of({ type: 'array' }),
      ['properties[spec].items: Required value: must be specified'],
    ],
    [
      'a type within a condition',
      of({ ...string, allOf: [string] }),
      ['properties[spec].allOf[0].type: Forbidden: must be empty to be structural'],
    ],
    [
      'a condition on a field that is not there',
      { ...object({ a: string }), anyOf: [{ properties: { b: { minLength: 1 } } }] },
      [
        'properties[b]: Required value: because it is defined in spec.validation.openAPIV3Schema.anyOf[0].properties[b]',
      ],
    ],
    ['a reference', of({ $ref: '#/x' }), ['properties[spec].$ref: Forbidden: $ref is not supported']],
    [
      'members known and unknown',
      of({ ...object({ a: string }), additionalProperties: string }),
      [
        'properties[spec].additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive',
      ],
    ],
    [
      'a default of another type',
      of({ type: 'integer', default: 'x' }),
      ['properties[spec].default: Invalid value: "string":  in body must be of type integer: "string"'],
    ],
    [
      'a default that would be pruned',
      of({ ...object({}), default: { a: 1 } }),
      ['properties[spec].default: Invalid value: {"a":1}: must not have unknown fields'],
    ],
    [
      'labels in metadata',
      object({ metadata: object({ labels: object({}) }) }),
      [
        'properties[metadata]: Forbidden: must not specify anything other than name and generateName, but metadata is implicitly specified',
      ],
    ],
    ['names in metadata', object({ metadata: object({ name: { type: 'string', maxLength: 9 } }) }), []],
    [
      'a map without keys',
      of({ type: 'array', items: object({ k: string }), 'x-kubernetes-list-type': 'map' }),
      [
        'properties[spec].x-kubernetes-list-map-keys: Required value: must not be empty if x-kubernetes-list-type is map',
      ],
    ],
    [
      'a set of objects',
      of({ type: 'array', items: object({ k: string }), 'x-kubernetes-list-type': 'set' }),
      [
        'properties[spec].items.x-kubernetes-map-type: Invalid value: null: must be atomic as item of a list with x-kubernetes-list-type=set',
      ],
    ],
    [
      'a pattern that RE2 does not have',
      of({ ...string, pattern: '(?=x)' }),
      [
        'properties[spec].pattern: Invalid value: "(?=x)": must be a valid regular expression, but isn\'t: error parsing regexp: invalid or unsupported Perl syntax: `(?=`',
      ],
    ],
  ];
  for (const [name, schema, want] of cases) {
    it(name, () => {
      expect(told(definition(schema))).toEqual(want);
    });
  }
});

describe('definitions', () => {
  const open = of({ 'x-kubernetes-preserve-unknown-fields': true });
  const cases: [string, CustomResourceDefinition, string[]][] = [
    ['a good one', definition(open), []],
    ['no scope', definition(open, {}, { scope: '' }), ['spec.scope: Required value']],
    [
      'no version that is stored',
      { ...definition(open, { storage: false }), status: { acceptedNames: { plural: '', kind: '' } } },
      [
        'spec.versions: Invalid value: [{"Name":"v1","Served":true,"Storage":false,"Deprecated":false,"DeprecationWarning":null,"Schema":null,"Subresources":null,"AdditionalPrinterColumns":null,"SelectableFields":null}]: must have exactly one version marked as storage version',
        'status.storedVersions: Invalid value: null: must have at least one stored version',
      ],
    ],
    [
      'a column of no type',
      definition(open, { additionalPrinterColumns: [{ name: 'A', type: 'text', jsonPath: '.a' }] }),
      [
        'spec.additionalPrinterColumns[0].type: Invalid value: "text": must be one of boolean,date,integer,number,string',
      ],
    ],
    [
      'a selectable list',
      definition(object({ a: { type: 'array', items: string } }), { selectableFields: [{ jsonPath: '.a' }] }),
      [
        'spec.selectableFields[0].jsonPath: Invalid value: ".a": must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.',
      ],
    ],
    [
      'a group of the community',
      {
        ...definition(open, {}, { group: 'x.k8s.io' }),
        metadata: {
          name: 'widgets.x.k8s.io',
          annotations: { 'api-approved.kubernetes.io': 'unapproved, a try' },
        },
      },
      [],
    ],
  ];
  for (const [name, given, want] of cases) {
    it(name, () => {
      expect(told(given)).toEqual(want);
    });
  }

  it('keep scope and kind once they are established', () => {
    const old = definition(open);
    const established = {
      ...old,
      status: { ...old.status, conditions: [{ type: 'Established', status: 'True' }] },
    };
    const changed = definition(open, {}, { scope: 'Cluster' });
    expect(told(changed, old)).toEqual([]);
    expect(told(changed, established)).toEqual(['spec.scope: Invalid value: "Cluster": field is immutable']);
  });
});
