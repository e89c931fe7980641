import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { EndpointSlice, Service } from '../../openapi/generated/types.ts';
import { endpointChain, hash16, serviceChain } from './chain-names.ts';
import { servicePorts, type NodeFacts, type ServicePort } from './service-ports.ts';
import { probabilityText, serviceRules } from './service-rules.ts';

const facts: NodeFacts = {
  nodeName: 'n1',
  zone: undefined,
  clusterCIDR: '10.244.0.0/16',
  serviceCIDR: '10.96.0.0/16',
  gateway: '10.244.1.1',
  localServices: [
    {
      namespace: 'default',
      name: 'kubernetes',
      unlessSelected: false,
      listeners: [{ portName: 'https', protocol: 'tcp', port: 6443 }],
    },
    {
      namespace: 'kube-system',
      name: 'kube-dns',
      unlessSelected: true,
      listeners: [{ portName: 'dns', protocol: 'udp', port: 53 }],
    },
  ],
};

type Spec = NonNullable<Service['spec']>;

function service(spec: Partial<Spec>, name = 'a/web'): Service {
  const [namespace = '', own = ''] = name.split('/');
  return {
    metadata: { namespace, name: own },
    spec: { clusterIP: '10.96.0.9', ports: [{ name: 'http', port: 80 }], ...spec },
  };
}

function slice(...nodes: readonly string[]): EndpointSlice {
  return {
    addressType: 'IPv4',
    metadata: { namespace: 'a', name: 'web-1' },
    ports: [{ name: 'http', protocol: 'TCP', port: 8080 }],
    endpoints: nodes.map((nodeName, i) => ({ addresses: [`10.244.1.${i + 2}`], nodeName })),
  };
}

function only(spec: Partial<Spec>, slices: readonly EndpointSlice[], name?: string): ServicePort {
  const [port] = servicePorts(service(spec, name), slices, facts);
  if (port === undefined) throw new Error('no port');
  return port;
}

function rules(
  spec: Partial<Spec>,
  slices: readonly EndpointSlice[],
  name?: string,
): ReturnType<typeof serviceRules> {
  return serviceRules(only(spec, slices, name), facts.clusterCIDR);
}

const id = 'a/web:http';
const svc = serviceChain('SVC', id, 'tcp');
const svl = serviceChain('SVL', id, 'tcp');
const ext = serviceChain('EXT', id, 'tcp');
const sep = endpointChain(id, 'tcp', '10.244.1.2:8080');

describe('chain names', () => {
  it("are kube-proxy's", () => {
    // As every cluster shows them in `iptables-save`.
    expect(serviceChain('SVC', 'default/kubernetes:https', 'tcp')).toBe('KUBE-SVC-NPX46M4PTMTKRN6Y');
    expect(serviceChain('SVC', 'kube-system/kube-dns:dns', 'udp')).toBe('KUBE-SVC-TCOU7JCQXEZGVUNU');
    expect(serviceChain('SVC', 'kube-system/kube-dns:dns-tcp', 'tcp')).toBe('KUBE-SVC-ERIFXISQEP7F7OF4');
  });

  it('differ with the text', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (a, b) => {
        expect(hash16(a)).toMatch(/^[A-Z2-7]{16}$/);
        expect(hash16(a) === hash16(b)).toBe(a === b);
      }),
    );
  });
});

