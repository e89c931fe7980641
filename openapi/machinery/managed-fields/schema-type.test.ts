import { describe, expect, it } from '@jest/globals';
import { schemaOfDefinition } from '../../generated/schemas.ts';
import type { MergeType } from './merge-type.ts';
import { mergeTypeOf } from './schema-type.ts';

/** The type at a path of fields; `[]` steps into the elements of a list. */
function typeAt(definition: string, path: string): MergeType | undefined {
  let type: MergeType | undefined = mergeTypeOf(schemaOfDefinition(`io.k8s.api.${definition}`));
  for (const step of path === '' ? [] : path.split('.')) {
    type = step === '[]' ? type?.list?.items : (type?.map?.fields.get(step)?.type ?? type?.map?.values);
  }
  return type;
}

describe('mergeTypeOf()', () => {
  const lists = [
    { path: 'spec.containers', relation: 'map', keys: ['name'] },
    { path: 'spec.containers.[].ports', relation: 'map', keys: ['containerPort', 'protocol'] },
    { path: 'spec.containers.[].args', relation: 'atomic', keys: [] },
    { path: 'spec.tolerations', relation: 'atomic', keys: [] },
    { path: 'metadata.finalizers', relation: 'set', keys: [] },
    { path: 'metadata.ownerReferences', relation: 'map', keys: ['uid'] },
  ];
  for (const { path, relation, keys } of lists) {
    it(`says how the list ${path} merges`, () => {
      expect(typeAt('core.v1.Pod', path)?.list).toMatchObject({ relation, keys });
    });
  }

  it('tells atomic maps and structs from granular ones', () => {
    const atomic = ['spec.nodeSelector', 'spec.affinity.nodeAffinity', 'metadata.labels'].map(
      (path) => typeAt('core.v1.Pod', path)?.map?.atomic,
    );
    expect(atomic).toEqual([true, false, false]);
    expect(typeAt('apps.v1.Deployment', 'spec.selector')?.map?.atomic).toBe(true);
  });

  it('has the defaults of keys, also those that Go cannot tell from nothing', () => {
    const port = typeAt('core.v1.Pod', 'spec.containers.[].ports.[]')?.map?.fields;
    expect(port?.get('protocol')?.keyDefault).toBe('TCP');
    expect(port?.get('containerPort')?.keyDefault).toBe(0);
    expect(port?.get('hostPort')?.keyDefault).toBeUndefined();
    expect(typeAt('core.v1.Pod', 'spec.imagePullSecrets.[]')?.map?.fields.get('name')?.keyDefault).toBe('');
  });

  it('leaves quantities and times open to any scalar, and int-or-string to anything', () => {
    expect(typeAt('core.v1.Pod', 'spec.containers.[].resources.limits.cpu')?.scalar).toBe('untyped');
    expect(typeAt('core.v1.Service', 'spec.ports.[].targetPort')?.map?.atomic).toBe(false);
  });
});
