import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { KubeObject } from '../../openapi/machinery/object.ts';
import type { Pod } from '../../openapi/generated/types.ts';
import { image, startCluster, type Cluster } from './cluster.ts';
import { eventually } from './kubectl.ts';
import { idle, podOf, shell } from './pod-objects.ts';

let cluster: Cluster;
let namespace: string;

beforeAll(async () => {
  cluster = await startCluster();
  namespace = await cluster.namespace('pods');
});
afterAll(async () => {
  await cluster.kubectl('delete', 'namespace', namespace);
  await cluster.stop();
});

const kubectl = (...args: string[]): Promise<string> => cluster.kubectl('-n', namespace, ...args);

async function apply(...items: KubeObject[]): Promise<void> {
  const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
  const { code, stderr } = await cluster.kubectl.attempt(['apply', '-n', namespace, '-f', '-'], { input });
  if (code !== 0) throw new Error(stderr);
}

async function run(...pods: Pod[]): Promise<void> {
  await apply(...pods);
  const names = pods.map(({ metadata }) => `pod/${metadata?.name ?? ''}`);
  await kubectl('wait', '--for=condition=Ready', ...names, '--timeout=180s');
}

const sh = (pod: string, line: string, container = 'c'): Promise<string> =>
  kubectl('exec', pod, '-c', container, '--', 'sh', '-c', line);

async function get(name: string): Promise<Pod> {
  return JSON.parse(await kubectl('get', 'pod', name, '-o', 'json')) as Pod;
}

const settings = (name: string, data: Record<string, string>): KubeObject & { data: object } => ({
  ...{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data },
});

