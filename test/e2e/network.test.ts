import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { buildImage } from '../lab/images.ts';
import { labUp, type Lab, type LabHost } from '../lab/lab.ts';
import { eventually } from './kubectl.ts';
import { copyInto, pushNetworkNode, startNetworkNode, type NetworkNode } from './network-lab.ts';
import { worldNode, worldService, worldSlice, type World, type WorldEndpoint } from './network-world.ts';

/**
 * Two real hosts with Docker's own rules (FORWARD DROP), two containers without a network on each, and the agent's network,
 * proxy and DNS on both. Nothing else of Flotilla runs.
 */
const labName = process.env['FLOTILLA_NETWORK_LAB'] ?? 'net';
const firstHost = Number(process.env['FLOTILLA_NETWORK_LAB_FIRST'] ?? '1');
const clusterDNS = '10.96.0.10';

interface Pod {
  readonly name: string;
  readonly host: LabHost;
  readonly node: NetworkNode;
  readonly uid: string;
  ip: string;
  pid: number;
}

let lab: Lab;
let hosts: LabHost[] = [];
let nodes: NetworkNode[] = [];
const pods: Pod[] = [];
let before: string[];
let nodeProgram = 'node';
const extraServices: World['services'][number][] = [];
const extraSlices: World['slices'][number][] = [];

async function stateOf(host: LabHost): Promise<string> {
  return host.mustExec(
    "iptables-save | grep -v '^#' | sed 's/\\[[0-9:]*\\]//'; ip -o link | sed 's/ state [A-Z]*//; s/,LOWER_UP//; s/^[0-9]*: //; s/@.*:/:/' | grep -v '^flanything'; ip -4 route; ls -d /var/lib/flotilla/network 2>/dev/null || true",
  );
}

function world(): World {
  return {
    nodes: nodes.map((_, i) => worldNode(`n${i + 1}`, hosts[i]?.address ?? '', `10.244.${i + 1}.0/24`)),
    services: [
      worldService('default/kubernetes', { clusterIP: '10.96.0.1', ports: [{ name: 'https', port: 443 }] }),
      worldService('kube-system/kube-dns', {
        clusterIP: clusterDNS,
        ports: [
          { name: 'dns', port: 53, protocol: 'UDP' },
          { name: 'dns-tcp', port: 53, protocol: 'TCP' },
        ],
      }),
      worldService('shop/web', {
        type: 'NodePort',
        clusterIP: '10.96.0.20',
        ports: [{ name: 'http', port: 80, nodePort: 30080 }],
      }),
      worldService('shop/sticky', {
        clusterIP: '10.96.0.21',
        sessionAffinity: 'ClientIP',
        ports: [{ name: 'http', port: 80 }],
      }),
      worldService('shop/none', {
        type: 'NodePort',
        clusterIP: '10.96.0.22',
        ports: [{ name: 'http', port: 80, nodePort: 30082 }],
      }),
      worldService('shop/near', {
        type: 'NodePort',
        clusterIP: '10.96.0.23',
        externalTrafficPolicy: 'Local',
        ports: [{ name: 'http', port: 80, nodePort: 30083 }],
      }),
      worldService('shop/self', { clusterIP: '10.96.0.24', ports: [{ name: 'http', port: 80 }] }),
      worldService('shop/pair', { clusterIP: '10.96.0.25', ports: [{ name: 'http', port: 80 }] }),
      worldService('shop/each', { clusterIP: 'None', ports: [{ name: 'http', port: 8080 }] }),
      worldService('shop/out', { type: 'ExternalName', externalName: 'web.shop.svc.cluster.local' }),
      ...extraServices,
    ],
    slices: [
      worldSlice('shop/web', { name: 'http', port: 8080 }, endpoints(0, 1, 2, 3)),
      worldSlice('shop/sticky', { name: 'http', port: 8080 }, endpoints(0, 1, 2, 3)),
      worldSlice('shop/near', { name: 'http', port: 8080 }, endpoints(0)),
      worldSlice('shop/self', { name: 'http', port: 8080 }, endpoints(0)),
      worldSlice('shop/pair', { name: 'http', port: 8080 }, endpoints(2, 3)),
      worldSlice(
        'shop/each',
        { name: 'http', port: 8080 },
        endpoints(0, 2).map((each, i) => ({ ...each, hostname: `each-${i}` })),
      ),
      ...extraSlices,
    ],
  };
}

