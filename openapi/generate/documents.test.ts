import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { openApiV2, openApiV3 } from '../generated/documents.ts';
import { operations } from '../generated/operations.ts';
import * as constants from '../generated/resources.ts';
import { type JsonObject, type JsonValue, isJsonObject } from '../machinery/json.ts';
import type { Resource } from '../machinery/resource.ts';

function unpacked(text: string | undefined): JsonObject {
  return JSON.parse(gunzipSync(Buffer.from(text ?? '', 'base64')).toString('utf8')) as JsonObject;
}

/** The member at the end of a path of names. */
function at(value: JsonValue | undefined, ...path: readonly string[]): JsonValue | undefined {
  return path.reduce<JsonValue | undefined>(
    (each, name) => (isJsonObject(each) ? each[name] : undefined),
    value,
  );
}

function references(value: JsonValue | undefined): readonly string[] {
  if (typeof value !== 'object' || value === null) return [];
  const own = isJsonObject(value) ? value['$ref'] : undefined;
  return [...(typeof own === 'string' ? [own] : []), ...Object.values(value).flatMap(references)];
}

const v2 = unpacked(openApiV2);
const v3 = new Map(Object.entries(openApiV3).map(([name, text]) => [name, unpacked(text)]));

describe('the OpenAPI documents', () => {
  it('are the files beside them, compressed', () => {
    const file = new URL('../generated/openapi-v2.json', import.meta.url);
    expect(JSON.stringify(v2)).toBe(readFileSync(file, 'utf8'));
  });

  it('refer to nothing that they do not define', () => {
    for (const document of [v2, ...v3.values()]) {
      for (const reference of new Set(references(document))) {
        const path = reference.slice(2).split('/');
        expect([reference, at(document, ...path) !== undefined]).toEqual([reference, true]);
      }
    }
  });

  it('offer a patch of every kind with what kubectl asks for: its kind, fieldValidation, dryRun', () => {
    for (const { group, version, kind, plural, namespaced, verbs } of operations) {
      if (!verbs.includes('patch')) continue;
      const name = group === '' ? `api/${version}` : `apis/${group}/${version}`;
      const path = `/${name}/${namespaced ? 'namespaces/{namespace}/' : ''}${plural}/{name}`;
      for (const document of [v2, v3.get(name)]) {
        const patch = at(document, 'paths', path, 'patch');
        expect(at(patch, 'x-kubernetes-group-version-kind')).toEqual({ group, version, kind });
        const parameters = at(patch, 'parameters') as readonly JsonObject[];
        expect(parameters.map((each) => each['name'])).toEqual(
          expect.arrayContaining(['fieldValidation', 'dryRun']),
        );
      }
    }
  });

  it('carry merge keys and lists of values', () => {
    const schemas = at(v3.get('apis/apps/v1'), 'components', 'schemas') ?? null;
    expect(at(schemas, 'io.k8s.api.core.v1.PodSpec', 'properties', 'containers')).toMatchObject({
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
      'x-kubernetes-patch-merge-key': 'name',
      'x-kubernetes-patch-strategy': 'merge',
    });
    expect(at(schemas, 'io.k8s.api.core.v1.ContainerPort', 'properties', 'protocol')).toMatchObject({
      default: 'TCP',
      enum: ['SCTP', 'TCP', 'UDP'],
    });
  });

  it('describe our own kinds wholly', () => {
    const all = Object.entries(v2['definitions'] as Readonly<Record<string, JsonObject>>);
    const own = all.filter(([name]) => name.startsWith('dev.flotilla.'));
    expect(own.length).toBeGreaterThan(5);
    for (const [name, definition] of own) {
      expect([name, definition['description']]).toEqual([name, expect.any(String)]);
      for (const [field, property] of Object.entries((definition['properties'] ?? {}) as JsonObject)) {
        expect([name, field, at(property, 'description')]).toEqual([name, field, expect.any(String)]);
      }
    }
  });
});

describe('the generated constants', () => {
  const { allResources, ...each } = constants;

  it('are one a resource, in the order of discovery', () => {
    expect(new Set(Object.values(each))).toEqual(new Set(allResources));
    const names = (all: readonly Pick<Resource, 'group' | 'plural' | 'version'>[]): readonly string[] =>
      all.map(({ group, version, plural }) => `${group}/${version}/${plural}`);
    expect(names(allResources)).toEqual(names(operations));
  });

  const cases: readonly { constant: keyof typeof each; name: string }[] = [
    { constant: 'pods', name: '/v1/pods' },
    { constant: 'endpointSlices', name: 'discovery.k8s.io/v1/endpointslices' },
    { constant: 'networkPolicies', name: 'networking.k8s.io/v1/networkpolicies' },
    { constant: 'eventsEvents', name: 'events.k8s.io/v1/events' },
    { constant: 'horizontalPodAutoscalers', name: 'autoscaling/v2/horizontalpodautoscalers' },
    { constant: 'autoscalingV1HorizontalPodAutoscalers', name: 'autoscaling/v1/horizontalpodautoscalers' },
    { constant: 'csiDrivers', name: 'storage.k8s.io/v1/csidrivers' },
    { constant: 'hosts', name: 'flotilla.dev/v1alpha1/hosts' },
  ];
  for (const { constant, name } of cases) {
    it(`name ${name} ${constant}`, () => {
      const { group, version, plural } = each[constant];
      expect(`${group}/${version}/${plural}`).toBe(name);
    });
  }
});