describe('a pod', () => {
  it('has the environment, names and identity that it asks for', async () => {
    await apply(settings('env', { a: 'one', b: 'two' }));
    const reading = (fieldPath: string): object => ({ valueFrom: { fieldRef: { fieldPath } } });
    await run(
      podOf('env', {
        ...{ hostname: 'own', subdomain: 'sub', hostAliases: [{ ip: '192.0.2.7', hostnames: ['alias'] }] },
        securityContext: { runAsUser: 1000, runAsGroup: 2000, fsGroup: 4000, supplementalGroups: [5000] },
        dnsConfig: {
          nameservers: ['192.0.2.53'],
          searches: ['my.search'],
          options: [{ name: 'ndots', value: '3' }],
        },
        containers: [
          shell(idle, {
            env: [
              { name: 'NODE', ...reading('spec.nodeName') },
              { name: 'IP', ...reading('status.podIP') },
              { name: 'MEMORY', valueFrom: { resourceFieldRef: { resource: 'limits.memory' } } },
              { name: 'A', valueFrom: { configMapKeyRef: { name: 'env', key: 'a' } } },
              { name: 'TEXT', value: '<$(A)> $$(A)' },
            ],
            envFrom: [{ prefix: 'ALL_', configMapRef: { name: 'env' } }],
            resources: { limits: { memory: '64Mi' } },
          }),
        ],
      }),
    );
    const { spec, status } = await get('env');
    const text = await sh('env', 'id; env; cat /etc/hosts /etc/resolv.conf; hostname -f');
    for (const line of [
      'uid=1000 gid=2000 groups=2000,4000,5000',
      ...[`NODE=${spec?.nodeName ?? ''}`, `IP=${status?.podIP ?? ''}`, 'MEMORY=67108864'],
      ...['A=one', 'TEXT=<one> $(A)', 'ALL_a=one', 'ALL_b=two', 'KUBERNETES_SERVICE_HOST=10.96.0.1'],
      '192.0.2.7\talias',
      ...['nameserver 10.96.0.10', 'nameserver 192.0.2.53', 'options ndots:3'],
      `search ${namespace}.svc.cluster.local svc.cluster.local cluster.local my.search`,
      `own.sub.${namespace}.svc.cluster.local`,
    ])
      expect(text.split('\n')).toContain(line);
  });

  it('has volumes of each kind, with their modes, groups and paths', async () => {
    await apply(settings('files', { a: 'one', b: 'two' }));
    await apply({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'files' },
      stringData: { key: 'hidden' },
    } as KubeObject);
    const sources = [
      { configMap: { name: 'files', items: [{ key: 'b', path: 'deep/b' }] } },
      { secret: { name: 'files' } },
      { downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] } },
      { serviceAccountToken: { path: 'token', audience: 'vault', expirationSeconds: 600 } },
    ];
    await run(
      podOf('volumes', {
        securityContext: { fsGroup: 4000 },
        volumes: [
          {
            name: 'files',
            configMap: { name: 'files', defaultMode: 0o640, items: [{ key: 'a', path: 'in/a' }] },
          },
          { name: 'scratch', emptyDir: {} },
          { name: 'memory', emptyDir: { medium: 'Memory', sizeLimit: '8Mi' } },
          { name: 'all', projected: { sources } },
        ],
        containers: [
          shell(idle, {
            env: [{ name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
            volumeMounts: [
              { name: 'files', mountPath: '/files' },
              { name: 'files', mountPath: '/one/file', subPath: 'in/a' },
              { name: 'scratch', mountPath: '/scratch' },
              { name: 'scratch', mountPath: '/logs', subPathExpr: 'logs/$(POD)' },
              { name: 'scratch', mountPath: '/fixed', readOnly: true },
              { name: 'memory', mountPath: '/memory' },
              { name: 'all', mountPath: '/all' },
            ],
          }),
        ],
      }),
    );
    expect(await sh('volumes', 'cat /files/in/a /one/file /all/deep/b /all/key /all/labels')).toBe(
      'oneonetwohiddenname="volumes"',
    );
    expect(
      await sh(
        'volumes',
        'stat -L -c "%a %g" /files/in/a /scratch; cut -d . -f 2 /all/token | base64 -d 2>/dev/null | grep -o vault',
      ),
    ).toBe('640 4000\n2777 4000\nvault\n');
    expect(await sh('volumes', 'touch /logs/x; ls /scratch/logs; touch /fixed/x 2>&1 || true')).toBe(
      'volumes\ntouch: /fixed/x: Read-only file system\n',
    );
    expect(await sh('volumes', 'df -k /memory | tail -n 1')).toMatch(/^tmpfs +8192 /);
    expect(await sh('volumes', 'mkdir /scratch/own; stat -c "%a %g" /scratch/own')).toBe('2755 4000\n');
  });

  it('sees a change of a ConfigMap and a Secret, except under a subPath', async () => {
    await apply(settings('live', { text: 'old' }));
    const secret = (key: string): KubeObject =>
      ({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'live' }, stringData: { key } }) as KubeObject;
    await apply(secret('old'));
    await run(
      podOf('live', {
        volumes: [
          { name: 'text', configMap: { name: 'live' } },
          { name: 'key', secret: { secretName: 'live' } },
        ],
        containers: [
          shell(idle, {
            volumeMounts: [
              { name: 'text', mountPath: '/text' },
              { name: 'text', mountPath: '/fixed', subPath: 'text' },
              { name: 'key', mountPath: '/key' },
            ],
          }),
        ],
      }),
    );
    await apply(settings('live', { text: 'new' }), secret('new'));
    await eventually(async () => {
      expect(await sh('live', 'cat /text/text /key/key')).toBe('newnew');
    });
    expect(await sh('live', 'cat /fixed')).toBe('old');
  });

  it('is held to what it may do and use', async () => {
    await apply(
      podOf('greedy', {
        restartPolicy: 'Never',
        containers: [
          shell('head -c 200000000 /dev/zero | tail | wc -c', { resources: { limits: { memory: '16Mi' } } }),
        ],
      }),
      podOf('root', { securityContext: { runAsNonRoot: true } }),
    );
    await run(
      podOf('rights', {
        containers: [
          shell(idle, {
            securityContext: {
              ...{ readOnlyRootFilesystem: true, allowPrivilegeEscalation: false, runAsUser: 0 },
              capabilities: { drop: ['ALL'], add: ['NET_ADMIN'] },
            },
          }),
          shell(idle, { name: 'privileged', securityContext: { privileged: true } }),
        ],
      }),
    );
    const status = 'touch /x 2>&1; grep -E "CapEff|NoNewPrivs" /proc/self/status';
    expect(await sh('rights', status)).toMatch(
      /Read-only file system\nCapEff:\t0000000000001000\nNoNewPrivs:\t1\n/,
    );
    expect(await sh('rights', status, 'privileged')).toMatch(/^CapEff:\t0000003[0-9a-f]+\nNoNewPrivs:\t0\n/);
    await eventually(async () => {
      const { state } = (await get('greedy')).status?.containerStatuses?.[0] ?? {};
      expect(state).toMatchObject({ terminated: { exitCode: expect.any(Number) as unknown } });
    });
    expect(await kubectl('get', 'pod', 'greedy')).toMatch(/OOMKilled|Error/);
    await eventually(async () => {
      expect(await kubectl('get', 'pod', 'root')).toContain('CreateContainerConfigError');
    });
    expect(await kubectl('describe', 'pod', 'root')).toContain(
      'container has runAsNonRoot and image will run as root',
    );
  });

  it('shares the process namespace, and the network of its host, when it asks for that', async () => {
    const { address, name } = cluster.lab.host(1);
    await run(
      podOf('together', {
        shareProcessNamespace: true,
        containers: [shell(idle), shell('exec sleep 54321', { name: 'other' })],
      }),
      podOf('outside', { nodeName: name, hostNetwork: true, dnsPolicy: 'ClusterFirstWithHostNet' }),
    );
    expect(await sh('together', 'ps')).toMatch(/pause[^]*sleep 54321/);
    expect((await get('outside')).status?.podIP).toBe(address);
    expect(await sh('outside', 'hostname; cat /etc/resolv.conf')).toMatch(
      new RegExp(`^${name}\n[^]*nameserver 10.96.0.10`),
    );
  });
});