function endpoints(...indexes: readonly number[]): WorldEndpoint[] {
  const there = indexes.filter((i) => (pods[i]?.ip ?? '') !== '');
  return there.map((i) => ({ address: pod(i).ip, nodeName: i < 2 ? 'n1' : 'n2' }));
}

function pod(i: number): Pod {
  const found = pods[i];
  if (found === undefined) throw new Error(`no pod ${i}`);
  return found;
}

function nodeAt(i: number): NetworkNode {
  const found = nodes[i];
  if (found === undefined) throw new Error(`no node ${i}`);
  return found;
}

async function inPod(i: number, commandLine: string): Promise<string> {
  const result = await pod(i).host.exec(`docker exec ${pod(i).name} ${commandLine}`);
  return `${result.stdout}${result.code === 0 ? '' : `exit ${result.code} ${result.stderr}`}`.trim();
}

function get(url: string): string {
  return `timeout 10 wget -qO- ${url}`;
}

async function repeated(i: number, url: string, times: number): Promise<Set<string>> {
  const loop = `sh -c 'for i in $(seq ${times}); do timeout 10 wget -qO- ${url}; done'`;
  return new Set((await inPod(i, loop)).split('\n').map((line) => line.trim()));
}

async function startNodes(): Promise<void> {
  nodes = hosts.map((host) => startNetworkNode(lab, host, nodeProgram));
  await Promise.all(
    nodes.map(async (node, i) => {
      await node.send({ do: 'fakeApi' });
      await node.send({
        do: 'start',
        config: {
          nodeName: `n${i + 1}`,
          nodeIP: '',
          clusterCIDR: '10.244.0.0/16',
          serviceCIDR: '10.96.0.0/16',
          clusterDNS,
          clusterDomain: 'cluster.local',
        },
      });
    }),
  );
}

async function tellWorld(): Promise<void> {
  await Promise.all(nodes.map((node) => node.send({ do: 'world', world: world() })));
}

async function waitForGateways(): Promise<void> {
  await eventually(async () => {
    for (const node of nodes) {
      const { gateway } = await node.send<{ gateway?: string }>({ do: 'gateway' });
      if (gateway === undefined) throw new Error(`no gateway yet: ${node.log()}`);
    }
  });
}

beforeAll(async () => {
  lab = await labUp({ name: labName, ...(labName === 'net' ? { hosts: 2 } : {}) });
  hosts = [lab.host(firstHost), lab.host(firstHost + 1)];
  const image = await buildImage(
    join(import.meta.dirname, '../lab/images/busybox'),
    '/tmp/network-busybox.tar',
  );
  for (const host of hosts) {
    await copyInto(host, image, 'busybox.tar');
    await host.mustExec('docker load -qi /root/busybox.tar');
    await copyInto(host, process.execPath, 'node');
    await host.mustExec('docker ps -aq | xargs -r docker rm -f');
  }
  nodeProgram = '/root/node';
  // Docker has it on; a host without Docker has not. One of each.
  await hosts[1]?.mustExec('echo 0 > /proc/sys/net/bridge/bridge-nf-call-iptables');
  before = await Promise.all(hosts.map(stateOf));
  await pushNetworkNode(hosts);
  await startNodes();
  await tellWorld();
  await waitForGateways();
  for (const i of [0, 1, 2, 3]) {
    const host = i < 2 ? hosts[0] : hosts[1];
    if (host === undefined) throw new Error('no host');
    const name = `pod${i}`;
    const serve = `mkdir /www; echo ${name} > /www/index.html; exec httpd -f -p 8080 -h /www`;
    await host.mustExec(
      `docker run -d --name ${name} --hostname ${name} --network none busybox sh -c '${serve}'`,
    );
    const pid = Number(await host.mustExec(`docker inspect -f '{{.State.Pid}}' ${name}`));
    pods.push({ name, host, node: nodeAt(i < 2 ? 0 : 1), uid: `uid-${i}`, ip: '', pid });
  }
  for (const each of pods) {
    const hostPorts =
      each.name === 'pod1'
        ? [{ hostPort: 8081, containerPort: 8080, protocol: 'TCP' as const, hostIP: '' }]
        : [];
    const address = await each.node.send<{ ip: string }>({
      do: 'attach',
      podUid: each.uid,
      pid: each.pid,
      hostPorts,
    });
    each.ip = address.ip;
  }
  await tellWorld();
  await eventually(async () => {
    const found = await inPod(3, get('http://10.96.0.20/'));
    if (!found.startsWith('pod')) throw new Error(`services do not answer yet: ${found}`);
  });
});

