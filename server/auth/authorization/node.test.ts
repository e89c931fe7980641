import { describe, expect, it } from '@jest/globals';
import type { Pod } from '../../../openapi/generated/types.ts';
import { setInformer } from '../../../test/fakes/informer.ts';
import type { AuthorizationAttributes } from '../authorizer.ts';
import { nodeGraph } from './node-graph.ts';
import { nodeAuthorizer } from './node.ts';

const pod: Pod = {
  metadata: { name: 'p', namespace: 'a' },
  spec: {
    nodeName: 'n1',
    serviceAccountName: 'robot',
    containers: [{ name: 'c', envFrom: [{ secretRef: { name: 'env' } }] }],
    volumes: [{ name: 'v', projected: { sources: [{ configMap: { name: 'ca' } }] } }],
  },
};

function asked(given: Partial<AuthorizationAttributes>): AuthorizationAttributes {
  const user = { name: 'system:node:n1', groups: ['system:nodes'] };
  const rest = { group: '', version: 'v1', subresource: '', namespace: 'a', name: '' };
  return { user, verb: 'get', resource: 'secrets', ...rest, ...given };
}

describe('nodeAuthorizer()', () => {
  const other = { name: 'system:node:n2', groups: ['system:nodes'] };
  const cases = [
    { name: 'lets a node read a secret of its pod', given: { name: 'env' }, want: true },
    { name: 'refuses a secret that no pod of it names', given: { name: 'other' }, want: false },
    { name: 'refuses it to another node', given: { name: 'env', user: other }, want: false },
    { name: 'refuses a list of secrets', given: { verb: 'list' }, want: false },
    { name: 'refuses to write one', given: { name: 'env', verb: 'update' }, want: false },
    {
      name: 'lets it read a projected config map',
      given: { resource: 'configmaps', name: 'ca' },
      want: true,
    },
    {
      name: 'lets it ask for a token of its pod’s account',
      given: { resource: 'serviceaccounts', subresource: 'token', verb: 'create', name: 'robot' },
      want: true,
    },
    {
      name: 'refuses a token of another account',
      given: { resource: 'serviceaccounts', subresource: 'token', verb: 'create', name: 'admin' },
      want: false,
    },
    {
      name: 'lets it renew its lease',
      given: {
        group: 'coordination.k8s.io',
        resource: 'leases',
        namespace: 'kube-node-lease',
        verb: 'update',
        name: 'n1',
      },
      want: true,
    },
    {
      name: 'refuses the lease of another',
      given: {
        group: 'coordination.k8s.io',
        resource: 'leases',
        namespace: 'kube-node-lease',
        verb: 'update',
        name: 'n2',
      },
      want: false,
    },
    {
      name: 'lets it patch pod status',
      given: { resource: 'pods', subresource: 'status', verb: 'patch', name: 'p' },
      want: true,
    },
    {
      name: 'has no opinion about people',
      given: { name: 'env', user: { name: 'jane', groups: [] } },
      want: false,
    },
  ];
  for (const { name, given, want } of cases)
    it(name, () => {
      expect(nodeAuthorizer(nodeGraph(setInformer([pod]))).authorize(asked(given)).allowed).toBe(want);
    });

  it('forgets what a deleted pod referred to', () => {
    const pods = setInformer([pod]);
    const authorizer = nodeAuthorizer(nodeGraph(pods));
    pods.set([]);
    expect(authorizer.authorize(asked({ name: 'env' })).allowed).toBe(false);
  });
});
