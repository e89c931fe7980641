import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { image, startCluster, type Cluster } from './cluster.ts';
import { eventually } from './kubectl.ts';

const root = join(import.meta.dirname, '../..');

describe('examples', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await startCluster();
  });
  afterAll(() => cluster.stop());

  const page = (address: string, port: number): Promise<string> =>
    fetch(`http://${address}:${port}/`, { signal: AbortSignal.timeout(8000) }).then((response) =>
      response.text(),
    );

  it('examples/guestbook answers on the NodePort of every host, and keeps what is written', async () => {
    const folder = join(root, 'examples/guestbook');
    for (const name of ['front-end', 'redis'])
      await cluster.flotilla('image', 'load', await image(`examples/guestbook/images/${name}`));
    await cluster.kubectl('apply', '-f', folder);
    for (const name of ['redis', 'front-end'])
      await cluster.kubectl('rollout', 'status', `deployment/${name}`, '--timeout=180s');
    for (const host of cluster.lab.hosts)
      await eventually(async () => {
        expect(await page(host.address, 30_080)).toContain('The Flotilla guestbook');
      });
    // A Secret with stringData is patched each time, by Kubernetes too.
    expect(await cluster.kubectl('apply', '-f', folder)).not.toMatch(/created|(?<!^secret\/.*) configured/m);
    await cluster.kubectl('delete', '-f', folder);
    await eventually(async () => {
      expect((await cluster.kubectl('get', 'pods', '-l', 'app=guestbook', '-o', 'name')).trim()).toBe('');
    });
  });

  it('examples/hello runs as its README says', async () => {
    const folder = join(root, 'examples/hello');
    await cluster.kubectl('apply', '-f', folder);
    await cluster.kubectl('rollout', 'status', 'deployment/hello', '--timeout=180s');
    const port = await cluster.kubectl('get', 'service', 'hello', '-o', 'jsonpath={.spec.ports[0].nodePort}');
    if (port !== '')
      await eventually(async () => {
        expect((await page(cluster.lab.host(1).address, Number(port))).length).toBeGreaterThan(0);
      });
    await cluster.kubectl('delete', '-f', folder);
  });
});
