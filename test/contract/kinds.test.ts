import { beforeEach, describe, expect, it } from '@jest/globals';
import { createTestClient, refusal, type TestClient } from './client.ts';

const namespace = '/api/v1/namespaces/default';
const apps = '/apis/apps/v1/namespaces/default';

let client: TestClient;
beforeEach(() => {
  client = createTestClient();
});

const container = { name: 'c', image: 'nginx' };
const pod = (name: string, spec: object = {}): object => ({
  metadata: { name, labels: { app: 'p' } },
  spec: { containers: [container], ...spec },
});

function bodyOf(response: { readonly body: unknown }): unknown {
  return response.body;
}

interface Stored {
  readonly metadata: { readonly uid: string; readonly generation?: number };
  readonly spec: Readonly<Record<string, unknown>>;
  readonly status: Readonly<Record<string, unknown>>;
}

describe('a pod', () => {
  it('is filled with what was left out', async () => {
    const body = bodyOf(await client.post(`${namespace}/pods`, pod('p')).expect(201));
    expect(body).toMatchObject({
      spec: {
        containers: [{ imagePullPolicy: 'Always', terminationMessagePath: '/dev/termination-log' }],
        restartPolicy: 'Always',
        dnsPolicy: 'ClusterFirst',
        schedulerName: 'default-scheduler',
        terminationGracePeriodSeconds: 30,
      },
      status: { phase: 'Pending', qosClass: 'BestEffort' },
    });
  });

  it.each([
    { spec: { containers: [] }, field: 'spec.containers' },
    { spec: { containers: [container, container] }, field: 'spec.containers[1].name' },
    { spec: { containers: [{ name: 'C', image: 'i' }] }, field: 'spec.containers[0].name' },
    { spec: { containers: [{ name: 'c' }] }, field: 'spec.containers[0].image' },
    { spec: { restartPolicy: 'Sometimes' }, field: 'spec.restartPolicy' },
    {
      spec: { containers: [{ ...container, volumeMounts: [{ name: 'v', mountPath: '/v' }] }] },
      field: 'spec.containers[0].volumeMounts[0].name',
    },
    {
      spec: { containers: [{ ...container, ports: [{ containerPort: 70000 }] }] },
      field: 'spec.containers[0].ports[0].containerPort',
    },
    {
      spec: { containers: [{ ...container, resources: { requests: { cpu: '2' }, limits: { cpu: '1' } } }] },
      field: 'spec.containers[0].resources.requests',
    },
    { spec: { tolerations: [{ operator: 'Exists', value: 'v' }] }, field: 'spec.tolerations[0].operator' },
    {
      spec: { volumes: [{ name: 'v', emptyDir: {}, hostPath: { path: '/' } }] },
      field: 'spec.volumes[0].hostPath',
    },
  ])('is refused for $field', async ({ spec, field }) => {
    const body = bodyOf(await client.post(`${namespace}/pods`, pod('p', spec)).expect(422));
    const { details } = body as { details: { causes: { field: string }[] } };
    expect(details.causes.map((cause) => cause.field)).toContain(field);
  });

  it('keeps its spec but for its image', async () => {
    await client.post(`${namespace}/pods`, pod('p')).expect(201);
    const path = `${namespace}/pods/p`;
    await client
      .patch(path, { spec: { containers: [{ ...container, image: 'nginx:2' }] } }, 'strategic')
      .expect(200);
    const refused = await client.patch(path, { spec: { hostNetwork: true } }).expect(422);
    expect(refusal(refused).message).toContain(
      'spec: Forbidden: pod updates may not change fields other than',
    );
  });

  it('is bound once', async () => {
    await client.post(`${namespace}/pods`, pod('p')).expect(201);
    const binding = { metadata: { name: 'p' }, target: { kind: 'Node', name: 'n' } };
    await client.post(`${namespace}/pods/p/binding`, binding).expect(201);
    const body = bodyOf(await client.get(`${namespace}/pods/p`));
    expect(body).toMatchObject({
      spec: { nodeName: 'n' },
      status: { conditions: [{ type: 'PodScheduled', status: 'True' }] },
    });
    const again = await client.post(`${namespace}/pods/p/binding`, binding).expect(409);
    expect(refusal(again).message).toContain('pod p is already assigned to node "n"');
  });

  it('is not evicted against its budget', async () => {
    await client.post(`${namespace}/pods`, pod('p')).expect(201);
    const status = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };
    await client.patch(`${namespace}/pods/p/status`, { status }).expect(200);
    const budgets = '/apis/policy/v1/namespaces/default/poddisruptionbudgets';
    const spec = { minAvailable: 1, selector: { matchLabels: { app: 'p' } } };
    await client.post(budgets, { metadata: { name: 'b' }, spec }).expect(201);
    const eviction = { metadata: { name: 'p' } };
    await client.post(`${namespace}/pods/p/eviction`, eviction).expect(429);
    await client.delete(`${budgets}/b`).expect(200);
    await client.post(`${namespace}/pods/p/eviction`, eviction).expect(201);
  });

  it('is found by what its agent asks for', async () => {
    await client.post(`${namespace}/pods`, pod('here', { nodeName: 'n' })).expect(201);
    await client.post(`${namespace}/pods`, pod('there', { nodeName: 'm' })).expect(201);
    const body = bodyOf(await client.get('/api/v1/pods?fieldSelector=spec.nodeName=n,status.phase!=Failed'));
    const { items } = body as { items: { metadata: { name: string } }[] };
    expect(items.map(({ metadata }) => metadata.name)).toEqual(['here']);
  });
});