describe('the life of a pod', () => {
  it('goes through init containers, sidecars and hooks, and ends in the reverse order', async () => {
    const host = cluster.lab.host(1);
    const folder = `/tmp/order-${namespace}`;
    const mounted = { volumeMounts: [{ name: 'order', mountPath: '/order' }] };
    const telling = (what: string): string =>
      `echo ${what} >> /order/log; trap 'sleep 0.5; echo ${what} ends >> /order/log; exit 0' TERM; while :; do sleep 0.1; done`;
    await run(
      podOf('order', {
        nodeName: host.name,
        terminationGracePeriodSeconds: 30,
        volumes: [{ name: 'order', hostPath: { path: folder, type: 'DirectoryOrCreate' } }],
        initContainers: [
          shell('echo init >> /order/log', { name: 'init', ...mounted }),
          shell(telling('sidecar'), {
            ...{ name: 'sidecar', restartPolicy: 'Always', ...mounted },
            startupProbe: {
              exec: { command: ['grep', 'sidecar', '/order/log'] },
              periodSeconds: 1,
              failureThreshold: 60,
            },
          }),
          shell('echo second init >> /order/log', { name: 'second', ...mounted }),
        ],
        containers: [
          shell(`sleep 1; ${telling('main')}`, {
            ...mounted,
            lifecycle: {
              postStart: { exec: { command: ['sh', '-c', 'echo postStart >> /order/log'] } },
              preStop: { exec: { command: ['sh', '-c', 'echo preStop >> /order/log'] } },
            },
            readinessProbe: {
              exec: { command: ['grep', 'main', '/order/log'] },
              periodSeconds: 1,
              failureThreshold: 60,
            },
          }),
        ],
      }),
    );
    await kubectl('delete', 'pod', 'order', '--timeout=60s');
    const wanted = [
      'init',
      'sidecar',
      'second init',
      'postStart',
      'main',
      'preStop',
      'main ends',
      'sidecar ends',
    ];
    expect((await host.mustExec(`cat ${folder}/log; rm -r ${folder}`)).trim().split('\n')).toEqual(wanted);
  });

  it('tells how containers ended, and what they said last', async () => {
    const fails = { terminationMessagePolicy: 'FallbackToLogsOnError' };
    await apply(
      podOf('ends', {
        restartPolicy: 'Never',
        containers: [
          shell('printf done > /dev/last', { name: 'file', terminationMessagePath: '/dev/last' }),
          shell('echo why; exit 3', { name: 'log', ...fails }),
          shell('echo fine', { name: 'good', ...fails }),
        ],
      }),
      podOf('late', { activeDeadlineSeconds: 3 }),
    );
    await eventually(async () => {
      const { phase, containerStatuses = [] } = (await get('ends')).status ?? {};
      const ends = containerStatuses.map(({ name, state }) => [
        name,
        state?.terminated?.exitCode,
        state?.terminated?.message,
      ]);
      expect([phase, ...ends]).toEqual([
        'Failed',
        ['file', 0, 'done'],
        ['good', 0, undefined],
        ['log', 3, 'why\n'],
      ]);
    });
    await eventually(async () => {
      expect((await get('late')).status).toMatchObject({ phase: 'Failed', reason: 'DeadlineExceeded' });
    });
  });

  it('follows its probes: not ready until it answers, begun anew when it no longer does', async () => {
    const every = { periodSeconds: 1, failureThreshold: 1 };
    const serve = 'mkdir /www; sleep 2; touch /www/ok; exec httpd -f -p 8080 -h /www';
    await apply(
      podOf('probed', {
        containers: [
          shell(serve, {
            startupProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1, failureThreshold: 120 },
            readinessProbe: { httpGet: { path: '/ready', port: 8080 }, ...every },
            livenessProbe: { httpGet: { path: '/ok', port: 8080 }, ...every },
          }),
        ],
      }),
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'probed' },
        spec: { selector: { name: 'probed' }, ports: [{ port: 80, targetPort: 8080 }] },
      } as KubeObject,
    );
    const own = async (): Promise<object | undefined> => (await get('probed')).status?.containerStatuses?.[0];
    const endpoints = (): Promise<string> =>
      kubectl(
        'get',
        'endpointslices',
        '-l',
        'kubernetes.io/service-name=probed',
        '-o',
        'jsonpath={.items[*].endpoints[*].conditions.ready}',
      );
    await eventually(async () => {
      expect(await own()).toMatchObject({ started: true, ready: false, restartCount: 0 });
    });
    await sh('probed', 'touch /www/ready');
    await eventually(async () => {
      expect(await own()).toMatchObject({ ready: true });
      expect(await endpoints()).toBe('true');
    });
    await sh('probed', 'rm /www/ok');
    await eventually(async () => {
      expect(await own()).toMatchObject({ started: true, ready: false, restartCount: 1 });
      expect(await endpoints()).not.toBe('true');
    });
    expect(await kubectl('describe', 'pod', 'probed')).toMatch(
      /Liveness probe failed: HTTP probe failed with statuscode: 404/,
    );
  });
});

