import { describe, expect, it } from '@jest/globals';
import type { CustomResourceDefinition } from '../../openapi/generated/types.ts';
import { customResources } from './custom/objects.ts';
import { createRegistry } from './registry.ts';

const definition = (group: string, plural: string, kind: string): CustomResourceDefinition => ({
  metadata: { name: `${plural}.${group}` },
  spec: {
    group,
    scope: 'Namespaced',
    names: { plural, kind },
    versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
  },
});
const { signal } = new AbortController();

describe('the registry', () => {
  it('serves what a definition brings, until the next word about it', () => {
    const registry = createRegistry([]);
    const before = registry.all;
    let told = 0;
    const stop = registry.subscribe(() => told++);
    registry.replace(
      'widgets.example.com',
      customResources(definition('example.com', 'widgets', 'Widget'), signal),
    );
    expect(registry.find('example.com', 'v1', 'widgets')?.resource.kind).toBe('Widget');
    expect(registry.findKind('example.com', 'v1', 'Widget')?.resource.plural).toBe('widgets');
    expect(registry.all.length).toBe(before.length + 1);
    expect(registry.isBuiltIn('example.com')).toBe(false);
    registry.replace('widgets.example.com', []);
    expect(registry.find('example.com', 'v1', 'widgets')).toBeUndefined();
    expect(registry.findKind('example.com', 'v1', 'Widget')).toBeUndefined();
    expect(registry.all).toEqual(before);
    stop();
    registry.replace('widgets.example.com', []);
    expect(told).toBe(2);
  });

  it('lets no definition take the place of what is built in', () => {
    const registry = createRegistry([]);
    const own = registry.find('apps', 'v1', 'deployments');
    registry.replace(
      'deployments.apps',
      customResources(definition('apps', 'deployments', 'Deployment'), signal),
    );
    expect(registry.find('apps', 'v1', 'deployments')).toBe(own);
    registry.replace('deployments.apps', []);
    expect(registry.find('apps', 'v1', 'deployments')).toBe(own);
  });
});
