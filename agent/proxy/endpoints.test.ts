import { describe, expect, it } from '@jest/globals';
import type { Endpoint as SliceEndpoint, EndpointSlice } from '../../openapi/generated/types.ts';
import { chooseEndpoints } from './endpoints.ts';

const here = { nodeName: 'n1', zone: 'z1' };
const http = { name: 'http', protocol: 'TCP' };

function at(last: number, nodeName = 'n1', extra: Partial<SliceEndpoint> = {}): SliceEndpoint {
  return { addresses: [`10.244.1.${last}`], nodeName, ...extra };
}

function slice(endpoints: readonly SliceEndpoint[], extra: Partial<EndpointSlice> = {}): EndpointSlice {
  return { addressType: 'IPv4', ports: [{ name: 'http', protocol: 'TCP', port: 80 }], endpoints, ...extra };
}

const notReady = { conditions: { ready: false, serving: false, terminating: false } };
const draining = { conditions: { ready: false, serving: true, terminating: true } };

const cases: { name: string; slices: EndpointSlice[]; cluster: number[]; local: number[] }[] = [
  {
    name: 'takes ready endpoints of all slices, sorted, each once',
    slices: [slice([at(3), at(2, 'n2')]), slice([at(2, 'n2'), at(1, 'n2')])],
    cluster: [1, 2, 3],
    local: [3],
  },
  {
    name: 'counts conditions that are not given as ready',
    slices: [slice([at(1, 'n1', { conditions: {} })])],
    cluster: [1],
    local: [1],
  },
  {
    name: 'leaves out what is not ready',
    slices: [slice([at(1, 'n1', notReady), at(2)])],
    cluster: [2],
    local: [2],
  },
  {
    name: 'falls back on what terminates and still serves, for each policy by itself',
    slices: [slice([at(1, 'n1', draining), at(2, 'n2')])],
    cluster: [2],
    local: [1],
  },
  {
    name: 'falls back when nothing is ready anywhere',
    slices: [slice([at(1, 'n2', draining), at(2, 'n2', notReady)])],
    cluster: [1],
    local: [],
  },
  {
    name: 'goes by the hints for nodes when all endpoints have them',
    slices: [
      slice([
        at(1, 'n1', { hints: { forNodes: [{ name: 'n1' }] } }),
        at(2, 'n2', { hints: { forNodes: [{ name: 'n2' }] } }),
      ]),
    ],
    cluster: [1],
    local: [1],
  },
  {
    name: 'goes by the hints for zones',
    slices: [
      slice([
        at(1, 'n1', { hints: { forZones: [{ name: 'z2' }] } }),
        at(2, 'n2', { hints: { forZones: [{ name: 'z1' }] } }),
      ]),
    ],
    cluster: [2],
    local: [1],
  },
  {
    name: 'takes no hint when one endpoint has none',
    slices: [slice([at(1, 'n1', { hints: { forZones: [{ name: 'z1' }] } }), at(2, 'n2')])],
    cluster: [1, 2],
    local: [1],
  },
  {
    name: 'takes no hint when none is meant for us',
    slices: [slice([at(1, 'n1', { hints: { forZones: [{ name: 'z9' }] } })])],
    cluster: [1],
    local: [1],
  },
  {
    name: 'goes by name and protocol of the port',
    slices: [
      slice([at(1)], { ports: [{ name: 'http', protocol: 'UDP', port: 80 }] }),
      slice([at(2)], { ports: [{ name: 'x', port: 80 }] }),
    ],
    cluster: [],
    local: [],
  },
  {
    name: 'leaves out IPv6 and what is no address',
    slices: [slice([at(1)], { addressType: 'IPv6' }), slice([{ addresses: ['10.0.0.1 -j ACCEPT'] }])],
    cluster: [],
    local: [],
  },
  {
    name: 'bears slices without endpoints',
    // Go writes an empty list as null.
    slices: [{ ...slice([]), endpoints: null } as unknown as EndpointSlice],
    cluster: [],
    local: [],
  },
];

describe('chooseEndpoints()', () => {
  for (const { name, slices, cluster, local } of cases) {
    it(name, () => {
      const chosen = chooseEndpoints(slices, http, here);
      expect(chosen.cluster.map((each) => Number(each.address.split('.')[3]))).toEqual(cluster);
      expect(chosen.local.map((each) => Number(each.address.split('.')[3]))).toEqual(local);
    });
  }
});