describe('a service', () => {
  const service = (name: string, spec: object = {}): object => ({
    metadata: { name },
    spec: { ports: [{ port: 80 }], ...spec },
  });

  it('gets an address of its own, and a node port when it asks', async () => {
    const first = await client.post(`${namespace}/services`, service('a')).expect(201);
    const second = await client.post(`${namespace}/services`, service('b', { type: 'NodePort' })).expect(201);
    const [a, b] = [first.body as Stored, second.body as Stored];
    expect(a.spec['clusterIP']).toMatch(/^10\.96\.\d+\.\d+$/);
    expect(b.spec['clusterIP']).not.toBe(a.spec['clusterIP']);
    const [port] = b.spec['ports'] as { nodePort: number }[];
    expect(port?.nodePort).toBeGreaterThanOrEqual(30000);
    expect(port?.nodePort).toBeLessThanOrEqual(32767);
  });

  it('gives back what it held', async () => {
    const asked = service('a', { clusterIP: '10.96.0.10' });
    await client.post(`${namespace}/services`, asked).expect(201);
    const taken = await client.post(`${namespace}/services`, service('b', { clusterIP: '10.96.0.10' }));
    expect(refusal(taken)).toMatchObject({ code: 422 });
    expect(refusal(taken).message).toContain('provided IP is already allocated');
    await client.delete(`${namespace}/services/a`).expect(200);
    await client.post(`${namespace}/services`, asked).expect(201);
  });

  it('keeps no address for a write that was only tried', async () => {
    const asked = service('a', { clusterIP: '10.96.0.11' });
    await client.post(`${namespace}/services?dryRun=All`, asked).expect(201);
    await client.post(`${namespace}/services`, asked).expect(201);
  });

  it('without an address stays so', async () => {
    const body = bodyOf(
      await client.post(`${namespace}/services`, service('a', { clusterIP: 'None' })).expect(201),
    );
    expect((body as Stored).spec).toMatchObject({ clusterIP: 'None', clusterIPs: ['None'] });
  });
});

describe('a deployment', () => {
  const deployment = {
    metadata: { name: 'd' },
    spec: {
      selector: { matchLabels: { app: 'd' } },
      template: { metadata: { labels: { app: 'd' } }, spec: { containers: [container] } },
    },
  };

  it('is scaled apart from its spec', async () => {
    await client.post(`${apps}/deployments`, deployment).expect(201);
    const path = `${apps}/deployments/d/scale`;
    const body = bodyOf(await client.get(path).expect(200));
    expect(body).toMatchObject({ kind: 'Scale', spec: { replicas: 1 }, status: { selector: 'app=d' } });
    await client.patch(path, { spec: { replicas: 3 } }).expect(200);
    const scaled = bodyOf(await client.get(`${apps}/deployments/d`));
    expect(scaled).toMatchObject({ metadata: { generation: 2 }, spec: { replicas: 3 } });
  });

  it('keeps its selector, which its template must match', async () => {
    await client.post(`${apps}/deployments`, deployment).expect(201);
    const change = { spec: { selector: { matchLabels: { app: 'x' } } } };
    const body = bodyOf(await client.patch(`${apps}/deployments/d`, change).expect(422));
    const { details } = body as { details: { causes: { field: string }[] } };
    expect(details.causes.map(({ field }) => field)).toEqual([
      'spec.template.metadata.labels',
      'spec.selector',
    ]);
  });

  it('has a generation that its status leaves alone', async () => {
    await client.post(`${apps}/deployments`, deployment).expect(201);
    const path = `${apps}/deployments/d`;
    const body = bodyOf(
      await client
        .patch(`${path}/status`, { spec: { replicas: 9 }, status: { observedGeneration: 1, replicas: 1 } })
        .expect(200),
    );
    expect(body).toMatchObject({
      metadata: { generation: 1 },
      spec: { replicas: 1 },
      status: { replicas: 1 },
    });
  });
});