describe('from inside a pod', () => {
  it('the API answers at the kubernetes Service, its certificate verified by ca.crt, as the service account may', async () => {
    await cluster.flotilla('image', 'load', await image('test/lab/images/curl'));
    await kubectl('create', 'serviceaccount', 'reader');
    await kubectl(
      'create',
      'rolebinding',
      'reader',
      '--clusterrole=view',
      `--serviceaccount=${namespace}:reader`,
    );
    await run(
      podOf('client', { serviceAccountName: 'reader', containers: [shell(idle, { image: 'curl:1' })] }),
      podOf('tokenless', { automountServiceAccountToken: false }),
    );
    const folder = '/var/run/secrets/kubernetes.io/serviceaccount';
    const ask = (path: string): Promise<string> =>
      sh(
        'client',
        `curl -s --cacert ${folder}/ca.crt -H "Authorization: Bearer $(cat ${folder}/token)" https://kubernetes.default.svc${path}`,
      );
    const list = JSON.parse(await ask(`/api/v1/namespaces/$(cat ${folder}/namespace)/pods?limit=500`)) as {
      items: Pod[];
    };
    expect(list.items.map(({ metadata }) => metadata?.name)).toContain('client');
    expect(JSON.parse(await ask(`/api/v1/namespaces/${namespace}/secrets`))).toMatchObject({
      kind: 'Status',
      reason: 'Forbidden',
    });
    const review = await sh(
      'client',
      `curl -s --cacert ${folder}/ca.crt -o /dev/null -w "%{http_code}" https://10.96.0.1/version`,
    );
    expect(['200', '401', '403']).toContain(review);
    expect(await sh('tokenless', 'ls /var/run/secrets 2>&1 || true')).toContain('No such file');
  });

  it('names of the world come from the resolver of its host', async () => {
    const [first, second] = [cluster.lab.host(1), cluster.lab.host(2)];
    const script = `
      const { decode, encode } = require('dns-packet');
      const socket = require('dgram').createSocket('udp4');
      socket.on('message', (message, from) => {
        const { id, questions } = decode(message);
        const [{ name, type }] = questions;
        const known = type === 'A' && name === 'outside.example';
        const answers = known ? [{ type, name, ttl: 5, data: '192.0.2.99' }] : [];
        socket.send(encode({ type: 'response', id, flags: known ? 0x8400 : 0x8403, questions, answers }), from.port, from.address);
      });
      socket.bind(53, '${second.address}', () => console.log('ready'));`;
    const space = `/run/netns/flotilla-${cluster.lab.plan.name}-2`;
    const resolver = spawn('nsenter', [`--net=${space}`, process.execPath, '-e', script], {
      cwd: join(import.meta.dirname, '../..'),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const before = await first.mustExec('cat /etc/resolv.conf');
    try {
      await new Promise((resolve) => resolver.stdout.once('data', resolve));
      await first.mustExec('cat > /etc/resolv.conf', { input: `nameserver ${second.address}\n` });
      await run(
        podOf('asks', { nodeName: first.name }),
        podOf('host-dns', { nodeName: first.name, dnsPolicy: 'Default' }),
      );
      await eventually(async () => {
        expect(await sh('asks', 'nslookup -type=a outside.example')).toContain('192.0.2.99');
      });
      expect(await sh('asks', 'nslookup -type=a other.example 2>&1 || true')).toContain('NXDOMAIN');
      expect(await sh('asks', `nslookup -type=a kubernetes.default.svc.cluster.local`)).toContain(
        '10.96.0.1',
      );
      expect(await sh('host-dns', 'cat /etc/resolv.conf')).toContain(`nameserver ${second.address}`);
    } finally {
      resolver.kill();
      await first.mustExec('cat > /etc/resolv.conf', { input: before });
    }
  });
});
