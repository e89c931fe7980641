import { describe, expect, it } from '@jest/globals';
import type { Node, NodeSpec, Pod, PodSpec } from '../../../openapi/generated/types.ts';
import type { FilterPlugin } from '../framework.ts';
import { NodeInfo, podInfoOf } from '../node-info.ts';
import { Snapshot } from '../snapshot.ts';
import { nodeAffinity } from './node-affinity.ts';
import { nodeName } from './node-name.ts';
import { nodePorts } from './node-ports.ts';
import { nodeResourcesFit } from './node-resources-fit.ts';
import { nodeUnschedulable } from './node-unschedulable.ts';
import { taintToleration } from './taint-toleration.ts';

function pod(spec: Partial<PodSpec> = {}, name = 'p'): Pod {
  return { metadata: { name, namespace: 'd', uid: name }, spec: { containers: [], ...spec } };
}

function node(
  spec: NodeSpec = {},
  allocatable: Record<string, string> = { cpu: '2', memory: '4Gi', pods: '10' },
): Node {
  return {
    metadata: { name: 'n1', labels: { zone: 'a', disk: 'ssd', cores: '8' } },
    spec,
    status: { allocatable },
  };
}

function infoOf(object: Node, ...on: readonly Pod[]): NodeInfo {
  const info = new NodeInfo(object.metadata?.name ?? '');
  info.setNode(object);
  for (const each of on) info.addPod(podInfoOf(each));
  return info;
}

function reasonsOf(plugin: FilterPlugin, candidate: Pod, info: NodeInfo): readonly string[] {
  const filter = plugin.preFilter(podInfoOf(candidate), new Snapshot());
  return (typeof filter === 'function' ? filter(info)?.reasons : undefined) ?? [];
}

const asking = (cpu: string, memory = '0'): PodSpec => ({
  containers: [{ name: 'c', resources: { requests: { cpu, memory } } }],
});
const onPort = (hostPort: number, protocol = 'TCP', hostIP?: string): PodSpec => ({
  containers: [
    {
      name: 'c',
      ports: [{ containerPort: 80, hostPort, protocol, ...(hostIP === undefined ? {} : { hostIP }) }],
    },
  ],
});
const required = (key: string, operator: string, values: readonly string[] = []): PodSpec => ({
  containers: [],
  affinity: {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchExpressions: [{ key, operator, values }] }],
      },
    },
  },
});
const tainted = node({ taints: [{ key: 'k', value: 'v', effect: 'NoSchedule' }] });
const mismatch = "node(s) didn't match Pod's node affinity/selector";
const ports = "node(s) didn't have free ports for the requested pod ports";

