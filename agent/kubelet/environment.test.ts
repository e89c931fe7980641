import { describe, expect, it } from '@jest/globals';
import type { Container, Pod, Service } from '../../openapi/generated/types.ts';
import type { VolumeSources } from '../volumes/plugin.ts';
import { environment } from './environment.ts';
import { expand } from './expand.ts';
import { serviceEnv } from './service-env.ts';

describe('expand()', () => {
  const cases: [string, string][] = [
    ['$(A)', '1'],
    ['a$(A)b$(B)', 'a1b2'],
    ['$$(A)', '$(A)'],
    ['$$$(A)', '$1'],
    ['$(MISSING)', '$(MISSING)'],
    ['$(A', '$(A'],
    ['$A', '$A'],
    ['$', '$'],
    ['$$', '$'],
    ['$(A)$(A)', '11'],
    ['$($(A))', '$($(A))'],
    ['', ''],
  ];
  for (const [text, want] of cases) {
    it(`makes ${JSON.stringify(want)} of ${JSON.stringify(text)}`, () => {
      const known: Record<string, string> = { A: '1', B: '2' };
      expect(expand(text, (name) => known[name])).toBe(want);
    });
  }
});

function service(namespace: string, name: string, spec: Service['spec']): Service {
  return { metadata: { namespace, name }, ...(spec === undefined ? {} : { spec }) };
}
const services = [
  service('default', 'kubernetes', { clusterIP: '10.96.0.1', ports: [{ name: 'https', port: 443 }] }),
  service('shop', 'my-db', {
    clusterIP: '10.96.0.2',
    ports: [{ port: 5432 }, { name: 'ui', port: 80, protocol: 'UDP' }],
  }),
  service('shop', 'headless', { clusterIP: 'None', ports: [{ port: 1 }] }),
  service('other', 'far', { clusterIP: '10.96.0.3', ports: [{ port: 1 }] }),
];

describe('serviceEnv()', () => {
  it('names the services of the namespace and the API server’s', () => {
    const env = Object.fromEntries(serviceEnv(services, 'shop', true));
    expect(env).toMatchObject({
      KUBERNETES_SERVICE_HOST: '10.96.0.1',
      KUBERNETES_SERVICE_PORT_HTTPS: '443',
      MY_DB_SERVICE_HOST: '10.96.0.2',
      MY_DB_SERVICE_PORT: '5432',
      MY_DB_PORT: 'tcp://10.96.0.2:5432',
      MY_DB_PORT_5432_TCP_ADDR: '10.96.0.2',
      MY_DB_SERVICE_PORT_UI: '80',
      MY_DB_PORT_80_UDP: 'udp://10.96.0.2:80',
      MY_DB_PORT_80_UDP_PROTO: 'udp',
    });
    expect(Object.keys(env).some((name) => /HEADLESS|FAR/.test(name))).toBe(false);
  });
  it('names the API server’s alone without links', () => {
    const names = [...serviceEnv(services, 'shop', false).keys()];
    expect(names.every((name) => name.startsWith('KUBERNETES_'))).toBe(true);
  });
});

const sources: VolumeSources = {
  configMap: (_namespace, name) =>
    Promise.resolve(name === 'cm' ? { data: { color: 'red', KEY: 'v' } } : undefined),
  secret: (_namespace, name) =>
    Promise.resolve(name === 's' ? { data: { pass: Buffer.from('geheim').toString('base64') } } : undefined),
  token: () => Promise.resolve(''),
};
const pod: Pod = {
  metadata: { name: 'web', namespace: 'shop' },
  spec: { containers: [{ name: 'c' }] },
  status: { podIP: '10.0.0.9' },
};

function envOf(container: Partial<Container>): Promise<Map<string, string>> {
  return environment({
    pod,
    container: { name: 'c', ...container },
    sources,
    services: [],
    allocatable: { cpu: '4' },
  });
}

describe('environment()', () => {
  it('reads every source, expands what came before, and lets the later win', async () => {
    const env = await envOf({
      resources: { limits: { memory: '64Mi' } },
      envFrom: [{ prefix: 'CM_', configMapRef: { name: 'cm' } }, { secretRef: { name: 's' } }],
      env: [
        { name: 'A', value: 'first' },
        { name: 'B', value: '$(A)-$(CM_KEY)-$(LATER)' },
        { name: 'A', value: 'second' },
        { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
        { name: 'MEM', valueFrom: { resourceFieldRef: { resource: 'limits.memory', divisor: '1Mi' } } },
        { name: 'CPU', valueFrom: { resourceFieldRef: { resource: 'limits.cpu' } } },
        { name: 'COLOR', valueFrom: { configMapKeyRef: { name: 'cm', key: 'color' } } },
        { name: 'PASS', valueFrom: { secretKeyRef: { name: 's', key: 'pass' } } },
        { name: 'MAYBE', valueFrom: { secretKeyRef: { name: 'no', key: 'x', optional: true } } },
        { name: 'LATER', value: 'x' },
      ],
    });
    expect(Object.fromEntries(env)).toEqual({
      ...{ CM_color: 'red', CM_KEY: 'v', pass: 'geheim', A: 'second', B: 'first-v-$(LATER)', IP: '10.0.0.9' },
      ...{ MEM: '64', CPU: '4', COLOR: 'red', PASS: 'geheim', LATER: 'x' },
    });
  });
  const failing: [string, Partial<Container>, string][] = [
    ['a ConfigMap', { envFrom: [{ configMapRef: { name: 'no' } }] }, 'configmap "no" not found'],
    ['a Secret', { envFrom: [{ secretRef: { name: 'no' } }] }, 'secret "no" not found'],
    [
      'a key',
      { env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'cm', key: 'no' } } }] },
      "couldn't find key no in ConfigMap shop/cm",
    ],
    [
      'a secret’s key',
      { env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 's', key: 'no' } } }] },
      "couldn't find key no in Secret shop/s",
    ],
    [
      'a container',
      {
        env: [
          { name: 'A', valueFrom: { resourceFieldRef: { containerName: 'no', resource: 'limits.cpu' } } },
        ],
      },
      'container no not found',
    ],
    [
      'a field',
      { env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'no' } } }] },
      'unsupported fieldPath: no',
    ],
  ];
  for (const [name, container, want] of failing) {
    it(`names ${name} that is missing`, async () => {
      await expect(envOf(container)).rejects.toMatchObject({ name: 'ConfigError', message: want });
    });
  }
});
