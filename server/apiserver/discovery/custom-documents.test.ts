import { describe, expect, it } from '@jest/globals';
import type { CustomResourceDefinition } from '../../../openapi/generated/types.ts';
import { customResources } from '../../registry/custom/objects.ts';
import { createRegistry } from '../../registry/registry.ts';
import { withCustomResources } from './custom-documents.ts';
import { generatedDocuments } from './generated-documents.ts';

const definition = (scope: string): CustomResourceDefinition => ({
  metadata: { name: 'widgets.example.com' },
  spec: {
    group: 'example.com',
    scope,
    names: { plural: 'widgets', kind: 'Widget' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        subresources: { status: {} },
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: { a: { type: 'string', nullable: true, default: 'x' }, b: { type: 'integer' } },
          },
        },
      },
    ],
  },
});

interface Document {
  readonly paths: Readonly<Record<string, object>>;
  readonly components?: { readonly schemas: Readonly<Record<string, object>> };
  readonly definitions?: Readonly<Record<string, object>>;
}

function read(bytes: Uint8Array | undefined): Document {
  return JSON.parse(Buffer.from(bytes ?? []).toString('utf8')) as Document;
}

const { signal } = new AbortController();

describe('OpenAPI documents', () => {
  it('hold what definitions serve, as long as they serve it', async () => {
    const registry = createRegistry([]);
    const documents = withCustomResources(generatedDocuments(), registry);
    const path = 'apis/example.com/v1';
    expect(await documents.v3(path)).toBeUndefined();
    registry.replace('widgets.example.com', customResources(definition('Namespaced'), signal));
    expect(await documents.v3Paths()).toContain(path);
    const bytes = await documents.v3(path);
    expect(await documents.v3(path)).toBe(bytes);
    const { paths, components } = read(bytes);
    expect(Object.keys(paths)).toEqual(
      ['', '/{name}', '/{name}/status']
        .map((suffix) => `/${path}/namespaces/{namespace}/widgets${suffix}`)
        .concat(`/${path}/widgets`),
    );
    expect(JSON.stringify(paths)).not.toMatch(/Deployment|apps|strategic/);
    expect(components?.schemas['com.example.v1.Widget']).toMatchObject({
      properties: { a: { default: 'x', nullable: true } },
      'x-kubernetes-group-version-kind': [{ group: 'example.com', version: 'v1', kind: 'Widget' }],
    });
    expect(Object.keys(components?.schemas ?? {})).toContain(
      'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta',
    );
    registry.replace('widgets.example.com', []);
    expect(await documents.v3(path)).toBeUndefined();
  });

  it('leave out of Swagger what it cannot say', async () => {
    const registry = createRegistry([]);
    const documents = withCustomResources(generatedDocuments(), registry);
    registry.replace('widgets.example.com', customResources(definition('Cluster'), signal));
    const { definitions, paths } = read(await documents.v2());
    expect(definitions?.['com.example.v1.Widget']).toMatchObject({
      properties: { a: {}, b: { type: 'integer' } },
    });
    expect(JSON.stringify(definitions?.['com.example.v1.Widget'])).not.toContain('nullable');
    expect(paths['/apis/example.com/v1/widgets/{name}']).toBeDefined();
    expect(JSON.stringify(paths['/apis/example.com/v1/widgets'])).not.toMatch(/"namespace"|Namespaced/);
  });

  it('say in Swagger no more of an open object than that it is one', async () => {
    const registry = createRegistry([]);
    const open = structuredClone(definition('Cluster'));
    const schema = open.spec.versions[0]?.schema?.openAPIV3Schema;
    Object.assign(schema ?? {}, { 'x-kubernetes-preserve-unknown-fields': true });
    registry.replace('widgets.example.com', customResources(open, signal));
    const { definitions } = read(await withCustomResources(generatedDocuments(), registry).v2());
    expect(definitions?.['com.example.v1.Widget']).toEqual({
      type: 'object',
      'x-kubernetes-group-version-kind': [{ group: 'example.com', kind: 'Widget', version: 'v1' }],
    });
  });
});
