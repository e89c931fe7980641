import { describe, expect, it } from '@jest/globals';
import type { EndpointSlice, Service } from '../../openapi/generated/types.ts';
import { answerQuestion, type Verdict } from './answer.ts';
import { Zone } from './zone.ts';

function service(name: string, spec: NonNullable<Service['spec']>): Service {
  const [namespace = '', own = ''] = name.split('/');
  return { metadata: { namespace, name: own }, spec };
}

function slice(
  of: string,
  endpoints: NonNullable<EndpointSlice['endpoints']>,
  ports: NonNullable<EndpointSlice['ports']> = [{ name: 'http', protocol: 'TCP', port: 8080 }],
): EndpointSlice {
  const [namespace = '', own = ''] = of.split('/');
  const metadata = { namespace, name: `${own}-1`, labels: { 'kubernetes.io/service-name': own } };
  return { metadata, addressType: 'IPv4', ports, endpoints };
}

const services = [
  service('default/kubernetes', { clusterIP: '10.96.0.1', ports: [{ name: 'https', port: 443 }] }),
  service('shop/web', {
    clusterIP: '10.96.0.20',
    ports: [
      { name: 'http', port: 80 },
      { name: 'dns', port: 53, protocol: 'UDP' },
    ],
  }),
  service('shop/each', { clusterIP: 'None' }),
  service('shop/empty', { clusterIP: 'None' }),
  service('shop/out', { type: 'ExternalName', externalName: 'Example.com.' }),
  service('shop/alias', { type: 'ExternalName', externalName: 'web.shop.svc.cluster.local' }),
  service('shop/fixed', { type: 'ExternalName', externalName: '192.0.2.7' }),
  service('shop/bad', { type: 'ExternalName', externalName: 'a b"\n' }),
  service('shop/pending', { clusterIP: '' }),
  service('shop/Upper', { clusterIP: '10.96.0.99' }),
];
const slices = [
  slice('shop/each', [
    { addresses: ['10.244.1.2'], hostname: 'each-0', conditions: { ready: true } },
    { addresses: ['10.244.2.3'] },
    { addresses: ['10.244.2.9'], conditions: { ready: false } },
  ]),
  slice('shop/empty', [{ addresses: ['10.244.2.9'], conditions: { ready: false } }]),
];

function zone(): Zone {
  const made = new Zone('cluster.local');
  for (const object of services) made.onService({ object, old: undefined });
  for (const object of slices) made.onSlice({ object, old: undefined });
  return made;
}

function isOwnAddress(address: string): boolean {
  return address.startsWith('10.');
}

/** "A 10.0.0.1" for each answer, "SOA" for a denial's authority, or what else is to be done. */
function ask(made: Zone, name: string, type: string): string {
  const verdict: Verdict = answerQuestion(name, type, { zone: made, isOwnAddress, random: () => 0 });
  if (verdict.kind === 'forward') return 'forward';
  const { answer } = verdict;
  const texts = answer.answers.map((each) => {
    const data = each.type === 'SRV' ? `${each.data.port} ${each.data.target}` : each.data;
    return `${each.type} ${typeof data === 'string' ? data : data.mname}`;
  });
  const code = answer.rcode === 0 ? '' : `rcode ${answer.rcode} `;
  const follow = verdict.kind === 'follow' ? ` -> ${verdict.target}` : '';
  return `${code}${[...texts, ...answer.authorities.map((each) => `(${each.type})`)].join(', ')}${follow}`;
}

