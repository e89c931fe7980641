import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startCluster, type Cluster } from './cluster.ts';
import { eventually, kubectlFor, kubectlVersions, type Kubectl } from './kubectl.ts';

/** A web server of busybox that answers with its pod's name, and prints a line for each request. */
const web = (namespace: string): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'List',
    items: [
      {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'web', namespace },
        spec: {
          replicas: 2,
          selector: { matchLabels: { app: 'web' } },
          template: {
            metadata: { labels: { app: 'web' } },
            spec: {
              terminationGracePeriodSeconds: 1,
              containers: [
                {
                  name: 'web',
                  image: 'busybox:latest',
                  imagePullPolicy: 'IfNotPresent',
                  command: [
                    'sh',
                    '-c',
                    'mkdir -p /www; hostname > /www/index.html; echo started; exec httpd -f -vv -p 8080 -h /www',
                  ],
                  ports: [{ containerPort: 8080 }],
                  readinessProbe: { httpGet: { path: '/', port: 8080 }, periodSeconds: 1 },
                },
              ],
            },
          },
        },
      },
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'web', namespace },
        spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }] },
      },
    ],
  });

describe.each(kubectlVersions)('kubectl %s', (version) => {
  let cluster: Cluster;
  let kubectl: Kubectl;
  let namespace: string;
  let folder: string;

  beforeAll(async () => {
    cluster = await startCluster();
    kubectl = await kubectlFor(version, cluster.kubeconfig);
    namespace = await cluster.namespace('kubectl');
    folder = await mkdtemp(join(tmpdir(), 'flotilla-e2e-'));
    const file = join(folder, 'web.json');
    await writeFile(file, web(namespace));
    expect(await kubectl('apply', '-f', file)).toBe('deployment.apps/web created\nservice/web created\n');
    await kubectl('rollout', 'status', 'deployment/web', '-n', namespace, '--timeout=180s');
    expect(await kubectl('apply', '-f', file)).toBe('deployment.apps/web unchanged\nservice/web unchanged\n');
  });
  afterAll(async () => {
    await kubectl('delete', 'namespace', namespace);
    await rm(folder, { recursive: true });
    await cluster.stop();
  });

  const inNamespace = (...args: string[]): Promise<string> => kubectl('-n', namespace, ...args);
  const firstPod = async (): Promise<string> =>
    (await inNamespace('get', 'pods', '-l', 'app=web', '-o', 'jsonpath={.items[0].metadata.name}')).trim();

  it('prints pods as Kubernetes does', async () => {
    const wide = (await inNamespace('get', 'pods', '-o', 'wide')).trim().split('\n');
    expect(wide[0]).toMatch(
      /^NAME +READY +STATUS +RESTARTS +AGE +IP +NODE +NOMINATED NODE +READINESS GATES$/,
    );
    for (const line of wide.slice(1))
      expect(line).toMatch(
        /^web-[0-9a-z]+-[0-9a-z]{5} +1\/1 +Running +0 +[\dms]+ +10\.244\.\d+\.\d+ +[a-z0-9]+-\d +<none> +<none>$/,
      );
    expect(wide).toHaveLength(3);
    expect(await inNamespace('get', 'deployment', 'web')).toMatch(
      /^NAME +READY +UP-TO-DATE +AVAILABLE +AGE\nweb +2\/2 +2 +2 +[\dms]+\n$/,
    );
  });

  it('describes a pod with its events', async () => {
    const text = await inNamespace('describe', 'pod', await firstPod());
    for (const want of [
      /^Status: +Running$/m,
      /^QoS Class: +BestEffort$/m,
      /Successfully assigned/,
      /Started/,
      /ContainersReady +True/,
    ])
      expect(text).toMatch(want);
  });

  it('reads logs, and follows them', async () => {
    const pod = await firstPod();
    expect(await inNamespace('logs', pod)).toContain('started');
    const following = kubectl.start('logs', '-f', pod, '-n', namespace);
    let seen = '';
    following.stdout?.on('data', (chunk: Buffer) => (seen += chunk.toString()));
    await kubectl.attempt([
      '-n',
      namespace,
      'exec',
      pod,
      '--',
      'wget',
      '-q',
      '-O-',
      'http://127.0.0.1:8080/never',
    ]);
    await eventually(() => {
      expect(seen).toContain('/never');
    });
    following.kill('SIGKILL');
  });

  it('runs commands in a container, with input, exit code and a terminal', async () => {
    const pod = await firstPod();
    expect(await inNamespace('exec', pod, '--', 'echo', 'one', 'two')).toBe('one two\n');
    const failed = await kubectl.attempt([
      'exec',
      pod,
      '-n',
      namespace,
      '--',
      'sh',
      '-c',
      'echo no >&2; exit 3',
    ]);
    expect(failed).toMatchObject({ code: 3, stdout: '' });
    expect(failed.stderr).toContain('no');
    const echoed = await kubectl.attempt(['exec', '-i', pod, '-n', namespace, '--', 'cat'], {
      input: 'in and out',
    });
    expect(echoed.stdout).toBe('in and out');
    const terminal = await kubectl.attempt([
      'exec',
      '-it',
      pod,
      '-n',
      namespace,
      '--',
      'sh',
      '-c',
      'echo terminal',
    ]);
    expect(terminal.stdout).toContain('terminal');
  });

  it('copies files both ways, whole', async () => {
    const pod = await firstPod();
    const bytes = randomBytes(3_000_000);
    const [there, back] = [join(folder, 'there'), join(folder, 'back')];
    await writeFile(there, bytes);
    await kubectl('cp', there, `${namespace}/${pod}:/tmp/file`);
    await kubectl('cp', `${namespace}/${pod}:/tmp/file`, back);
    const digest = (data: Buffer): string => createHash('sha256').update(data).digest('hex');
    expect(digest(await readFile(back))).toBe(digest(bytes));
  });

  it('forwards a port', async () => {
    const pod = await firstPod();
    const child = kubectl.start('port-forward', `pod/${pod}`, ':8080', '-n', namespace);
    let told = '';
    child.stdout?.on('data', (chunk: Buffer) => (told += chunk.toString()));
    try {
      const port = await eventually(() => {
        const found = /127\.0\.0\.1:(\d+)/.exec(told)?.[1];
        if (found === undefined) throw new Error('not forwarding yet');
        return Number(found);
      });
      for (let round = 0; round < 3; round++) expect(await httpGet(port)).toContain(pod);
    } finally {
      child.kill();
    }
  });

  it('scales', async () => {
    await inNamespace('scale', 'deployment/web', '--replicas=3');
    await inNamespace('rollout', 'status', 'deployment/web', '--timeout=180s');
    expect(await inNamespace('get', 'deployment', 'web', '-o', 'jsonpath={.status.readyReplicas}')).toBe('3');
    await inNamespace('scale', 'deployment/web', '--replicas=2');
    await eventually(async () => {
      expect((await inNamespace('get', 'pods', '-o', 'name')).trim().split('\n')).toHaveLength(2);
    });
  });

  it('rolls out a change, and takes it back', async () => {
    await inNamespace('set', 'env', 'deployment/web', 'VERSION=two');
    await inNamespace('rollout', 'status', 'deployment/web', '--timeout=180s');
    await eventually(async () => {
      expect(await inNamespace('exec', await firstPod(), '--', 'sh', '-c', 'echo ${VERSION-unset}')).toBe(
        'two\n',
      );
    });
    expect(await inNamespace('rollout', 'history', 'deployment/web')).toMatch(
      /REVISION +CHANGE-CAUSE\n1 +<none>\n2 +<none>/,
    );

    const refused = await kubectl.attempt([
      'set',
      'image',
      'deployment/web',
      'web=no/such:image',
      '-n',
      namespace,
    ]);
    expect(refused.code).toBe(0);
    await eventually(async () => {
      expect(await inNamespace('get', 'pods')).toMatch(/ErrImagePull|ImagePullBackOff/);
    });
    expect(await inNamespace('get', 'deployment', 'web', '-o', 'jsonpath={.status.readyReplicas}')).toBe('2');

    await inNamespace('rollout', 'undo', 'deployment/web');
    await inNamespace('rollout', 'status', 'deployment/web', '--timeout=180s');
    await inNamespace('rollout', 'undo', 'deployment/web', '--to-revision=1');
    await inNamespace('rollout', 'status', 'deployment/web', '--timeout=180s');
    await eventually(async () => {
      expect(await inNamespace('exec', await firstPod(), '--', 'sh', '-c', 'echo ${VERSION-unset}')).toBe(
        'unset\n',
      );
    });
  });

  it('deletes, and waits until it is gone', async () => {
    expect(await inNamespace('delete', 'deployment/web', 'service/web')).toBe(
      `deployment.apps "web" deleted${version >= '1.34' ? ` from ${namespace} namespace` : ''}\nservice "web" deleted${version >= '1.34' ? ` from ${namespace} namespace` : ''}\n`,
    );
    await eventually(async () => {
      expect((await inNamespace('get', 'pods', '-o', 'name')).trim()).toBe('');
    });
  });
});

/** One HTTP exchange over a fresh connection. */
function httpGet(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('GET / HTTP/1.0\r\n\r\n'));
    const chunks: Buffer[] = [];
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', reject);
    socket.on('end', () => {
      resolve(Buffer.concat(chunks).toString('utf8'));
    });
  });
}