describe('serviceRules()', () => {
  it('balances a ClusterIP over its endpoints, and masquerades what does not come from pods', () => {
    const made = rules({}, [slice('n1', 'n2')]);
    expect(made.natServices).toEqual([
      `-d 10.96.0.9/32 -p tcp -m comment --comment "a/web:http cluster IP" -m tcp --dport 80 -j ${svc}`,
    ]);
    const other = endpointChain(id, 'tcp', '10.244.1.3:8080');
    expect(made.natChains.get(svc)?.split('\n')).toEqual([
      '! -s 10.244.0.0/16 -d 10.96.0.9/32 -p tcp -m comment --comment "a/web:http cluster IP" -m tcp --dport 80 -j KUBE-MARK-MASQ',
      `-m comment --comment "a/web:http -> 10.244.1.2:8080" -m statistic --mode random --probability 0.50000000000 -j ${sep}`,
      `-m comment --comment "a/web:http -> 10.244.1.3:8080" -j ${other}`,
    ]);
    expect(made.natChains.get(sep)?.split('\n')).toEqual([
      '-s 10.244.1.2/32 -m comment --comment "a/web:http" -j KUBE-MARK-MASQ',
      '-p tcp -m comment --comment "a/web:http" -m tcp -j DNAT --to-destination 10.244.1.2:8080',
    ]);
    expect([made.natNodePorts, made.filterServices, made.filterExternal]).toEqual([[], [], []]);
  });

  it('refuses at once without endpoints, at every address', () => {
    const made = rules(
      { type: 'NodePort', externalIPs: ['1.2.3.4'], ports: [{ name: 'http', port: 80, nodePort: 30080 }] },
      [],
    );
    expect(made.natChains.size + made.natServices.length + made.natNodePorts.length).toBe(0);
    const reject = '-j REJECT --reject-with icmp-port-unreachable';
    const text = '-p tcp -m comment --comment "a/web:http has no endpoints"';
    expect(made.filterServices).toEqual([`-d 10.96.0.9/32 ${text} -m tcp --dport 80 ${reject}`]);
    expect(made.filterExternal).toEqual([
      `${text} -m addrtype --dst-type LOCAL -m tcp --dport 30080 ${reject}`,
      `-d 1.2.3.4/32 ${text} -m tcp --dport 80 ${reject}`,
    ]);
  });

  it('keeps to this node with externalTrafficPolicy Local, save for pods and the node itself', () => {
    const spec = {
      type: 'NodePort',
      externalTrafficPolicy: 'Local',
      ports: [{ name: 'http', port: 80, nodePort: 30080 }],
    };
    const made = rules(spec, [slice('n1', 'n2')]);
    expect(made.natChains.get(svl)).toBe(`-m comment --comment "a/web:http -> 10.244.1.2:8080" -j ${sep}`);
    const targets = made.natChains
      .get(ext)
      ?.split('\n')
      .map((line) => line.split(' ').at(-1));
    expect(targets).toEqual([svc, 'KUBE-MARK-MASQ', svc, svl]);
    const none = rules(spec, [slice('n2')]);
    expect([none.natNodePorts, none.natChains.has(ext)]).toEqual([[], false]);
    expect(none.filterExternal[0]).toContain('has no local endpoints" -m addrtype');
    expect(none.filterExternal[0]).toMatch(/-j DROP$/);
    expect(none.natServices).toHaveLength(1);
  });

  it('keeps to this node with internalTrafficPolicy Local', () => {
    const made = rules({ internalTrafficPolicy: 'Local' }, [slice('n1', 'n2')]);
    expect(made.natServices[0]).toMatch(new RegExp(`-j ${svl}$`));
    expect(made.natChains.has(svc)).toBe(false);
    expect(rules({ internalTrafficPolicy: 'Local' }, [slice('n2')]).filterServices[0]).toMatch(
      /local endpoints" .* -j DROP$/,
    );
  });

  it('keeps a client with an endpoint for as long as asked', () => {
    const made = rules(
      { sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 60 } } },
      [slice('n1')],
    );
    expect(made.natChains.get(svc)).toContain(
      `-m recent --rcheck --seconds 60 --reap --name ${sep} --mask 255.255.255.255 --rsource -j ${sep}`,
    );
    expect(made.natChains.get(sep)).toContain(
      `-m recent --set --name ${sep} --mask 255.255.255.255 --rsource -m tcp -j DNAT`,
    );
    expect(only({ sessionAffinity: 'ClientIP' }, []).affinitySeconds).toBe(10_800);
  });

  it('admits only the given sources to a load balancer address', () => {
    const port = only(
      {
        type: 'LoadBalancer',
        loadBalancerSourceRanges: ['10.0.0.0/8', 'x'],
        ports: [{ name: 'http', port: 80 }],
      },
      [slice('n1')],
    );
    const made = serviceRules({ ...port, loadBalancerIPs: ['9.9.9.9'] }, facts.clusterCIDR);
    const firewall = serviceChain('FW', id, 'tcp');
    expect(made.natServices[1]).toMatch(new RegExp(`^-d 9.9.9.9/32 .* -j ${firewall}$`));
    expect(made.natChains.get(firewall)).toBe(
      `-s 10.0.0.0/8 -m comment --comment "a/web:http loadbalancer IP" -j ${ext}`,
    );
    expect(made.filterFirewall[0]).toMatch(/^-d 9\.9\.9\.9\/32 -p tcp .* -j DROP$/);
  });

  it('leads the kubernetes service to the relay on the node, without masquerading', () => {
    const made = rules({ ports: [{ name: 'https', port: 443 }] }, [], 'default/kubernetes');
    expect([...made.natChains.values()]).toEqual([
      `-m comment --comment "default/kubernetes:https -> 10.244.1.1:6443" -j ${endpointChain('default/kubernetes:https', 'tcp', '10.244.1.1:6443')}`,
      '-p tcp -m comment --comment "default/kubernetes:https" -m tcp -j DNAT --to-destination 10.244.1.1:6443',
    ]);
  });

  it("leaves a kube-dns with a selector to the user's own pods", () => {
    const ports = [{ name: 'dns', port: 53, protocol: 'UDP' }];
    expect(only({ ports }, [], 'kube-system/kube-dns').onNode).toBe(true);
    expect(only({ ports, selector: { app: 'coredns' } }, [], 'kube-system/kube-dns').onNode).toBe(false);
  });
});

