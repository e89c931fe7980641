import { describe, expect, it } from '@jest/globals';
import type { Pod, ResourceRequirements } from '../../../openapi/generated/types.ts';
import { qosClassOf } from './pod-qos.ts';
import { pullPolicyOf } from './pod-defaults.ts';

function pod(...resources: readonly ResourceRequirements[]): Pod {
  return {
    spec: { containers: resources.map((each, i) => ({ name: `c${i}`, image: 'i', resources: each })) },
  };
}

const both = { cpu: '1', memory: '1Gi' };

describe('the quality of service', () => {
  it.each([
    ['BestEffort', pod({})],
    ['Guaranteed', pod({ requests: both, limits: both })],
    ['Guaranteed', pod({ requests: { cpu: '1000m', memory: '1Gi' }, limits: both })],
    ['Burstable', pod({ requests: both })],
    ['Burstable', pod({ requests: both, limits: both }, {})],
    ['Burstable', pod({ requests: { ...both, cpu: '500m' }, limits: both })],
    ['Burstable', pod({ limits: { cpu: '1' }, requests: { cpu: '1' } })],
  ])('%s', (expected, of) => {
    expect(qosClassOf(of)).toBe(expected);
  });
});

it.each([
  ['nginx', 'Always'],
  ['nginx:latest', 'Always'],
  ['nginx:1', 'IfNotPresent'],
  ['host:5000/nginx', 'Always'],
  ['host:5000/nginx:1', 'IfNotPresent'],
  ['nginx@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef', 'IfNotPresent'],
])('%s is pulled %s', (image, policy) => {
  expect(pullPolicyOf(image)).toBe(policy);
});