afterAll(async () => {
  for (const host of hosts) await host.exec('docker ps -aq | xargs -r docker rm -f');
  for (const node of nodes) await node.stop();
  if (labName === 'net') await lab.down();
});

describe('pod network', () => {
  it('gives every pod an address of its node, and carries packets within and across hosts', async () => {
    expect(pods.map((each) => each.ip.split('.').slice(0, 3).join('.'))).toEqual([
      '10.244.1',
      '10.244.1',
      '10.244.2',
      '10.244.2',
    ]);
    for (const from of [0, 1, 2, 3])
      for (const to of [0, 1, 2, 3])
        expect([from, to, await inPod(from, get(`http://${pod(to).ip}:8080/`))]).toEqual([
          from,
          to,
          `pod${to}`,
        ]);
  });

  it('gives the same pod the same address again', async () => {
    const again = await nodeAt(0).send<{ ip: string }>({
      do: 'attach',
      podUid: 'uid-0',
      pid: pod(0).pid,
      hostPorts: [],
    });
    expect(again.ip).toBe(pod(0).ip);
  });

  it('lets pods reach hosts and the world by the address of their node', async () => {
    const other = hosts[1];
    if (other === undefined) throw new Error('no host');
    expect(await inPod(0, `ping -c 1 -W 2 ${other.address}`)).toContain('1 packets received');
    expect(await inPod(0, `ping -c 1 -W 2 ${lab.gateway}`)).toContain('1 packets received');
  });

  it('opens a host port on every address of the node, 127.0.0.1 too, and to the pod itself', async () => {
    const [first, second] = hosts;
    expect(await second?.mustExec(`curl -sm 10 http://${first?.address ?? ''}:8081/`)).toBe('pod1\n');
    expect(await first?.mustExec('curl -sm 10 http://127.0.0.1:8081/')).toBe('pod1\n');
    expect(await inPod(1, get(`http://${first?.address ?? ''}:8081/`))).toBe('pod1');
  });

  it('carries packets of full size', async () => {
    expect(await inPod(0, `ping -c 1 -W 2 -s 1472 ${pod(2).ip}`)).toContain('1 packets received');
  });
});