const cases: readonly { name: string; type: string; want: string }[] = [
  { name: 'web.shop.svc.cluster.local', type: 'A', want: 'A 10.96.0.20' },
  { name: 'WEB.shop.SVC.cluster.local', type: 'A', want: 'A 10.96.0.20' },
  { name: 'web.shop.svc.cluster.local', type: 'AAAA', want: '(SOA)' },
  { name: 'web.shop.svc.cluster.local', type: 'MX', want: '(SOA)' },
  {
    name: 'web.shop.svc.cluster.local',
    type: 'SRV',
    want: 'SRV 80 web.shop.svc.cluster.local, SRV 53 web.shop.svc.cluster.local',
  },
  { name: '_http._tcp.web.shop.svc.cluster.local', type: 'SRV', want: 'SRV 80 web.shop.svc.cluster.local' },
  { name: '_dns._udp.web.shop.svc.cluster.local', type: 'SRV', want: 'SRV 53 web.shop.svc.cluster.local' },
  { name: '_dns._tcp.web.shop.svc.cluster.local', type: 'SRV', want: 'rcode 3 (SOA)' },
  { name: '_tcp.web.shop.svc.cluster.local', type: 'SRV', want: '(SOA)' },
  { name: 'each.shop.svc.cluster.local', type: 'A', want: 'A 10.244.1.2, A 10.244.2.3' },
  { name: 'each-0.each.shop.svc.cluster.local', type: 'A', want: 'A 10.244.1.2' },
  { name: '10-244-2-3.each.shop.svc.cluster.local', type: 'A', want: 'A 10.244.2.3' },
  { name: '10-244-1-2.each.shop.svc.cluster.local', type: 'A', want: 'rcode 3 (SOA)' },
  {
    name: '_http._tcp.each.shop.svc.cluster.local',
    type: 'SRV',
    want: 'SRV 8080 each-0.each.shop.svc.cluster.local, SRV 8080 10-244-2-3.each.shop.svc.cluster.local',
  },
  { name: 'empty.shop.svc.cluster.local', type: 'A', want: 'rcode 3 (SOA)' },
  { name: 'out.shop.svc.cluster.local', type: 'A', want: 'CNAME example.com -> example.com' },
  { name: 'out.shop.svc.cluster.local', type: 'CNAME', want: 'CNAME example.com' },
  {
    name: 'alias.shop.svc.cluster.local',
    type: 'A',
    want: 'CNAME web.shop.svc.cluster.local -> web.shop.svc.cluster.local',
  },
  { name: 'fixed.shop.svc.cluster.local', type: 'A', want: 'A 192.0.2.7' },
  { name: 'bad.shop.svc.cluster.local', type: 'A', want: 'rcode 3 (SOA)' },
  { name: 'pending.shop.svc.cluster.local', type: 'A', want: 'rcode 3 (SOA)' },
  { name: 'nothing.shop.svc.cluster.local', type: 'A', want: 'rcode 3 (SOA)' },
  { name: 'web.other.svc.cluster.local', type: 'A', want: 'rcode 3 (SOA)' },
  { name: 'shop.svc.cluster.local', type: 'A', want: '(SOA)' },
  { name: 'svc.cluster.local', type: 'A', want: '(SOA)' },
  { name: 'cluster.local', type: 'SOA', want: 'SOA ns.dns.cluster.local' },
  { name: 'cluster.local', type: 'NS', want: 'NS ns.dns.cluster.local' },
  { name: 'dns-version.cluster.local', type: 'TXT', want: 'TXT 1.1.0' },
  { name: '10-244-9-9.shop.pod.cluster.local', type: 'A', want: 'A 10.244.9.9' },
  { name: '10-244-9-999.shop.pod.cluster.local', type: 'A', want: 'rcode 3 (SOA)' },
  { name: '20.0.96.10.in-addr.arpa', type: 'PTR', want: 'PTR web.shop.svc.cluster.local' },
  { name: '2.1.244.10.in-addr.arpa', type: 'PTR', want: 'PTR each-0.each.shop.svc.cluster.local' },
  { name: '3.2.244.10.in-addr.arpa', type: 'PTR', want: 'rcode 3 (SOA)' },
  { name: '8.8.8.8.in-addr.arpa', type: 'PTR', want: 'forward' },
  // What ndots:5 makes of "example.com" ends at once, and only the last is asked outside.
  { name: 'example.com.shop.svc.cluster.local', type: 'A', want: 'rcode 3 (SOA)' },
  { name: 'example.com.cluster.local', type: 'A', want: 'rcode 3 (SOA)' },
  { name: 'example.com', type: 'A', want: 'forward' },
  { name: 'notcluster.local', type: 'A', want: 'forward' },
];

describe('answerQuestion()', () => {
  const made = zone();
  for (const { name, type, want } of cases) {
    it(`${type} ${name}: ${want}`, () => {
      expect(ask(made, name, type)).toBe(want);
    });
  }

  it('gives the addresses of SRV targets along', () => {
    const verdict = answerQuestion('_http._tcp.each.shop.svc.cluster.local', 'SRV', {
      zone: made,
      isOwnAddress,
      random: () => 0,
    });
    expect(verdict.kind === 'answer' ? verdict.answer.additionals.map((each) => each.data) : []).toEqual([
      '10.244.1.2',
      '10.244.2.3',
    ]);
  });

  it('lets each address be the first in turn', () => {
    const name = 'each.shop.svc.cluster.local';
    const verdict = answerQuestion(name, 'A', { zone: made, isOwnAddress, random: () => 0.9 });
    expect(verdict.kind === 'answer' ? verdict.answer.answers[0]?.data : '').toBe('10.244.2.3');
  });
});

describe('Zone', () => {
  it('follows changes of services and slices, and forgets what is gone', () => {
    const made = zone();
    const [, web] = services;
    const moved = service('shop/web', { clusterIP: '10.96.0.21', ports: [] });
    made.onService({ object: moved, old: web });
    expect(ask(made, 'web.shop.svc.cluster.local', 'A')).toBe('A 10.96.0.21');
    expect(ask(made, '_http._tcp.web.shop.svc.cluster.local', 'SRV')).toBe('rcode 3 (SOA)');
    expect(ask(made, '20.0.96.10.in-addr.arpa', 'PTR')).toBe('rcode 3 (SOA)');
    made.onSlice({ object: undefined, old: slices[0] });
    expect(ask(made, 'each-0.each.shop.svc.cluster.local', 'A')).toBe('rcode 3 (SOA)');
    for (const old of services.slice(1)) made.onService({ object: undefined, old });
    expect(ask(made, 'shop.svc.cluster.local', 'A')).toBe('rcode 3 (SOA)');
    expect(ask(made, 'kubernetes.default.svc.cluster.local', 'A')).toBe('A 10.96.0.1');
  });

  it('takes slices that come before their service', () => {
    const made = new Zone('cluster.local');
    made.onSlice({ object: slices[0], old: undefined });
    made.onService({ object: services[2], old: undefined });
    expect(ask(made, 'each-0.each.shop.svc.cluster.local', 'A')).toBe('A 10.244.1.2');
  });
});
