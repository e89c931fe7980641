import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { createDiscovery } from '../../server/apiserver/discovery/handler.ts';
import { generatedDocuments } from '../../server/apiserver/discovery/generated-documents.ts';
import { operationsSource } from '../../server/apiserver/discovery/operations-source.ts';
import { versionInfo } from '../../server/apiserver/discovery/version.ts';
import { createTestClient } from './client.ts';

const client = createTestClient({
  pages: [
    createDiscovery({
      source: operationsSource(),
      openapi: generatedDocuments(),
      serverAddress: '192.0.2.1:6443',
      version: versionInfo('1.36.3', '0.1.0', 'linux/amd64'),
      otherPaths: ['/healthz'],
    }),
  ],
});

const aggregated = (version: string): string =>
  `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;

function bodyOf(response: { readonly body: unknown }): unknown {
  return response.body;
}

interface Named {
  readonly name: string;
}

describe('discovery', () => {
  it('lists groups as Kubernetes orders them, ours last', async () => {
    const body = bodyOf(await client.get('/apis').expect(200));
    const names = (body as { groups: readonly Named[] }).groups.map(({ name }) => name);
    expect(names.slice(0, 3)).toEqual(['apiregistration.k8s.io', 'apps', 'events.k8s.io']);
    expect(names.at(-1)).toBe('flotilla.dev');
  });

  it('lists the resources of a version', async () => {
    const body = bodyOf(await client.get('/api/v1').expect(200));
    const { resources } = body as { resources: readonly Named[] };
    expect(resources.find(({ name }) => name === 'pods')).toMatchObject({
      singularName: 'pod',
      namespaced: true,
      kind: 'Pod',
      shortNames: ['po'],
      categories: ['all'],
    });
    expect(resources.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['pods/log', 'pods/exec', 'pods/eviction', 'namespaces/finalize']),
    );
  });

  it.each(['v2', 'v2beta1'])('aggregated in %s says so in its type', async (version) => {
    const response = await client
      .get('/apis', { accept: `${aggregated(version)},application/json` })
      .expect(200);
    expect(response.headers['content-type']).toBe(aggregated(version));
    expect(response.body).toMatchObject({
      kind: 'APIGroupDiscoveryList',
      apiVersion: `apidiscovery.k8s.io/${version}`,
    });
  });

  it('is not sent twice to who has it', async () => {
    const accept = aggregated('v2');
    const { headers } = await client.get('/api', { accept }).expect(200);
    const tag = headers['etag'] ?? '';
    await client.get('/api', { accept, 'if-none-match': tag }).expect(304);
  });

  it.each(['/apis/none', '/apis/apps/v9', '/api/v2'])('knows no %s', async (path) => {
    await client.get(path).expect(404);
  });
});

describe('the OpenAPI documents', () => {
  it('of version 3 are named with their hash', async () => {
    const { text } = await client.get('/openapi/v3').expect(200); // text/plain, as Kubernetes says.
    const body: unknown = JSON.parse(text);
    const { paths } = body as { paths: Readonly<Record<string, { serverRelativeURL: string }>> };
    const url = paths['apis/apps/v1']?.serverRelativeURL ?? '';
    expect(url).toMatch(/^\/openapi\/v3\/apis\/apps\/v1\?hash=[0-9A-F]+$/);
    const response = await client.get(url).expect(200);
    expect(response.headers['cache-control']).toContain('immutable');
    expect(response.body).toMatchObject({ openapi: expect.stringMatching(/^3\./) });
  });

  it('of version 2 come as Protobuf to old kubectl', async () => {
    const accept = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf';
    const response = await client
      .get('/openapi/v2', { accept, 'accept-encoding': 'identity' })
      .buffer(true)
      .parse((answer, done) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('end', () => {
          done(null, Buffer.concat(chunks));
        });
      });
    expect(response.status).toBe(200);
    const bytes = bodyOf(response) as Buffer;
    // Field 1 of the document: "2.0".
    expect(bytes.subarray(0, 5).toString('latin1')).toBe('\n\u00032.0');
    expect(() => gunzipSync(bytes)).toThrow();
  });
});

it('the version is never a pre-release', async () => {
  const body = bodyOf(await client.get('/version').expect(200));
  expect(body).toMatchObject({ major: '1', minor: '36', gitVersion: 'v1.36.3+flotilla.0.1.0' });
});
