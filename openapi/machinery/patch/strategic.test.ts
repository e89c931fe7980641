import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { schemaFor } from '../../generated/schemas.ts';
import type { JsonObject, JsonValue } from '../json.ts';
import { PatchError } from './patch-error.ts';
import { applyStrategicPatch } from './strategic.ts';

const deployment = schemaFor({ group: 'apps', version: 'v1', kind: 'Deployment' });
const pod = schemaFor({ group: '', version: 'v1', kind: 'Pod' });

const first = { name: 'a', image: 'x', env: [{ name: 'E', value: '1' }] };
const second = { name: 'b', image: 'y' };
const containers = [first, second];

function patchSpec(spec: JsonObject, patch: JsonObject): JsonValue {
  return (applyStrategicPatch({ spec }, { spec: patch }, pod) as JsonObject)['spec'] ?? null;
}

describe('applyStrategicPatch()', () => {
  const cases: readonly { name: string; spec: JsonObject; patch: JsonObject; want: JsonObject }[] = [
    {
      name: 'merges containers by name, new ones before those not named',
      spec: { containers },
      patch: { containers: [{ name: 'c' }, { name: 'b', image: 'z' }] },
      want: { containers: [{ name: 'c' }, first, { name: 'b', image: 'z' }] },
    },
    {
      name: 'merges lists within what it merges',
      spec: { containers },
      patch: { containers: [{ name: 'a', env: [{ name: 'F', value: '2' }] }] },
      want: {
        containers: [
          {
            name: 'a',
            image: 'x',
            env: [
              { name: 'F', value: '2' },
              { name: 'E', value: '1' },
            ],
          },
          second,
        ],
      },
    },
    {
      name: 'replaces lists without a merge key',
      spec: { tolerations: [{ key: 'a' }] },
      patch: { tolerations: [{ key: 'b' }] },
      want: { tolerations: [{ key: 'b' }] },
    },
    {
      name: 'merges maps',
      spec: { nodeSelector: { a: '1', b: '2' } },
      patch: { nodeSelector: { b: null, c: '3' } },
      want: { nodeSelector: { a: '1', c: '3' } },
    },
    {
      name: 'deletes by null',
      spec: { containers, hostname: 'h' },
      patch: { hostname: null, containers: null },
      want: {},
    },
    {
      name: 'does nothing with an empty list',
      spec: { containers },
      patch: { containers: [] },
      want: { containers },
    },
    {
      name: 'deletes an element by $patch',
      spec: { containers },
      patch: {
        containers: [
          { $patch: 'delete', name: 'a' },
          { $patch: 'delete', name: 'zz' },
        ],
      },
      want: { containers: [second] },
    },
    {
      name: 'replaces the list by $patch, without the element that says so',
      spec: { containers },
      patch: { containers: [{ $patch: 'replace', name: 'q' }, { name: 'c' }] },
      want: { containers: [{ name: 'c' }] },
    },
    {
      name: 'replaces a map by $patch',
      spec: { nodeSelector: { a: '1' } },
      patch: { nodeSelector: { $patch: 'replace', b: '2' } },
      want: { nodeSelector: { b: '2' } },
    },
    {
      name: 'empties a map by $patch',
      spec: { nodeSelector: { a: '1' } },
      patch: { nodeSelector: { $patch: 'delete' } },
      want: { nodeSelector: {} },
    },
    {
      name: 'keeps only what $retainKeys names',
      spec: { volumes: [{ name: 'v', emptyDir: {} }] },
      patch: { volumes: [{ name: 'v', $retainKeys: ['name', 'configMap'], configMap: { name: 'c' } }] },
      want: { volumes: [{ name: 'v', configMap: { name: 'c' } }] },
    },
    {
      name: 'reorders by $setElementOrder alone',
      spec: { containers },
      patch: { '$setElementOrder/containers': [{ name: 'b' }, { name: 'a' }] },
      want: { containers: [...containers].reverse() },
    },
    {
      name: 'merges ports by the first key only',
      spec: {
        containers: [
          {
            name: 'a',
            ports: [
              { containerPort: 53, protocol: 'TCP' },
              { containerPort: 53, protocol: 'UDP' },
            ],
          },
        ],
      },
      patch: { containers: [{ name: 'a', ports: [{ containerPort: 53, protocol: 'UDP', name: 'dns' }] }] },
      want: {
        containers: [
          {
            name: 'a',
            ports: [
              { containerPort: 53, protocol: 'UDP', name: 'dns' },
              { containerPort: 53, protocol: 'UDP' },
            ],
          },
        ],
      },
    },
    {
      name: 'sets what is not there, without directives and nulls',
      spec: {},
      patch: {
        containers: [
          { name: 'a', image: null },
          { $patch: 'delete', name: 'b' },
        ],
      },
      want: { containers: [{ name: 'a' }] },
    },
  ];
  for (const { name, spec, patch, want } of cases)
    it(name, () => {
      expect(patchSpec(spec, patch)).toEqual(want);
    });

  it('merges and deletes finalizers, which are a list of texts', () => {
    const document = { metadata: { finalizers: ['a', 'b'] } };
    const patch = { metadata: { finalizers: ['c'], '$deleteFromPrimitiveList/finalizers': ['a'] } };
    expect(applyStrategicPatch(document, patch, pod)).toEqual({ metadata: { finalizers: ['c', 'b'] } });
  });

  it('changes nothing for null', () => {
    expect(applyStrategicPatch({ a: 1 }, null, pod)).toEqual({ a: 1 });
  });

  const refused: readonly { name: string; patch: JsonObject; code: number; message: string }[] = [
    {
      name: 'an element without its key',
      patch: { containers: [{ image: 'z' }] },
      code: 500,
      message: 'map: map[image:z] does not contain declared merge key: name',
    },
    {
      name: 'an unknown $patch',
      patch: { containers: [{ $patch: 'drop', name: 'a' }] },
      code: 500,
      message: 'unknown patch type: drop in map: map[$patch:drop name:a]',
    },
    {
      name: '$patch: merge',
      patch: { containers: [{ $patch: 'merge', name: 'a' }] },
      code: 500,
      message: 'merging lists cannot yet be specified in the patch',
    },
    {
      name: 'an order that misses an element',
      patch: { containers: [{ name: 'a' }], '$setElementOrder/containers': [{ name: 'b' }] },
      code: 500,
      message:
        "The order in patch list:\n[map[name:a]]\n doesn't match $setElementOrder list:\n[map[name:b]]\n",
    },
    {
      name: 'an order that is no list',
      patch: { '$setElementOrder/containers': 'a' },
      code: 500,
      message: 'expected a []interface {}, but received a string',
    },
    {
      name: 'elements of several types',
      patch: { containers: ['x'] },
      code: 500,
      message:
        'list element types are not identical: [[map[env:[map[name:E value:1]] image:x name:a] map[image:y name:b]] [x]]',
    },
    {
      name: '$retainKeys that is no list',
      patch: { $retainKeys: 'containers' },
      code: 400,
      message: 'invalid patch format of retainKeys',
    },
    {
      name: '$retainKeys that misses what is set',
      patch: { $retainKeys: ['containers'], hostname: 'h' },
      code: 400,
      message: 'invalid patch format of retainKeys',
    },
  ];
  for (const { name, patch, code, message } of refused) {
    it(`refuses ${name} with ${code}`, () => {
      expect(() => patchSpec({ containers }, patch)).toThrow(expect.objectContaining({ code, message }));
    });
  }

  it('refuses a body that is no object with 400', () => {
    const message = 'json: cannot unmarshal array into Go value of type map[string]interface {}';
    expect(() => applyStrategicPatch({}, [], pod)).toThrow(expect.objectContaining({ code: 400, message }));
  });

  it('throws nothing but PatchError, and never changes its input or a prototype', () => {
    const element = fc.record(
      {
        name: fc.constantFrom('a', 'b', '__proto__'),
        image: fc.option(fc.string()),
        $patch: fc.constantFrom('delete', 'replace', 'x'),
      },
      { requiredKeys: [] },
    );
    const spec = fc.record(
      {
        containers: fc.array(element),
        '$setElementOrder/containers': fc.array(element),
        $retainKeys: fc.array(fc.string()),
        nodeSelector: fc.dictionary(fc.constantFrom('a', '__proto__', '$patch'), fc.option(fc.string())),
      },
      { requiredKeys: [] },
    );
    const document = { spec: { template: { spec: { containers, nodeSelector: { a: '1' } } } } };
    const before = JSON.stringify(document);
    fc.assert(
      fc.property(spec, (template) => {
        try {
          applyStrategicPatch(document, { spec: { template: { spec: template as JsonObject } } }, deployment);
        } catch (error) {
          expect(error).toBeInstanceOf(PatchError);
        }
        expect(JSON.stringify(document)).toBe(before);
        expect(Object.hasOwn(Object.prototype, 'name')).toBe(false);
      }),
    );
  });
});
