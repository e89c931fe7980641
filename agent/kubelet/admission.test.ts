import { describe, expect, it } from '@jest/globals';
import type { Container, Node, Pod, PodSpec } from '../../openapi/generated/types.ts';
import { admit } from './admission.ts';
import { ConfigError } from './environment.ts';
import { qosClass } from './qos.ts';
import { containerResources } from './resources.ts';
import { containerSecurity, verifyNonRoot } from './security.ts';

function pod(spec: Partial<PodSpec> = {}): Pod {
  return {
    metadata: { name: 'p', namespace: 'd', uid: 'u' },
    spec: { containers: [{ name: 'c' }], ...spec },
  };
}
function withPort(hostPort: number, hostIP = '', protocol = 'TCP'): Pod {
  return pod({ containers: [{ name: 'c', ports: [{ containerPort: 80, hostPort, hostIP, protocol }] }] });
}
function asking(requests: Record<string, string>): Pod {
  return pod({ containers: [{ name: 'c', resources: { requests } }] });
}
const node: Node = {
  metadata: { name: 'n1', labels: { disk: 'big', cores: '4' } },
  spec: {
    taints: [
      { key: 'gone', value: 'x', effect: 'NoExecute' },
      { key: 'full', effect: 'NoSchedule' },
    ],
  },
  status: { allocatable: { cpu: '2', memory: '1Gi', pods: '3' } },
};
const tolerations = [{ key: 'gone', operator: 'Exists' }];
function affinity(key: string, operator: string, values: string[] = []): PodSpec['affinity'] {
  const nodeSelectorTerms = [{ matchExpressions: [{ key, operator, values }] }];
  return { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } };
}

describe('admit()', () => {
  const cases: { name: string; pod: Pod; others?: readonly Pod[]; want: string | undefined }[] = [
    { name: 'takes a pod that asks for nothing', pod: pod({ tolerations }), want: undefined },
    { name: 'refuses what does not tolerate a NoExecute taint', pod: pod(), want: 'TaintToleration' },
    {
      name: 'takes a toleration of the value',
      pod: pod({ tolerations: [{ key: 'gone', value: 'x' }] }),
      want: undefined,
    },
    {
      name: 'refuses a toleration of another value',
      pod: pod({ tolerations: [{ key: 'gone', value: 'y' }] }),
      want: 'TaintToleration',
    },
    {
      name: 'refuses another label',
      pod: pod({ tolerations, nodeSelector: { disk: 'small' } }),
      want: 'NodeAffinity',
    },
    {
      name: 'refuses a pod for another system',
      pod: pod({ tolerations, os: { name: 'windows' } }),
      want: 'PodOSNotSupported',
    },
    { name: 'takes a pod for Linux', pod: pod({ tolerations, os: { name: 'linux' } }), want: undefined },
    { name: 'takes the label', pod: pod({ tolerations, nodeSelector: { disk: 'big' } }), want: undefined },
    ...(
      [
        ['disk', 'In', ['big'], true],
        ['disk', 'NotIn', ['big'], false],
        ['disk', 'Exists', [], true],
        ['none', 'DoesNotExist', [], true],
        ['cores', 'Gt', ['3'], true],
        ['cores', 'Lt', ['4'], false],
        ['disk', 'Nonsense', [], false],
      ] as const
    ).map(([key, operator, values, takes]) => ({
      name: `${takes ? 'takes' : 'refuses'} affinity ${key} ${operator} ${values.join()}`,
      pod: pod({ tolerations, affinity: affinity(key, operator, [...values]) ?? {} }),
      want: takes ? undefined : 'NodeAffinity',
    })),
    {
      name: 'refuses a taken host port',
      pod: { ...withPort(80) },
      others: [withPort(80)],
      want: 'NodePorts',
    },
    {
      name: 'refuses it on one address of all',
      pod: withPort(80, '1.1.1.1'),
      others: [withPort(80)],
      want: 'NodePorts',
    },
    {
      name: 'takes it on another address',
      pod: withPort(80, '1.1.1.1'),
      others: [withPort(80, '2.2.2.2')],
      want: undefined,
    },
    {
      name: 'takes it for another protocol',
      pod: withPort(80, '', 'UDP'),
      others: [withPort(80)],
      want: undefined,
    },
    { name: 'refuses more processors than there are', pod: asking({ cpu: '2500m' }), want: 'OutOfcpu' },
    {
      name: 'refuses more than others left',
      pod: asking({ memory: '600Mi' }),
      others: [asking({ memory: '600Mi' })],
      want: 'OutOfmemory',
    },
    { name: 'refuses one pod too many', pod: pod(), others: [pod(), pod(), pod()], want: 'OutOfpods' },
  ];
  for (const { name, pod: wanted, others = [], want } of cases) {
    it(name, () => {
      const tainted = name.includes('tolera') || name.includes('NoExecute');
      const on = tainted ? node : { ...node, spec: {} };
      expect(admit(wanted, on, others)?.reason).toBe(want);
    });
  }
  it('tells the numbers', () => {
    expect(admit(asking({ cpu: '5' }), { ...node, spec: {} }, [asking({ cpu: '100m' })])?.message).toBe(
      "Node didn't have enough resource: cpu, requested: 5000, used: 100, capacity: 2000",
    );
  });
});

