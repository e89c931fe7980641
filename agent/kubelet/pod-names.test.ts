import { describe, expect, it } from '@jest/globals';
import type { Pod, PodSpec } from '../../openapi/generated/types.ts';
import {
  hostNetworkHostsFile,
  hostnameOf,
  hostsFile,
  kernelHostname,
  parseResolvConf,
  resolvConf,
} from './pod-names.ts';

function pod(spec: Partial<PodSpec> = {}, name = 'web'): Pod {
  return { metadata: { name, namespace: 'shop' }, spec: { containers: [], ...spec } };
}
const dns = {
  clusterDNS: '10.96.0.10',
  clusterDomain: 'cluster.local',
  hostFile: '# x\nnameserver 1.1.1.1\nsearch lan\noptions edns0\n',
};

describe('hostnameOf()', () => {
  const cases = [
    { name: 'is the pod’s name', spec: {}, want: { hostname: 'web', domain: '' } },
    {
      name: 'is what the spec says',
      spec: { hostname: 'a', subdomain: 'b' },
      want: { hostname: 'a', domain: 'b.shop.svc.cluster.local' },
    },
    {
      name: 'is the override',
      spec: { hostnameOverride: 'x.y', subdomain: 'b' },
      want: { hostname: 'x.y', domain: '' },
    },
  ];
  for (const { name, spec, want } of cases) {
    it(name, () => {
      expect(hostnameOf(pod(spec), 'cluster.local')).toEqual(want);
    });
  }
  it('is cut at 63 bytes, and ends with no hyphen', () => {
    expect(hostnameOf(pod({}, `${'x'.repeat(62)}-tail`), 'cluster.local').hostname).toBe('x'.repeat(62));
  });
  it('is the whole name for processes where the pod asks for it', () => {
    const spec = { hostname: 'a', subdomain: 'b', setHostnameAsFQDN: true };
    expect(kernelHostname(pod(spec), 'cluster.local')).toBe('a.b.shop.svc.cluster.local');
  });
});

describe('hosts files', () => {
  it('name the pod, whole and short, and its aliases', () => {
    const text = hostsFile(
      pod({ hostname: 'a', subdomain: 'b', hostAliases: [{ ip: '1.2.3.4', hostnames: ['x', 'y'] }] }),
      ['10.0.0.1'],
      'cluster.local',
    );
    expect(text).toMatch(/^# Kubernetes-managed hosts file\.\n127\.0\.0\.1\tlocalhost\n/);
    expect(text).toContain('10.0.0.1\ta.b.shop.svc.cluster.local\ta\n');
    expect(text).toMatch(/\n# Entries added by HostAliases\.\n1\.2\.3\.4\tx\ty\n$/);
  });
  it('get no line that a user did not mean', () => {
    const text = hostsFile(
      pod({ hostAliases: [{ ip: '1.2.3.4', hostnames: ['x\n6.6.6.6 bank', 'y # z'] }] }),
      [],
      'c',
    );
    expect(text.split('\n').slice(-2)).toEqual(['1.2.3.4\tx6.6.6.6bank\tyz', '']);
  });
  it('are the host’s own on the host’s network', () => {
    expect(hostNetworkHostsFile('127.0.0.1 localhost\n', pod())).toBe(
      '# Kubernetes-managed hosts file (host network).\n127.0.0.1 localhost\n',
    );
  });
});

describe('resolvConf()', () => {
  const cluster =
    'search shop.svc.cluster.local svc.cluster.local cluster.local lan\nnameserver 10.96.0.10\noptions ndots:5\n';
  const host = 'search lan\nnameserver 1.1.1.1\noptions edns0\n';
  const cases: [string, Partial<PodSpec>, string][] = [
    ['asks the cluster first', {}, cluster],
    ['asks the host on the host’s network', { hostNetwork: true }, host],
    [
      'asks the cluster there too when told so',
      { hostNetwork: true, dnsPolicy: 'ClusterFirstWithHostNet' },
      cluster,
    ],
    ['asks the host when told so', { dnsPolicy: 'Default' }, host],
    [
      'asks only whom the pod names',
      {
        dnsPolicy: 'None',
        dnsConfig: {
          nameservers: ['9.9.9.9'],
          searches: ['a'],
          options: [{ name: 'ndots', value: '2' }, { name: 'edns0' }],
        },
      },
      'search a\nnameserver 9.9.9.9\noptions ndots:2 edns0\n',
    ],
    [
      'joins the pod’s own, which win',
      { dnsConfig: { nameservers: ['9.9.9.9'], options: [{ name: 'ndots', value: '1' }] } },
      'search shop.svc.cluster.local svc.cluster.local cluster.local lan\nnameserver 10.96.0.10\nnameserver 9.9.9.9\noptions ndots:1\n',
    ],
    [
      'takes three servers',
      { dnsPolicy: 'None', dnsConfig: { nameservers: ['1', '2', '3', '4'] } },
      'nameserver 1\nnameserver 2\nnameserver 3\n',
    ],
    [
      'gets no line that a user did not mean',
      { dnsPolicy: 'None', dnsConfig: { nameservers: ['1\nnameserver 6'] } },
      'nameserver 1nameserver6\n',
    ],
  ];
  for (const [name, spec, want] of cases) {
    it(name, () => {
      expect(resolvConf(pod(spec), dns)).toBe(want);
    });
  }
  it('parseResolvConf() takes the last search line', () => {
    expect(parseResolvConf('search a\nsearch b c\nnameserver\n')).toEqual({
      nameservers: [],
      searches: ['b', 'c'],
      options: [],
    });
  });
});