describe('what listens on 127.0.0.1 of a host', () => {
  it('stays out of reach of pods, though route_localnet is on for NodePorts', async () => {
    const { host, pid } = pod(2);
    const serve = "require('net').createServer((s) => s.end('secret')).listen(9999, '127.0.0.1')";
    await host.mustExec(
      `setsid ${nodeProgram} -e "${serve}" > /dev/null 2>&1 < /dev/null & echo $! > /root/secret.pid`,
    );
    const inNamespace = `nsenter -t ${pid} -n`;
    const aim = [
      'ip addr del 127.0.0.1/8 dev lo',
      'ip route add 127.0.0.1 via 10.244.2.1 dev eth0 onlink',
      `${inNamespace} sh -c 'echo 1 > /proc/sys/net/ipv4/conf/eth0/route_localnet'`,
    ].map((line, i) => (i < 2 ? `${inNamespace} ${line}` : line));
    const steal = `${inNamespace} timeout 3 ${nodeProgram} -e "require('net').connect({host:'127.0.0.1',port:9999,localAddress:'${pod(2).ip}'}).on('data',(d)=>console.log(String(d)))"`;
    await host.mustExec(aim.join(' && '));
    expect((await host.exec(steal)).stdout).toBe('');
    // Without the guard it would be open: the test does reach it.
    await host.mustExec('iptables -F KUBE-FIREWALL');
    expect((await host.exec(steal)).stdout).toContain('secret');
    await host.mustExec(`${inNamespace} ip addr add 127.0.0.1/8 dev lo; kill $(cat /root/secret.pid)`);
  });
});

describe('services', () => {
  it('spreads a ClusterIP over all endpoints, on both nodes, from pods and from the host', async () => {
    expect([...(await repeated(0, 'http://10.96.0.20/', 60))].sort()).toEqual([
      'pod0',
      'pod1',
      'pod2',
      'pod3',
    ]);
    const fromHost = await hosts[1]?.mustExec('for i in $(seq 60); do curl -sm 10 http://10.96.0.20/; done');
    expect([...new Set(fromHost?.trim().split('\n'))].sort()).toEqual(['pod0', 'pod1', 'pod2', 'pod3']);
  });

  it('answers at the NodePort of every node, from outside, from 127.0.0.1 and from pods', async () => {
    for (const host of hosts) {
      const outside = await Promise.all(
        Array.from({ length: 8 }, () => fetchText(`http://${host.address}:30080/`)),
      );
      expect(outside.every((text) => /^pod\d\n$/.test(text))).toBe(true);
      expect(await host.mustExec('curl -sm 10 http://127.0.0.1:30080/')).toMatch(/^pod\d\n$/);
      expect(await inPod(0, get(`http://${host.address}:30080/`))).toMatch(/^pod\d$/);
    }
  });

  it('keeps a client with one endpoint when asked to', async () => {
    expect((await repeated(0, 'http://10.96.0.21/', 20)).size).toBe(1);
  });

  it('lets a pod reach itself through its own service', async () => {
    expect(await inPod(0, get('http://10.96.0.24/'))).toBe('pod0');
  });

  it('lets neighbours on a node call each other and themselves by a service, where the kernel hides bridged packets', async () => {
    // What would make the gateway tell them of a shorter way.
    for (const [from, to] of [
      [2, 3],
      [3, 2],
    ] as const) {
      await inPod(from, `ping -c 2 -W 1 ${pod(to).ip}`);
    }
    expect([...(await repeated(2, 'http://10.96.0.25/', 30))].sort()).toEqual(['pod2', 'pod3']);
    expect([...(await repeated(3, 'http://10.96.0.25/', 30))].sort()).toEqual(['pod2', 'pod3']);
  });

  it('refuses at once where there is no endpoint', async () => {
    expect(await inPod(0, get('http://10.96.0.22/'))).toContain('refused');
    expect((await hosts[0]?.exec('curl -sm 10 http://10.96.0.22/'))?.code).toBe(7);
    await expect(fetchText(`http://${hosts[0]?.address ?? ''}:30082/`)).rejects.toThrow();
  });

  it('refuses at once what no Service has: a port of one, an address of none; nothing leaves the cluster', async () => {
    for (const url of ['http://10.96.0.20:81/', 'http://10.96.99.99/']) {
      expect(await inPod(0, get(url))).toContain('refused');
      expect((await hosts[0]?.exec(`curl -sm 10 ${url}`))?.code).toBe(7);
    }
  });

  it('keeps to the node with policy Local, with the address of the client', async () => {
    expect(await fetchText(`http://${hosts[0]?.address ?? ''}:30083/`)).toBe('pod0\n');
    await expect(fetchText(`http://${hosts[1]?.address ?? ''}:30083/`, 3_000)).rejects.toThrow();
  });

  it('leads the kubernetes service to the tunnel, from pods and from the host', async () => {
    const ask = "sh -c 'echo hello | timeout 10 nc 10.96.0.1 443'";
    for (const i of [0, 3]) expect(await inPod(i, ask)).toBe('the API server of the tunnel');
    const [first] = hosts;
    expect(
      await first?.mustExec("bash -c 'exec 3<>/dev/tcp/10.96.0.1/443; echo hello >&3; timeout 10 cat <&3'"),
    ).toBe('the API server of the tunnel\n');
  });

  it('follows a change', async () => {
    extraServices.push(worldService('shop/new', { clusterIP: '10.96.0.30', ports: [{ port: 80 }] }));
    extraSlices.push(worldSlice('shop/new', { port: 8080 }, endpoints(3)));
    await tellWorld();
    await eventually(async () => {
      expect(await inPod(0, get('http://10.96.0.30/'))).toBe('pod3');
    });
    extraSlices.pop();
    await tellWorld();
    await eventually(async () => {
      expect(await inPod(0, get('http://10.96.0.30/'))).toContain('refused');
    });
  });
});

