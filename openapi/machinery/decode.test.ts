import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { schemaFor } from '../generated/schemas.ts';
import { decode } from './decode.ts';
import { applyDefaults } from './defaults.ts';
import type { JsonObject } from './json.ts';
import { parseJson } from './parse.ts';
import type { ObjectSchema } from './schema.ts';

function kind(name: string): ObjectSchema {
  const [group = '', version = '', kindName = ''] = name.split('/');
  return schemaFor({ group, version, kind: kindName });
}

function decodeText(name: string, text: string): string {
  const { value } = parseJson(new TextEncoder().encode(text), { largeIntegers: 'note' });
  return JSON.stringify(decode(kind(name), value).object);
}

describe('decode()', () => {
  const written = [
    {
      name: 'puts fields in the order of the Go struct, kind first',
      kind: '/v1/ConfigMap',
      text: '{"data":{"b":"2","a":"1"},"metadata":{"namespace":"n","name":"x"},"apiVersion":"v1","kind":"ConfigMap"}',
      want: '{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"x","namespace":"n"},"data":{"a":"1","b":"2"}}',
    },
    {
      name: 'writes what Go always writes',
      kind: 'apps/v1/Deployment',
      text: '{}',
      want: '{"metadata":{},"spec":{"selector":null,"template":{"metadata":{},"spec":{"containers":null}},"strategy":{}},"status":{}}',
    },
    {
      name: 'leaves out zero values, but not behind pointers',
      kind: 'apps/v1/Deployment',
      text: '{"spec":{"replicas":0,"minReadySeconds":0,"paused":false,"selector":{},"template":{"spec":{"containers":[{"name":"a","image":""}]}}}}',
      want: '{"metadata":{},"spec":{"replicas":0,"selector":{},"template":{"metadata":{},"spec":{"containers":[{"name":"a","resources":{}}]}},"strategy":{}},"status":{}}',
    },
    {
      name: 'drops nulls and what is empty',
      kind: '/v1/ConfigMap',
      text: '{"data":{},"binaryData":null,"metadata":{"labels":{},"annotations":null,"finalizers":[]}}',
      want: '{"metadata":{}}',
    },
    {
      name: 'writes an empty list that is always there as null',
      kind: 'rbac.authorization.k8s.io/v1/Role',
      text: '{"rules":[]}',
      want: '{"metadata":{},"rules":null}',
    },
    {
      name: 'makes quantities canonical, numbers too',
      kind: '/v1/LimitRange',
      text: '{"spec":{"limits":[{"type":"Container","max":{"cpu":"1000m","memory":0.5}}]}}',
      want: '{"metadata":{},"spec":{"limits":[{"type":"Container","max":{"cpu":"1","memory":"500m"}}]}}',
    },
    {
      name: 'turns times to UTC',
      kind: '/v1/ConfigMap',
      text: '{"metadata":{"creationTimestamp":"2024-01-01T01:00:00+01:00"}}',
      want: '{"metadata":{"creationTimestamp":"2024-01-01T00:00:00Z"}}',
    },
    {
      name: 'keeps int-or-string as it is, and writes 0 for a missing one',
      kind: '/v1/Service',
      text: '{"spec":{"ports":[{"port":80,"targetPort":"http"},{"port":81}]}}',
      want: '{"metadata":{},"spec":{"ports":[{"port":80,"targetPort":"http"},{"port":81,"targetPort":0}]},"status":{"loadBalancer":{}}}',
    },
    {
      name: 'takes line ends out of base64',
      kind: '/v1/Secret',
      text: '{"data":{"a":"YW\\nI="}}',
      want: '{"metadata":{},"data":{"a":"YWI="}}',
    },
    {
      name: 'keeps what no schema describes',
      kind: 'apps/v1/ControllerRevision',
      text: '{"data":{"z":null,"a":[1]},"revision":2}',
      want: '{"metadata":{},"data":{"z":null,"a":[1]},"revision":2}',
    },
    {
      name: 'makes a struct of null in a list',
      kind: '/v1/ServiceAccount',
      text: '{"secrets":[null]}',
      want: '{"metadata":{},"secrets":[{}]}',
    },
    {
      name: 'keeps a label named __proto__ as a label',
      kind: '/v1/ConfigMap',
      text: '{"metadata":{"labels":{"__proto__":"x"}}}',
      want: '{"metadata":{"labels":{"__proto__":"x"}}}',
    },
  ];
  for (const { name, kind: of, text, want } of written)
    it(name, () => {
      expect(decodeText(of, text)).toBe(want);
    });

  it('names unknown fields and drops them', () => {
    const value = { spec: { foo: 1, containers: [{ name: 'a', bar: {} }] }, Data: 1 };
    const { object, unknown } = decode(kind('/v1/Pod'), value);
    expect(unknown).toEqual(['spec.foo', 'spec.containers[0].bar', 'Data']);
    expect(JSON.stringify(object)).not.toMatch(/foo|bar|Data/);
  });

  it('stops naming them at a hundred', () => {
    const value = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`x${i}`, 1]));
    expect(decode(kind('/v1/Pod'), value).unknown).toHaveLength(100);
  });

  const containers = 'spec.containers';
  const faults: readonly { kind: string; text: string; want: string }[] = [
    {
      kind: '/v1/Pod',
      text: '{"spec":{"nodeName":1}}',
      want: 'json: cannot unmarshal number into Go struct field PodSpec.spec.nodeName of type string',
    },
    {
      kind: '/v1/Pod',
      text: '{"spec":{"containers":"x"}}',
      want: `json: cannot unmarshal string into Go struct field PodSpec.${containers} of type []v1.Container`,
    },
    {
      kind: '/v1/Pod',
      text: '{"spec":{"containers":[{"ports":[{"containerPort":"80"}]}]}}',
      want: `json: cannot unmarshal string into Go struct field ContainerPort.${containers}.ports.containerPort of type int32`,
    },
    {
      kind: '/v1/Pod',
      text: '{"spec":{"containers":[{"livenessProbe":{"httpGet":{"port":true}}}]}}',
      want: `json: cannot unmarshal bool into Go struct field HTTPGetAction.${containers}.livenessProbe.ProbeHandler.httpGet.port of type int32`,
    },
    {
      kind: '/v1/Pod',
      text: '{"spec":{"activeDeadlineSeconds":1.5}}',
      want: 'json: cannot unmarshal number 1.5 into Go struct field PodSpec.spec.activeDeadlineSeconds of type int64',
    },
    {
      kind: 'apps/v1/Deployment',
      text: '{"spec":{"replicas":3.0}}',
      want: 'json: cannot unmarshal number 3.0 into Go struct field DeploymentSpec.spec.replicas of type int32',
    },
    {
      kind: 'apps/v1/Deployment',
      text: '{"spec":{"replicas":1e1}}',
      want: 'json: cannot unmarshal number 1e1 into Go struct field DeploymentSpec.spec.replicas of type int32',
    },
    {
      kind: 'apps/v1/Deployment',
      text: '{"spec":{"replicas":2147483648}}',
      want: 'json: cannot unmarshal number 2147483648 into Go struct field DeploymentSpec.spec.replicas of type int32',
    },
    {
      kind: 'apps/v1/Deployment',
      text: '{"spec":{"replicas":99999999999999999999}}',
      want: 'json: cannot unmarshal number 99999999999999999999 into Go struct field DeploymentSpec.spec.replicas of type int32',
    },
    {
      kind: '/v1/ConfigMap',
      text: '{"data":{"a":1}}',
      want: 'json: cannot unmarshal number into Go struct field ConfigMap.data of type string',
    },
    {
      kind: '/v1/ConfigMap',
      text: '{"data":["a"]}',
      want: 'json: cannot unmarshal array into Go struct field ConfigMap.data of type map[string]string',
    },
    {
      kind: '/v1/ConfigMap',
      text: '{"kind":1}',
      want: 'json: cannot unmarshal number into Go struct field ConfigMap.TypeMeta.kind of type string',
    },
    {
      kind: '/v1/ConfigMap',
      text: '{"metadata":{"uid":1}}',
      want: 'json: cannot unmarshal number into Go struct field ObjectMeta.metadata.uid of type types.UID',
    },
    {
      kind: '/v1/ConfigMap',
      text: '{"binaryData":{"a":"YQ="}}',
      want: 'illegal base64 data at input byte 3',
    },
    {
      kind: '/v1/ConfigMap',
      text: '{"metadata":{"creationTimestamp":1}}',
      want: 'json: cannot unmarshal number into Go struct field ObjectMeta.metadata.creationTimestamp of type string',
    },
    {
      kind: '/v1/PersistentVolumeClaim',
      text: '{"spec":{"resources":{"requests":{"storage":{}}}}}',
      want: 'quantities must match the regular expression',
    },
  ];
  for (const { kind: of, text, want } of faults) {
    it(`refuses ${text} in Go's words`, () => {
      expect(() => decodeText(of, text)).toThrow(want);
    });
  }

  it('tells the first fault, but a type that refuses by itself before others', () => {
    const value = {
      spec: { hostNetwork: 'x', nodeName: 1, containers: [{ resources: { limits: { cpu: 'x' } } }] },
    };
    expect(() => decode(kind('/v1/Pod'), value)).toThrow('quantities must match');
    const plain = { spec: { hostNetwork: 'x', nodeName: 1 } };
    expect(() => decode(kind('/v1/Pod'), plain)).toThrow('PodSpec.spec.hostNetwork');
  });

  const converted: readonly { kind: string; value: JsonObject; want: string }[] = [
    {
      kind: '/v1/Pod',
      value: { spec: { containers: { name: 'a' } } },
      want: 'cannot restore slice from map',
    },
    { kind: '/v1/Pod', value: { spec: { securityContext: [] } }, want: 'cannot restore struct from: slice' },
    { kind: '/v1/Pod', value: { spec: { nodeSelector: 'x' } }, want: 'cannot restore map from string' },
    {
      kind: '/v1/Pod',
      value: { spec: { terminationGracePeriodSeconds: 'x' } },
      want: 'unrecognized type: int64',
    },
    { kind: '/v1/Pod', value: { spec: { priority: 1.5 } }, want: 'cannot convert float64 to int32' },
    { kind: '/v1/Pod', value: { spec: { hostNetwork: 1 } }, want: 'unrecognized type: bool' },
    { kind: '/v1/Pod', value: { spec: { nodeName: 1 } }, want: 'cannot convert int64 to string' },
    { kind: '/v1/Pod', value: { spec: { restartPolicy: true } }, want: 'unrecognized type: string' },
    {
      kind: '/v1/Secret',
      value: { data: { a: '*' } },
      want: 'error decoding from json: illegal base64 data at input byte 0',
    },
    {
      kind: '/v1/Service',
      value: { spec: { ports: [{ port: 1, targetPort: true }] } },
      want: 'json: cannot unmarshal bool into Go value of type int32',
    },
  ];
  for (const { kind: of, value, want } of converted) {
    it(`refuses ${JSON.stringify(value)} in the converter's words`, () => {
      expect(() => decode(kind(of), value, 'conversion')).toThrow(want);
    });
  }

  it('leaves what it has decoded as it is', () => {
    const labels = fc.dictionary(fc.string(), fc.string());
    const container = fc.record(
      {
        name: fc.string(),
        command: fc.array(fc.string()),
        tty: fc.boolean(),
        ports: fc.array(fc.record({ containerPort: fc.nat(70000) })),
      },
      { requiredKeys: [] },
    );
    const pod = fc.record(
      {
        metadata: fc.record({ labels, name: fc.string() }),
        spec: fc.record({ containers: fc.array(container), priority: fc.integer() }),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(pod, (value) => {
        const once = decode(kind('/v1/Pod'), value).object;
        expect(JSON.stringify(decode(kind('/v1/Pod'), once).object)).toBe(JSON.stringify(once));
      }),
    );
  });
});

describe('applyDefaults()', () => {
  it('fills in what the schema states, in its place', () => {
    const service: JsonObject = decode(kind('/v1/Service'), { spec: { ports: [{ port: 80 }] } }).object;
    const ports = (applyDefaults(kind('/v1/Service'), service)['spec'] as JsonObject)['ports'];
    expect(JSON.stringify(ports)).toBe('[{"protocol":"TCP","port":80,"targetPort":0}]');
  });

  it('rounds resources up to thousandths', () => {
    const pod = decode(kind('/v1/Pod'), {
      spec: { containers: [{ name: 'a', resources: { limits: { cpu: '1500u' } } }] },
    }).object;
    expect(JSON.stringify(applyDefaults(kind('/v1/Pod'), pod))).toContain('"limits":{"cpu":"2m"}');
  });

  it('answers the same object when there is nothing to fill in', () => {
    const map = decode(kind('/v1/ConfigMap'), { data: { a: 'b' } }).object;
    expect(applyDefaults(kind('/v1/ConfigMap'), map)).toBe(map);
  });
});
