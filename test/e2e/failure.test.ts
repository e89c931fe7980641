import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startCluster, type Cluster } from './cluster.ts';
import { eventually } from './kubectl.ts';

interface PodItem {
  readonly metadata: { readonly name: string; readonly uid: string; readonly deletionTimestamp?: string };
  readonly spec: { readonly nodeName?: string };
  readonly status: {
    readonly phase: string;
    readonly containerStatuses?: readonly {
      readonly containerID?: string;
      readonly restartCount: number;
      readonly ready: boolean;
    }[];
  };
}

describe('when things fail', () => {
  let cluster: Cluster;
  let namespace: string;

  beforeAll(async () => {
    cluster = await startCluster();
    namespace = await cluster.namespace('failure');
    const manifest = JSON.stringify({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web', namespace },
      spec: {
        replicas: 6,
        selector: { matchLabels: { app: 'web' } },
        template: {
          metadata: { labels: { app: 'web' } },
          spec: {
            terminationGracePeriodSeconds: 1,
            tolerations: ['not-ready', 'unreachable'].map((what) => ({
              key: `node.kubernetes.io/${what}`,
              operator: 'Exists',
              effect: 'NoExecute',
              tolerationSeconds: 5,
            })),
            containers: [
              {
                name: 'web',
                image: 'busybox:latest',
                imagePullPolicy: 'IfNotPresent',
                command: ['sh', '-c', 'trap "exit 0" TERM; while true; do sleep 1; done'],
              },
            ],
          },
        },
      },
    });
    const applied = await cluster.kubectl.attempt(['apply', '-f', '-'], { input: manifest });
    expect(applied).toMatchObject({ code: 0 });
    await cluster.kubectl('rollout', 'status', 'deployment/web', '-n', namespace, '--timeout=180s');
  });
  afterAll(async () => {
    await cluster.kubectl('delete', 'namespace', namespace);
    await cluster.stop();
  });

  async function pods(): Promise<PodItem[]> {
    const text = await cluster.kubectl('get', 'pods', '-n', namespace, '-o', 'json');
    return (JSON.parse(text) as { items: PodItem[] }).items;
  }
  async function ready(): Promise<PodItem[]> {
    return (await pods()).filter(
      (pod) =>
        pod.metadata.deletionTimestamp === undefined && pod.status.containerStatuses?.[0]?.ready === true,
    );
  }
  const containers = (list: readonly PodItem[]): string[] =>
    list.map((pod) => `${pod.metadata.uid} ${pod.status.containerStatuses?.[0]?.containerID ?? ''}`).sort();

  it('kill -9 of the server restarts no container, and watches resume', async () => {
    const before = containers(await ready());
    expect(before).toHaveLength(6);
    await cluster.server.stop('SIGKILL');
    await cluster.server.start();
    await eventually(() => cluster.kubectl('get', 'nodes'));
    await cluster.kubectl('scale', 'deployment/web', '--replicas=7', '-n', namespace);
    await eventually(async () => {
      expect(await ready()).toHaveLength(7);
    });
    expect(containers(await ready())).toEqual(expect.arrayContaining(before));
    await cluster.kubectl('scale', 'deployment/web', '--replicas=6', '-n', namespace);
    await eventually(async () => {
      expect(await pods()).toHaveLength(6);
    });
  });

  it('a restart of the agent restarts no container', async () => {
    const before = containers(await ready());
    await Promise.all(cluster.lab.hosts.map((host) => host.mustExec('systemctl restart flotilla-agent')));
    await eventually(async () => {
      const lines = (await cluster.kubectl('get', 'nodes', '--no-headers')).trim().split('\n');
      expect(lines.filter((line) => /\sReady\s/.test(line))).toHaveLength(3);
    });
    expect(containers(await ready())).toEqual(before);
    for (const pod of await pods()) expect(pod.status.containerStatuses?.[0]?.restartCount).toBe(0);
  });

  it('a host that is powered off gets its pods replaced elsewhere, and comes back without duplicates', async () => {
    const victim = cluster.lab.host(2);
    expect((await ready()).some((pod) => pod.spec.nodeName === victim.name)).toBe(true);
    await victim.powerOff();
    await eventually(async () => {
      expect(await cluster.kubectl('get', 'node', victim.name)).toMatch(/NotReady/);
    });
    await eventually(async () => {
      const running = await ready();
      expect(running).toHaveLength(6);
      expect(running.every((pod) => pod.spec.nodeName !== victim.name)).toBe(true);
    });

    await victim.powerOn();
    await eventually(async () => {
      expect(await cluster.kubectl('get', 'node', victim.name)).toMatch(/\sReady\s/);
    });
    await eventually(async () => {
      const all = await pods();
      expect(all).toHaveLength(6);
      const names = await victim.mustExec(
        `docker ps --format '{{.Names}}' | grep _${namespace}_ | grep -c k8s_web || true`,
      );
      expect(Number(names.trim())).toBe(all.filter((pod) => pod.spec.nodeName === victim.name).length);
    });
  });

  it('a host that was cut off is ready again soon after it can be reached, and has no pod too many', async () => {
    const victim = cluster.lab.host(3);
    await victim.disconnect();
    await eventually(async () => {
      expect(await cluster.kubectl('get', 'node', victim.name)).toMatch(/NotReady/);
    });
    await victim.reconnect();
    // An unchanged status is written every five minutes only: the agent has to see that it was called lost.
    await eventually(async () => {
      expect(await cluster.kubectl('get', 'node', victim.name)).toMatch(/\sReady\s/);
    }, 150_000);
    await eventually(async () => {
      expect(await ready()).toHaveLength(6);
      const count = await victim.mustExec(
        `docker ps --format '{{.Names}}' | grep _${namespace}_ | grep -c k8s_web || true`,
      );
      expect(Number(count.trim())).toBe(
        (await pods()).filter((pod) => pod.spec.nodeName === victim.name).length,
      );
    });
  });

  it('a host that reboots with the server off starts its pods again', async () => {
    const victim = cluster.lab.host(1);
    const mine = (await ready()).filter((pod) => pod.spec.nodeName === victim.name);
    expect(mine.length).toBeGreaterThan(0);
    await cluster.server.stop();
    await victim.powerOff();
    await victim.powerOn();
    await eventually(async () => {
      const count = await victim.mustExec(
        `docker ps --format '{{.Names}}' | grep _${namespace}_ | grep -c k8s_web || true`,
      );
      expect(Number(count.trim())).toBe(mine.length);
    });
    await cluster.server.start();
    await eventually(async () => {
      expect(await ready()).toHaveLength(6);
    });
  });
});