describe('dns', () => {
  it('knows services, single pods and addresses, by UDP and TCP, on every node', async () => {
    for (const i of [0, 3]) {
      expect(await inPod(i, `nslookup web.shop.svc.cluster.local ${clusterDNS}`)).toContain('10.96.0.20');
      expect(await inPod(i, `nslookup each-1.each.shop.svc.cluster.local ${clusterDNS}`)).toContain(
        pod(2).ip,
      );
      expect(await inPod(i, `nslookup 10.96.0.20 ${clusterDNS}`)).toContain('web.shop.svc.cluster.local');
      expect(await inPod(i, `nslookup out.shop.svc.cluster.local ${clusterDNS}`)).toContain('10.96.0.20');
      expect(await inPod(i, `nslookup nothing.shop.svc.cluster.local ${clusterDNS}`)).toContain('NXDOMAIN');
    }
  });

  it('answers the host itself too', async () => {
    const script = `const {Resolver}=require('dns');const r=new Resolver();r.setServers(['${clusterDNS}']);r.resolveSrv('_http._tcp.each.shop.svc.cluster.local',(e,a)=>console.log(e?String(e):JSON.stringify(a)))`;
    const answer = await hosts[0]?.mustExec(`${nodeProgram} -e "${script}"`);
    expect(answer).toContain('each-0.each.shop.svc.cluster.local');
  });
});

describe('hosts that share no link', () => {
  async function readdress(make: (address: string) => string): Promise<void> {
    for (const host of hosts) await host.mustExec(make(host.address));
    for (const node of nodes) await node.stop();
    await startNodes();
    await waitForGateways();
  }

  it('are joined by a tunnel, and by routes again when they share one', async () => {
    const via = `ip route replace default via ${lab.gateway}`;
    await readdress(
      (address) =>
        `ip addr add ${address}/32 dev eth0 && ip addr del ${address}/24 dev eth0 && ` +
        `ip route replace ${lab.gateway} dev eth0 scope link && ${via}`,
    );
    await eventually(async () => {
      expect(await hosts[0]?.mustExec('ip route show 10.244.2.0/24')).toContain('dev flotilla.vx');
      expect(await inPod(0, get(`http://${pod(3).ip}:8080/`))).toBe('pod3');
    });
    expect([...(await repeated(0, 'http://10.96.0.20/', 60))].sort()).toEqual([
      'pod0',
      'pod1',
      'pod2',
      'pod3',
    ]);
    // 1 MB through a tunnel whose packets must be smaller than the pods believe.
    await pod(3).host.mustExec("docker exec pod3 sh -c 'head -c 1000000 /dev/zero > /www/big'");
    expect(await inPod(0, `sh -c 'timeout 20 wget -qO- http://${pod(3).ip}:8080/big | wc -c'`)).toBe(
      '1000000',
    );
    await readdress(
      (address) => `ip addr add ${address}/24 dev eth0 && ip addr del ${address}/32 dev eth0 && ${via}`,
    );
    await eventually(async () => {
      expect(await hosts[0]?.mustExec('ip route show 10.244.2.0/24')).toContain('dev eth0');
      expect((await hosts[0]?.exec('ip link show flotilla.vx'))?.code).toBe(1);
      expect(await inPod(0, get(`http://${pod(3).ip}:8080/`))).toBe('pod3');
    });
    for (const host of hosts) await host.exec(`ip route del ${lab.gateway} dev eth0 scope link`);
    await tellWorld();
  });
});

