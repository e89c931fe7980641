import { describe, expect, it } from '@jest/globals';
import { schemaOfDefinition } from '../../../openapi/generated/schemas.ts';
import { applyDefaults } from '../../../openapi/machinery/defaults.ts';
import { decode } from '../../../openapi/machinery/decode.ts';
import type { JsonObject } from '../../../openapi/machinery/json.ts';
import type { KubeObject } from '../../../openapi/machinery/object.ts';
import { parseJson } from '../../../openapi/machinery/parse.ts';
import { podStrategy } from '../../registry/core/pods.ts';
import { completeKnown, decodeKnown } from './known-specs.ts';

const schema = schemaOfDefinition('io.k8s.api.core.v1.Pod');

function defaults(object: KubeObject): KubeObject {
  return podStrategy.defaults?.(object) ?? object;
}

function pod(name: string, spec: JsonObject): JsonObject {
  return { status: { phase: 'Odd' }, spec, metadata: { labels: { b: '2', a: '1' }, name } };
}

function read(value: JsonObject): { readonly text: string; readonly unknown: readonly string[] } {
  const { object, unknown } = decodeKnown(schema, value);
  return { text: JSON.stringify(completeKnown(schema, object, defaults)), unknown };
}

/** Without a memory. */
function readAnew(value: JsonObject): ReturnType<typeof read> {
  const { object, unknown } = decode(schema, value);
  return { text: JSON.stringify(defaults(applyDefaults(schema, object))), unknown };
}

const container = { name: 'main', image: 'a:1', resources: { limits: { cpu: '0.5' } }, env: [{ name: 'A' }] };
const specs: Readonly<Record<string, JsonObject>> = {
  'a pod as people write it': {
    containers: [{ ...container, livenessProbe: { httpGet: { port: 80 } } }],
    volumes: [{ name: 'scratch' }],
  },
  'fields that nobody knows': { containers: [{ ...container, colour: 'red' }], shape: 'round' },
  'no fields': {},
};

describe('decodeKnown() and completeKnown()', () => {
  for (const [name, spec] of Object.entries(specs)) {
    it(`read ${name} the second and third time as the first`, () => {
      for (const each of ['a', 'b', 'c']) expect(read(pod(each, spec))).toEqual(readAnew(pod(each, spec)));
    });
  }

  it('give one object for equal specs, which nobody can change', () => {
    const spec = { containers: [container], nodeName: 'one' };
    const [first, second] = ['a', 'b'].map((name) => decodeKnown(schema, pod(name, spec)).object['spec']);
    expect(second).toBe(first);
    expect(Object.isFrozen(first)).toBe(true);
  });

  it('tell wrong types each time', () => {
    const wrong = pod('a', { containers: [{ name: 3 }] });
    for (let i = 0; i < 3; i++) expect(() => decodeKnown(schema, wrong)).toThrow('of type string');
  });

  it('know numbers by how they were written', () => {
    const text = (seconds: string): JsonObject =>
      parseJson(Buffer.from(`{"spec":{"containers":[],"terminationGracePeriodSeconds":${seconds}}}`))
        .value as JsonObject;
    expect(read(text('5')).text).toContain('"terminationGracePeriodSeconds":5');
    expect(() => read(text('5.0'))).toThrow('cannot unmarshal number 5.0');
    expect(read(text('5')).text).toContain('"terminationGracePeriodSeconds":5');
  });

  it('forget the oldest', () => {
    for (let i = 0; i < 600; i++) read(pod('a', { containers: [container], nodeName: `node-${i}` }));
    const spec = { containers: [container], nodeName: 'node-0' };
    expect(read(pod('a', spec))).toEqual(readAnew(pod('a', spec)));
  });
});