describe('other kinds', () => {
  it('an immutable ConfigMap stays as it is', async () => {
    const body = { metadata: { name: 'c' }, data: { k: 'v' }, immutable: true };
    await client.post(`${namespace}/configmaps`, body).expect(201);
    const refused = await client.patch(`${namespace}/configmaps/c`, { data: { k: 'w' } }).expect(422);
    expect(refusal(refused).message).toContain('field is immutable when `immutable` is set');
  });

  it('a Secret takes texts and shows bytes', async () => {
    const body = bodyOf(
      await client
        .post(`${namespace}/secrets`, { metadata: { name: 's' }, stringData: { k: 'v' } })
        .expect(201),
    );
    expect(body).toMatchObject({ data: { k: 'dg==' }, type: 'Opaque' });
    expect(body).not.toHaveProperty('stringData');
  });

  it('a role binding keeps its role', async () => {
    const path = '/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings';
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'r' };
    await client.post(path, { metadata: { name: 'b' }, roleRef }).expect(201);
    const change = { roleRef: { ...roleRef, name: 'other' } };
    expect(refusal(await client.patch(`${path}/b`, change)).message).toContain('cannot change roleRef');
  });

  it('an autoscaler is one object in both versions', async () => {
    const path = (version: string): string =>
      `/apis/autoscaling/${version}/namespaces/default/horizontalpodautoscalers`;
    const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' };
    const spec = { scaleTargetRef, maxReplicas: 3, targetCPUUtilizationPercentage: 50 };
    await client.post(path('v1'), { metadata: { name: 'h' }, spec }).expect(201);
    const body = bodyOf(await client.get(`${path('v2')}/h`).expect(200));
    expect(body).toMatchObject({
      apiVersion: 'autoscaling/v2',
      spec: { metrics: [{ resource: { name: 'cpu', target: { averageUtilization: 50 } } }] },
    });
  });

  it('an event is one object in both groups', async () => {
    const event = {
      metadata: { name: 'e' },
      involvedObject: { kind: 'Pod', name: 'p', namespace: 'default' },
      reason: 'Started',
      message: 'began',
      type: 'Normal',
    };
    await client.post(`${namespace}/events`, event).expect(201);
    const body = bodyOf(await client.get('/apis/events.k8s.io/v1/namespaces/default/events/e').expect(200));
    expect(body).toMatchObject({ regarding: { name: 'p' }, note: 'began' });
  });

  it.each([
    { ssh: {}, field: 'spec.ssh.host' },
    { ssh: { host: '-oProxyCommand=x' }, field: 'spec.ssh.host' },
    { ssh: { host: 'h', user: '-x' }, field: 'spec.ssh.user' },
    { ssh: { host: 'h', port: 70000 }, field: 'spec.ssh.port' },
    { ssh: { host: 'h', hostKey: 'MD5:x' }, field: 'spec.ssh.hostKey' },
  ])('a host with $ssh is refused', async ({ ssh, field }) => {
    const body = bodyOf(
      await client
        .post('/apis/flotilla.dev/v1alpha1/hosts', { metadata: { name: 'h' }, spec: { ssh } })
        .expect(422),
    );
    const { details } = body as { details: { causes: { field: string }[] } };
    expect(details.causes.map((cause) => cause.field)).toContain(field);
  });
});

describe('a table', () => {
  it('is what kubectl shows', async () => {
    await client.post(`${namespace}/pods`, pod('p')).expect(201);
    const body = bodyOf(
      await client.get(`${namespace}/pods`, {
        accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json',
      }),
    );
    expect(body).toMatchObject({
      kind: 'Table',
      rows: [
        { cells: ['p', '0/1', 'Pending', '0', expect.any(String), '<none>', '<none>', '<none>', '<none>'] },
      ],
    });
  });
});