describe('servicePorts()', () => {
  const cases = [
    { name: 'nothing for a headless service', spec: { clusterIP: 'None' }, want: 0 },
    { name: 'nothing for an ExternalName', spec: { type: 'ExternalName' }, want: 0 },
    { name: 'nothing for IPv6 only', spec: { clusterIP: 'fd00::1' }, want: 0 },
    {
      name: 'the IPv4 address of a dual-stack service',
      spec: { clusterIP: 'fd00::1', clusterIPs: ['fd00::1', '10.96.0.9'] },
      want: 1,
    },
    {
      name: 'TCP and UDP at the same number',
      spec: {
        ports: [
          { name: 'a', port: 53 },
          { name: 'b', port: 53, protocol: 'UDP' },
        ],
      },
      want: 2,
    },
    {
      name: 'nothing for a protocol that it does not know',
      spec: { ports: [{ port: 1, protocol: '__proto__' }] },
      want: 0,
    },
  ];
  for (const { name, spec, want } of cases) {
    it(`makes ${name}`, () => {
      expect(servicePorts(service(spec), [], facts)).toHaveLength(want);
    });
  }

  it('takes load balancer addresses only of a LoadBalancer, and not those that a proxy stands before', () => {
    const status = { loadBalancer: { ingress: [{ ip: '9.9.9.9' }, { ip: '8.8.8.8', ipMode: 'Proxy' }] } };
    const balanced = { ...service({ type: 'LoadBalancer' }), status };
    expect(servicePorts(balanced, [], facts)[0]?.loadBalancerIPs).toEqual(['9.9.9.9']);
    expect(servicePorts({ ...service({}), status }, [], facts)[0]?.loadBalancerIPs).toEqual([]);
  });
});

describe('probabilityText()', () => {
  it('is what iptables-save prints', () => {
    expect([2, 3, 5, 6, 7].map(probabilityText)).toEqual([
      '0.50000000000',
      '0.33333333349',
      '0.20000000019',
      '0.16666666651',
      '0.14285714272',
    ]);
  });
});

describe('no text of a user', () => {
  const shape =
    /^(?:! )?(?:-[sd] [\d./]+ )*(?:-p (?:tcp|udp|sctp) )?(?:-m comment --comment "[\w ./:;>-]*" )?(?:-m [a-z]+ )?[-\w\d ./:]*-j [A-Z0-9-]+(?: --(?:reject-with|to-destination) [\w.:-]+)?$/;
  const nasty = fc.oneof(
    fc.string(),
    fc.constantFrom(
      '"',
      '\n-A INPUT -j ACCEPT',
      'x" -j ACCEPT\nCOMMIT\n',
      '$(reboot)',
      '`id`',
      '10.0.0.1 -j ACCEPT',
      "'",
      '\\',
    ),
  );

  it('changes the shape of a rule', () => {
    fc.assert(
      fc.property(
        fc.record({ namespace: nasty, name: nasty, port: nasty, ip: nasty, range: nasty, node: nasty }),
        (text) => {
          const odd: Service = {
            metadata: { namespace: text.namespace, name: text.name },
            spec: {
              type: 'LoadBalancer',
              clusterIP: '10.96.0.9',
              externalIPs: [text.ip],
              loadBalancerSourceRanges: [text.range, '10.0.0.0/8'],
              ports: [{ name: text.port, port: 80, nodePort: 30080 }],
            },
            status: { loadBalancer: { ingress: [{ ip: text.ip }, { ip: '9.9.9.9' }] } },
          };
          const slices: EndpointSlice[] = [
            {
              addressType: 'IPv4',
              ports: [{ name: text.port, port: 8080 }],
              endpoints: [{ addresses: [text.ip], nodeName: text.node }, { addresses: ['10.244.1.2'] }],
            },
          ];
          for (const port of servicePorts(odd, slices, facts)) {
            const made = serviceRules(port, facts.clusterCIDR);
            const chains = [...made.natChains.values()].flatMap((chain) => chain.split('\n'));
            const lines = [
              made.natServices,
              made.natNodePorts,
              made.filterServices,
              made.filterExternal,
              made.filterFirewall,
            ];
            expect(chains.length).toBeGreaterThan(2);
            for (const line of [...chains, ...lines.flat()]) expect(line).toMatch(shape);
          }
        },
      ),
    );
  });
});