describe('repair and restart', () => {
  it('keeps services while the agent is away, and finds them as they were when it comes back', async () => {
    const [first] = hosts;
    const rules = await first?.mustExec("iptables-save | grep -v '^#' | sed 's/\\[[0-9:]*\\]//'");
    for (const node of nodes) await node.stop();
    expect(await inPod(0, get('http://10.96.0.20/'))).toMatch(/^pod\d$/);
    await startNodes();
    // No server yet: everything comes from disk.
    await waitForGateways();
    await eventually(async () => {
      expect(await inPod(3, `nslookup web.shop.svc.cluster.local ${clusterDNS}`)).toContain('10.96.0.20');
    });
    expect(await first?.mustExec("iptables-save | grep -v '^#' | sed 's/\\[[0-9:]*\\]//'")).toBe(rules);
    await tellWorld();
  });

  it('repairs rules, routes and the bridge that somebody took away', async () => {
    const [first] = hosts;
    const rules = await first?.mustExec("iptables-save | grep -v '^#' | sed 's/\\[[0-9:]*\\]//' | sort");
    await first?.mustExec('iptables -t nat -F; ip route flush proto 176; ip link set flotilla0 down');
    await eventually(
      async () => {
        expect(await inPod(0, get(`http://${pod(3).ip}:8080/`))).toBe('pod3');
        expect(await inPod(0, get('http://10.96.0.20/'))).toMatch(/^pod\d$/);
        // What -F took from Docker is not ours to put back.
        const own = (text = ''): string[] => text.split('\n').filter((line) => /KUBE-|FLOTILLA-/.test(line));
        const now = await first?.mustExec("iptables-save | grep -v '^#' | sed 's/\\[[0-9:]*\\]//' | sort");
        expect(own(now)).toEqual(own(rules));
      },
      40_000,
      1_000,
    );
  });

  it('releases what belongs to no pod any more', async () => {
    await pod(1).host.mustExec('docker rm -f pod1');
    await nodeAt(0).send({ do: 'retainOnly', podUids: ['uid-0'] });
    expect(await hosts[0]?.mustExec("iptables-save -t nat | grep -c 'host port of pod' || true")).toBe('0\n');
    expect((await hosts[0]?.mustExec('ip -o link show master flotilla0'))?.trim().split('\n')).toHaveLength(
      1,
    );
  });

  it('leaves the host as it was', async () => {
    // Taking nat away above took Docker's rules too: it puts them back when it starts.
    await hosts[0]?.mustExec('docker rm -f pod0; systemctl reset-failed docker; systemctl restart docker');
    await hosts[1]?.mustExec('docker rm -f pod2 pod3');
    for (const node of nodes) await node.send({ do: 'cleanup' });
    const after = await Promise.all(hosts.map(stateOf));
    expect(after[1]).toBe(before[1]);
    expect(after[0]?.split('\n').sort()).toEqual(before[0]?.split('\n').sort());
  });
});

async function fetchText(url: string, timeoutMs = 15_000): Promise<string> {
  const response = await fetch(url, {
    signal: AbortSignal.timeout(timeoutMs),
    headers: { connection: 'close' },
  });
  return response.text();
}