const cases: readonly {
  name: string;
  plugin: FilterPlugin;
  pod: PodSpec;
  node?: Node;
  on?: readonly PodSpec[];
  want: readonly string[];
}[] = [
  {
    name: 'a cordoned node',
    plugin: nodeUnschedulable,
    pod: asking('0'),
    node: node({ unschedulable: true }),
    want: ['node(s) were unschedulable'],
  },
  {
    name: 'a cordoned node for a pod that tolerates it',
    plugin: nodeUnschedulable,
    pod: { containers: [], tolerations: [{ key: 'node.kubernetes.io/unschedulable', operator: 'Exists' }] },
    node: node({ unschedulable: true }),
    want: [],
  },
  {
    name: 'another node than the named one',
    plugin: nodeName,
    pod: { containers: [], nodeName: 'n2' },
    want: ["node(s) didn't match the requested node name"],
  },
  { name: 'the named node', plugin: nodeName, pod: { containers: [], nodeName: 'n1' }, want: [] },
  {
    name: 'a taint that is not tolerated',
    plugin: taintToleration,
    pod: asking('0'),
    node: tainted,
    want: ['node(s) had untolerated taint(s)'],
  },
  {
    name: 'a taint with another value',
    plugin: taintToleration,
    pod: { containers: [], tolerations: [{ key: 'k', value: 'x' }] },
    node: tainted,
    want: ['node(s) had untolerated taint(s)'],
  },
  {
    name: 'a tolerated taint',
    plugin: taintToleration,
    pod: { containers: [], tolerations: [{ key: 'k', value: 'v', effect: 'NoSchedule' }] },
    node: tainted,
    want: [],
  },
  {
    name: 'any taint for who tolerates all',
    plugin: taintToleration,
    pod: { containers: [], tolerations: [{ operator: 'Exists' }] },
    node: tainted,
    want: [],
  },
  {
    name: 'a taint that only prefers',
    plugin: taintToleration,
    pod: asking('0'),
    node: node({ taints: [{ key: 'k', effect: 'PreferNoSchedule' }] }),
    want: [],
  },
  {
    name: 'a node selector that holds',
    plugin: nodeAffinity,
    pod: { containers: [], nodeSelector: { zone: 'a' } },
    want: [],
  },
  {
    name: 'a node selector that does not hold',
    plugin: nodeAffinity,
    pod: { containers: [], nodeSelector: { zone: 'b' } },
    want: [mismatch],
  },
  { name: 'In', plugin: nodeAffinity, pod: required('disk', 'In', ['ssd', 'nvme']), want: [] },
  { name: 'NotIn', plugin: nodeAffinity, pod: required('disk', 'NotIn', ['ssd']), want: [mismatch] },
  { name: 'Exists', plugin: nodeAffinity, pod: required('gpu', 'Exists'), want: [mismatch] },
  { name: 'DoesNotExist', plugin: nodeAffinity, pod: required('gpu', 'DoesNotExist'), want: [] },
  { name: 'Gt', plugin: nodeAffinity, pod: required('cores', 'Gt', ['4']), want: [] },
  { name: 'Lt', plugin: nodeAffinity, pod: required('cores', 'Lt', ['4']), want: [mismatch] },
  {
    name: 'room for the rest',
    plugin: nodeResourcesFit,
    pod: asking('1', '4Gi'),
    on: [asking('1')],
    want: [],
  },
  {
    name: 'too little of two resources',
    plugin: nodeResourcesFit,
    pod: asking('1500m', '4Gi'),
    on: [asking('1', '1Mi')],
    want: ['Insufficient cpu', 'Insufficient memory'],
  },
  {
    name: 'a resource that the node does not have',
    plugin: nodeResourcesFit,
    pod: { containers: [{ name: 'c', resources: { requests: { 'x.com/gpu': '1' } } }] },
    want: ['Insufficient x.com/gpu'],
  },
  {
    name: 'a full node',
    plugin: nodeResourcesFit,
    pod: asking('0'),
    node: node({}, { cpu: '2', pods: '1' }),
    on: [asking('0')],
    want: ['Too many pods'],
  },
  { name: 'a free host port', plugin: nodePorts, pod: onPort(80), on: [onPort(81)], want: [] },
  { name: 'a taken host port', plugin: nodePorts, pod: onPort(80), on: [onPort(80)], want: [ports] },
  {
    name: 'a host port of another protocol',
    plugin: nodePorts,
    pod: onPort(80, 'UDP'),
    on: [onPort(80)],
    want: [],
  },
  {
    name: 'a host port on another address',
    plugin: nodePorts,
    pod: onPort(80, 'TCP', '10.0.0.1'),
    on: [onPort(80, 'TCP', '10.0.0.2')],
    want: [],
  },
  {
    name: 'a host port that another has on all addresses',
    plugin: nodePorts,
    pod: onPort(80, 'TCP', '10.0.0.1'),
    on: [onPort(80)],
    want: [ports],
  },
];

describe('filter plugins', () => {
  for (const { name, plugin, pod: spec, node: object = node(), on = [], want } of cases)
    it(`${plugin.name}: ${name}: ${want.length === 0 ? 'fits' : want.join(', ')}`, () => {
      const info = infoOf(object, ...on.map((each, index) => pod(each, `on${index}`)));
      expect(reasonsOf(plugin, pod(spec), info)).toEqual(want);
    });
});

describe('NodeInfo', () => {
  it('is as before when a pod was added and removed', () => {
    const info = infoOf(node(), pod(asking('1', '1Gi'), 'a'));
    const before = JSON.stringify([info.requested, info.nonZeroCpu, info.nonZeroMemory, info.hostPorts]);
    info.addPod(podInfoOf(pod({ ...onPort(80), ...asking('500m', '5Mi') }, 'b')));
    info.removePod('b');
    expect(JSON.stringify([info.requested, info.nonZeroCpu, info.nonZeroMemory, info.hostPorts])).toBe(
      before,
    );
  });
});

describe('podInfoOf()', () => {
  const container = (
    cpu: string,
    restartPolicy?: string,
  ): { name: string; resources: { requests: { cpu: string } }; restartPolicy?: string } => ({
    name: 'c',
    resources: { requests: { cpu } },
    ...(restartPolicy === undefined ? {} : { restartPolicy }),
  });
  const sums: readonly { name: string; spec: PodSpec; cpu: number }[] = [
    { name: 'containers add up', spec: { containers: [container('1'), container('500m')] }, cpu: 1500 },
    {
      name: 'a larger init container counts instead',
      spec: { containers: [container('1')], initContainers: [container('3'), container('2')] },
      cpu: 3000,
    },
    {
      name: 'a sidecar runs beside the containers',
      spec: { containers: [container('1')], initContainers: [container('1', 'Always')] },
      cpu: 2000,
    },
    {
      name: 'an init container runs beside the sidecars before it',
      spec: { containers: [container('1')], initContainers: [container('1', 'Always'), container('5')] },
      cpu: 6000,
    },
    {
      name: 'overhead comes on top',
      spec: { containers: [container('1')], overhead: { cpu: '250m' } },
      cpu: 1250,
    },
    {
      name: 'resources of the pod stand for all containers',
      spec: { containers: [container('1')], resources: { requests: { cpu: '4' } } },
      cpu: 4000,
    },
  ];
  for (const { name, spec, cpu } of sums)
    it(name, () => {
      expect(podInfoOf(pod(spec)).requests['cpu']).toBe(cpu);
    });
});
