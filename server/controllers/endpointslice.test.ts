import { afterEach, describe, expect, it } from '@jest/globals';
import { startControlPlane, type ControlPlane } from '../../test/fakes/control-plane.ts';
import { endpoints, endpointSlices, pods, services } from '../../openapi/generated/resources.ts';
import type { Pod, Service, ServiceSpec } from '../../openapi/generated/types.ts';
import { createEndpointsController } from './endpoints.ts';
import { createEndpointSliceController } from './endpointslice.ts';

let plane: ControlPlane;
afterEach(() => plane.running.stop());

function service(spec: Partial<ServiceSpec> = {}): Service {
  return {
    metadata: { name: 'web', namespace: 'default', labels: { team: 'a' } },
    spec: {
      selector: { app: 'web' },
      ports: [{ name: 'http', port: 80, targetPort: 8080, protocol: 'TCP' }],
      ...spec,
    },
  };
}

function pod(name: string, ip: string, ready: boolean): Pod {
  return {
    metadata: { name, namespace: 'default', labels: { app: 'web' } },
    spec: { nodeName: 'n1', containers: [{ name: 'c', ports: [{ name: 'web', containerPort: 9000 }] }] },
    status: {
      phase: 'Running',
      podIP: ip,
      podIPs: [{ ip }],
      conditions: [
        { type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: '2026-01-02T03:04:00Z' },
      ],
    },
  };
}

async function start(object: Service, ...all: readonly Pod[]): Promise<void> {
  plane = await startControlPlane(
    [createEndpointSliceController(), createEndpointsController()],
    async (api) => {
      await api.client.create(services, object);
      for (const each of all) await api.client.create(pods, each);
    },
  );
  await plane.clock.advance(2000);
}

const told = (): unknown =>
  plane.api.all(endpointSlices).map((slice) => ({
    ports: (slice.ports ?? []).map((port) => port.port),
    endpoints: (slice.endpoints ?? []).map((each) => [
      each.addresses[0],
      each.conditions?.ready,
      each.conditions?.serving,
      each.conditions?.terminating,
    ]),
  }));

describe('the endpointslice and endpoints controllers', () => {
  it('tell ready and unready pods', async () => {
    await start(service(), pod('a', '10.0.0.1', true), pod('b', '10.0.0.2', false));
    expect(told()).toEqual([
      {
        ports: [8080],
        endpoints: [
          ['10.0.0.1', true, true, false],
          ['10.0.0.2', false, false, false],
        ],
      },
    ]);
    const [slice] = plane.api.all(endpointSlices);
    expect(slice).toMatchObject({
      metadata: {
        generateName: 'web-',
        labels: {
          team: 'a',
          'kubernetes.io/service-name': 'web',
          'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
        },
        ownerReferences: [{ kind: 'Service', name: 'web', controller: true, blockOwnerDeletion: true }],
      },
      addressType: 'IPv4',
      ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
    });
    expect(plane.api.all(endpoints)[0]?.subsets).toMatchObject([
      {
        addresses: [{ ip: '10.0.0.1', nodeName: 'n1' }],
        notReadyAddresses: [{ ip: '10.0.0.2' }],
        ports: [{ name: 'http', port: 8080 }],
      },
    ]);
  });

  it('call a pod that is being deleted terminating, and the older form forgets it', async () => {
    await start(service(), pod('a', '10.0.0.1', true));
    await plane.api.client.delete(pods, { namespace: 'default', name: 'a' });
    await plane.clock.advance(2000);
    expect(told()).toEqual([{ ports: [8080], endpoints: [['10.0.0.1', false, true, true]] }]);
    expect(plane.api.all(endpoints)[0]?.subsets).toBeUndefined();
  });

  it('take a port by name from the containers', async () => {
    await start(service({ ports: [{ port: 80, targetPort: 'web' }] }), pod('a', '10.0.0.1', true));
    expect(told()).toEqual([{ ports: [9000], endpoints: [['10.0.0.1', true, true, false]] }]);
  });

  it('publish what is not ready when the Service says so', async () => {
    await start(service({ publishNotReadyAddresses: true }), pod('a', '10.0.0.1', false));
    expect(told()).toEqual([{ ports: [8080], endpoints: [['10.0.0.1', true, false, false]] }]);
    expect(plane.api.all(endpoints)[0]?.subsets?.[0]?.addresses).toHaveLength(1);
  });

  it('keep an empty slice for a Service without pods', async () => {
    await start(service({ clusterIP: 'None' }));
    expect(told()).toEqual([{ ports: [], endpoints: [] }]);
    expect(plane.api.all(endpointSlices)[0]?.metadata?.labels).toHaveProperty(
      ['service.kubernetes.io/headless'],
      '',
    );
  });

  it('leave a Service without selector alone', async () => {
    await start({ ...service(), spec: { ports: [{ port: 80 }] } });
    expect(told()).toEqual([]);
    expect(plane.api.all(endpoints)).toEqual([]);
  });

  it('fill slices to 100 endpoints, and change only the slice that a pod is in', async () => {
    const all = Array.from({ length: 250 }, (_, i) => pod(`p${i}`, `10.0.${i >> 8}.${i & 255}`, true));
    await start(service(), ...all);
    const sizes = plane.api.all(endpointSlices).map((slice) => slice.endpoints?.length ?? 0);
    expect(sizes.sort()).toEqual([100, 100, 50]);
    const before = new Map(
      plane.api.all(endpointSlices).map((slice) => [slice.metadata?.name, slice.metadata?.resourceVersion]),
    );
    await plane.api.client.delete(pods, { namespace: 'default', name: 'p7' }, { gracePeriodSeconds: 0 });
    await plane.clock.advance(2000);
    const changed = plane.api
      .all(endpointSlices)
      .filter((slice) => before.get(slice.metadata?.name) !== slice.metadata?.resourceVersion);
    expect(changed).toHaveLength(1);
  });

  it('write nothing when nothing has changed', async () => {
    await start(service(), pod('a', '10.0.0.1', true));
    let writes = 0;
    plane.api.onWrite = () => (writes += 1);
    await plane.api.client.patch(
      pods,
      { namespace: 'default', name: 'a' },
      { metadata: { annotations: { x: '1' } } },
      { type: 'merge' },
    );
    await plane.clock.advance(2000);
    expect(writes).toBe(1);
  });
});
