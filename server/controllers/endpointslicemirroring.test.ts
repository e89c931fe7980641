import { afterEach, describe, expect, it } from '@jest/globals';
import { startControlPlane, type ControlPlane } from '../../test/fakes/control-plane.ts';
import { endpoints, endpointSlices, events, services } from '../../openapi/generated/resources.ts';
import type { Endpoints, EndpointSlice, Service } from '../../openapi/generated/types.ts';
import { createEndpointSliceMirroringController } from './endpointslicemirroring.ts';

let plane: ControlPlane;
afterEach(() => plane.running.stop());
const key = { namespace: 'default', name: 'db' };

async function start(service: Partial<Service>, more: Partial<Endpoints>): Promise<void> {
  plane = await startControlPlane([createEndpointSliceMirroringController()], async (api) => {
    await api.client.create(services, { metadata: key, spec: { ports: [{ port: 80 }] }, ...service });
    await api.client.create(endpoints, { ...more, metadata: { ...key, ...more.metadata } });
  });
  await plane.clock.advance(100);
}
const slices = (): readonly EndpointSlice[] => plane.api.all(endpointSlices);
const told = (): readonly string[] =>
  slices()
    .map(
      ({ addressType, endpoints: all = [], ports }) =>
        `${addressType} ${all.map((each) => `${each.addresses[0] ?? ''}${each.conditions?.ready === true ? '' : '!'}`).join(',')} :${ports?.[0]?.port ?? ''}`,
    )
    .sort();
const http = [{ name: 'http', port: 80, protocol: 'TCP' }];

describe('the endpointslicemirroring controller', () => {
  it('makes a slice of each family and set of ports', async () => {
    await start(
      {},
      {
        metadata: {
          labels: { a: 'b' },
          annotations: { c: 'd', 'endpoints.kubernetes.io/last-change-trigger-time': 'x' },
        },
        subsets: [
          {
            addresses: [{ ip: '10.0.0.1', hostname: 'one' }, { ip: 'fd00::1' }],
            notReadyAddresses: [{ ip: '10.0.0.2' }],
            ports: http,
          },
          { addresses: [{ ip: '10.0.0.1' }], ports: [{ port: 443 }] },
        ],
      },
    );
    expect(told()).toEqual(['IPv4 10.0.0.1 :443', 'IPv4 10.0.0.1,10.0.0.2! :80', 'IPv6 fd00::1 :80']);
    expect(slices()[0]?.metadata).toMatchObject({
      labels: {
        a: 'b',
        'kubernetes.io/service-name': 'db',
        'endpointslice.kubernetes.io/managed-by': 'endpointslicemirroring-controller.k8s.io',
      },
      annotations: { c: 'd' },
      ownerReferences: [{ kind: 'Endpoints', name: 'db' }],
    });
  });

  it('follows changes, in the slice that is there, and their end', async () => {
    await start({}, { subsets: [{ addresses: [{ ip: '10.0.0.1' }], ports: http }] });
    const name = slices()[0]?.metadata?.name;
    const subsets = [{ addresses: [{ ip: '10.0.0.9' }], ports: [{ ...http[0], port: 8080 }] }];
    await plane.api.client.patch(endpoints, key, { subsets }, { type: 'merge' });
    await plane.clock.advance(100);
    expect([told(), slices()[0]?.metadata?.name]).toEqual([['IPv4 10.0.0.9 :8080'], name]);
    await plane.api.client.patch(endpoints, key, { subsets: null }, { type: 'merge' });
    await plane.clock.advance(100);
    expect(told()).toEqual([]);
  });

  it('writes nothing when nothing changed', async () => {
    await start({}, { subsets: [{ addresses: [{ ip: '10.0.0.1' }], ports: http }] });
    const version = slices()[0]?.metadata?.resourceVersion;
    await plane.api.client.patch(services, key, { metadata: { labels: { x: 'y' } } }, { type: 'merge' });
    await plane.clock.advance(5000);
    expect(slices()[0]?.metadata?.resourceVersion).toBe(version);
  });

  const left = [
    { name: 'of a Service with a selector', service: { spec: { selector: { a: 'b' } } }, metadata: {} },
    {
      name: 'that ask to be left',
      service: {},
      metadata: { labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } },
    },
    {
      name: 'that are a lock',
      service: {},
      metadata: { annotations: { 'control-plane.alpha.kubernetes.io/leader': '{}' } },
    },
  ];
  for (const { name, service, metadata } of left)
    it(`leaves Endpoints ${name} alone`, async () => {
      await start(service, { metadata, subsets: [{ addresses: [{ ip: '10.0.0.1' }], ports: http }] });
      expect(told()).toEqual([]);
    });

  it('takes the mirror away when the Service gets a selector', async () => {
    await start({}, { subsets: [{ addresses: [{ ip: '10.0.0.1' }], ports: http }] });
    expect(told()).toHaveLength(1);
    await plane.api.client.patch(services, key, { spec: { selector: { a: 'b' } } }, { type: 'merge' });
    await plane.clock.advance(100);
    expect(told()).toEqual([]);
  });

  it('leaves out what is too much, and says so', async () => {
    const addresses = Array.from({ length: 1001 }, (_, i) => ({ ip: `10.0.${i >> 8}.${i & 255}` }));
    await start({}, { subsets: [{ addresses, ports: http }] });
    expect(slices()[0]?.endpoints).toHaveLength(1000);
    expect(plane.api.all(events).map((event) => event.message)).toEqual([
      'A max of 1000 addresses can be mirrored to EndpointSlices per Endpoints subset. 1 addresses were skipped',
    ]);
  });
});
