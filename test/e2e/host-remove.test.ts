import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startCluster, type Cluster } from './cluster.ts';
import { eventually } from './kubectl.ts';
import type { LabHost } from '../lab/lab.ts';

let cluster: Cluster;

beforeAll(async () => {
  cluster = await startCluster();
});

afterAll(() => cluster.stop());

/** Everything that a host could keep of us: files, units, rules, links, routes, containers, mounts, settings. */
function snapshot(host: LabHost): Promise<string> {
  return host.mustExec(
    [
      'find / -xdev \\( -path /proc -o -path /sys -o -path /tmp -o -path /var/tmp -o -path /var/log -o -path /var/lib/docker -o -path /var/lib/containerd -o -path /var/lib/systemd \\) -prune -o \\( -type f -o -type d -o -type l \\) -print | grep -v "^/run/" | sort',
      'ls /run | grep -v -e utmp -e user',
      'systemctl list-unit-files --no-legend | sort',
      'iptables-save | grep -v "^[#:]" | sort; iptables-save | grep -e "^:KUBE" -e "^:FLOTILLA"',
      'ip -o link | cut -d " " -f 2; ip route; ip rule; ls /var/run/netns 2>/dev/null',
      'docker ps -aq; docker network ls -q | wc -l; docker volume ls -q',
      'cut -d " " -f 2 /proc/mounts | sort',
      'sysctl -a 2>/dev/null | grep -e ip_forward -e route_localnet -e rp_filter -e bridge-nf | sort',
      'true',
    ].join('; '),
  );
}

describe('flotilla host rm', () => {
  it('leaves nothing on a host that ran pods, and the host can be joined again', async () => {
    const { kubectl, lab } = cluster;
    const flotilla = (...args: string[]): Promise<string> => cluster.flotilla(...args);
    const host = lab.host(3);
    await flotilla('host', 'rm', host.name);
    const before = await snapshot(host);
    expect(before).not.toMatch(/flotilla|KUBE-/i);

    const join = ['host', 'add', `root@${host.address}`, '--name', host.name, '--key', lab.keyFile];
    await flotilla(...join, '--host-key', host.hostKey);
    await eventually(
      () => kubectl('wait', '--for=condition=Ready', `node/${host.name}`, '--timeout=180s'),
      60_000,
    );
    const namespace = await cluster.namespace('host-rm');
    await kubectl('create', 'configmap', 'text', '-n', namespace, '--from-literal=a=b');
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'web', namespace, labels: { app: 'web' } },
      spec: {
        nodeName: host.name,
        terminationGracePeriodSeconds: 1,
        volumes: [
          { name: 'text', configMap: { name: 'text' } },
          { name: 'scratch', emptyDir: { medium: 'Memory' } },
        ],
        containers: [
          {
            name: 'web',
            image: 'busybox:1',
            imagePullPolicy: 'IfNotPresent',
            command: ['httpd', '-f', '-p', '8080', '-h', '/'],
            ports: [{ containerPort: 8080, hostPort: 8089 }],
            volumeMounts: [
              { name: 'text', mountPath: '/text' },
              { name: 'scratch', mountPath: '/scratch' },
            ],
          },
        ],
      },
    };
    const service = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'web', namespace },
      spec: { type: 'NodePort', selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }] },
    };
    const list = { apiVersion: 'v1', kind: 'List', items: [pod, service] };
    await host.mustExec('docker image inspect busybox:1 >/dev/null');
    const applied = await kubectl.attempt(['apply', '-f', '-'], { input: JSON.stringify(list) });
    expect(applied).toMatchObject({ code: 0 });
    await kubectl('wait', '--for=condition=Ready', 'pod/web', '-n', namespace, '--timeout=180s');
    expect(await host.mustExec('iptables-save')).toMatch(/KUBE-SVC-/);

    await flotilla('host', 'rm', host.name);
    expect(await snapshot(host)).toBe(before);
    await expect(kubectl('get', 'node', host.name)).rejects.toThrow('not found');
    await flotilla(...join, '--host-key', host.hostKey);
  });
});