describe('qosClass()', () => {
  const full = { limits: { cpu: '1', memory: '1Gi' } };
  const cases: [string, Container[], string][] = [
    ['nothing asked', [{ name: 'a' }], 'BestEffort'],
    ['limits of both', [{ name: 'a', resources: full }], 'Guaranteed'],
    [
      'requests equal to limits',
      [{ name: 'a', resources: { ...full, requests: { cpu: '1000m', memory: '1024Mi' } } }],
      'Guaranteed',
    ],
    ['a smaller request', [{ name: 'a', resources: { ...full, requests: { cpu: '500m' } } }], 'Burstable'],
    ['one without', [{ name: 'a', resources: full }, { name: 'b' }], 'Burstable'],
    ['only storage', [{ name: 'a', resources: { requests: { 'ephemeral-storage': '1Gi' } } }], 'BestEffort'],
  ];
  for (const [name, containers, want] of cases) {
    it(`is ${want} for ${name}`, () => {
      expect(qosClass(pod({ containers }))).toBe(want);
    });
  }
});

describe('containerResources()', () => {
  const cases = [
    { name: 'nothing', resources: {}, want: { cpuShares: 2, cpuQuotaUs: 0, memoryBytes: 0 } },
    { name: 'a request', resources: { requests: { cpu: '500m' } }, want: { cpuShares: 512, cpuQuotaUs: 0 } },
    {
      name: 'a limit alone',
      resources: { limits: { cpu: '2', memory: '64Mi' } },
      want: { cpuShares: 2048, cpuQuotaUs: 200_000, memoryBytes: 67_108_864 },
    },
    { name: 'a tiny limit', resources: { limits: { cpu: '1m' } }, want: { cpuShares: 2, cpuQuotaUs: 1000 } },
  ];
  for (const { name, resources, want } of cases) {
    it(`weighs ${name}`, () => {
      expect(containerResources({ name: 'c', resources })).toMatchObject(want);
    });
  }
});

describe('security', () => {
  it('takes the container’s word before the pod’s', () => {
    const security = containerSecurity(
      pod({
        securityContext: {
          runAsUser: 1,
          runAsGroup: 2,
          fsGroup: 3,
          supplementalGroups: [4],
          seccompProfile: { type: 'Unconfined' },
        },
      }),
      {
        name: 'c',
        securityContext: {
          runAsUser: 9,
          allowPrivilegeEscalation: false,
          capabilities: { add: ['CAP_NET_ADMIN'], drop: ['all'] },
        },
      },
    );
    expect(security).toMatchObject({
      ...{ user: 9, group: 2, supplementalGroups: [4, 3], noNewPrivileges: true, seccomp: 'unconfined' },
      ...{ addCapabilities: ['NET_ADMIN'], dropCapabilities: ['ALL'], privileged: false },
    });
  });
  it('refuses a seccomp profile that it cannot load', () => {
    const own = {
      name: 'c',
      securityContext: { seccompProfile: { type: 'Localhost', localhostProfile: 'x' } },
    };
    expect(() => containerSecurity(pod(), own)).toThrow(ConfigError);
  });
  const cases = [
    { name: 'image of root', image: '', user: undefined, want: 'image will run as root' },
    { name: 'image of 0', image: '0:0', user: undefined, want: 'image will run as root' },
    { name: 'image of a name', image: 'app', user: undefined, want: 'image has non-numeric user (app)' },
    { name: 'image of a number', image: '1000:1000', user: undefined, want: undefined },
    { name: 'user 0', image: '1000', user: 0, want: 'runAsUser breaks non-root policy' },
    { name: 'user 5', image: '', user: 5, want: undefined },
  ];
  for (const { name, image, user, want } of cases) {
    it(`runAsNonRoot ${want === undefined ? 'takes' : 'refuses'} ${name}`, () => {
      const securityContext = { runAsNonRoot: true, ...(user === undefined ? {} : { runAsUser: user }) };
      const check = (): void => {
        verifyNonRoot(pod(), { name: 'c', securityContext }, image);
      };
      if (want === undefined) check();
      else expect(check).toThrow(want);
    });
  }
});
