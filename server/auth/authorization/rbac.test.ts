import { describe, expect, it } from '@jest/globals';
import type { ClusterRole, ClusterRoleBinding, Role, RoleBinding } from '../../../openapi/generated/types.ts';
import { setInformer } from '../../../test/fakes/informer.ts';
import type { AuthorizationAttributes } from '../authorizer.ts';
import { rbacAuthorizer } from './rbac.ts';
import { missingRules, parseRule, ruleText } from './rules.ts';

const jane = { name: 'jane', groups: ['dev', 'system:authenticated'] };

function asked(given: Partial<AuthorizationAttributes>): AuthorizationAttributes {
  return {
    user: jane,
    verb: 'get',
    group: '',
    version: 'v1',
    resource: 'pods',
    subresource: '',
    namespace: 'a',
    name: '',
    ...given,
  };
}

function source() {
  const roleBindings = setInformer<RoleBinding>([
    {
      metadata: { name: 'readers', namespace: 'a' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'reader' },
      subjects: [
        { kind: 'User', name: 'jane' },
        { kind: 'ServiceAccount', name: 'robot', namespace: 'b' },
      ],
    },
  ]);
  return {
    roles: setInformer<Role>([
      { metadata: { name: 'reader', namespace: 'a' }, rules: [parseRule('get,list | core | pods,pods/log')] },
    ]),
    roleBindings,
    clusterRoles: setInformer<ClusterRole>([
      {
        metadata: { name: 'ops' },
        rules: [parseRule('get | /metrics,/logs/*'), parseRule('update | apps | */scale | web')],
      },
    ]),
    clusterRoleBindings: setInformer<ClusterRoleBinding>([
      {
        metadata: { name: 'ops' },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'ops' },
        subjects: [{ kind: 'Group', name: 'dev' }],
      },
    ]),
  };
}

describe('rbacAuthorizer()', () => {
  const cases = [
    { name: 'allows what the role says, in its namespace', given: {}, want: true },
    { name: 'refuses it in another namespace', given: { namespace: 'b' }, want: false },
    { name: 'refuses it in all namespaces at once', given: { namespace: '' }, want: false },
    { name: 'allows a subresource that is named', given: { subresource: 'log' }, want: true },
    { name: 'refuses a subresource that is not', given: { subresource: 'exec' }, want: false },
    { name: 'refuses another verb', given: { verb: 'delete' }, want: false },
    {
      name: 'allows a subresource of all resources, for its name only',
      given: { verb: 'update', group: 'apps', resource: 'deployments', subresource: 'scale', name: 'web' },
      want: true,
    },
    {
      name: 'refuses another name',
      given: { verb: 'update', group: 'apps', resource: 'deployments', subresource: 'scale', name: 'db' },
      want: false,
    },
    { name: 'allows a path', given: { path: '/metrics', resource: '', namespace: '' }, want: true },
    {
      name: 'allows what is below a path with a star',
      given: { path: '/logs/a', resource: '', namespace: '' },
      want: true,
    },
    { name: 'refuses another path', given: { path: '/metricsx', resource: '', namespace: '' }, want: false },
    {
      name: 'knows a service account',
      given: { user: { name: 'system:serviceaccount:b:robot', groups: [] } },
      want: true,
    },
    { name: 'refuses a stranger', given: { user: { name: 'x', groups: [] } }, want: false },
    {
      name: 'lets system:masters do anything',
      given: { user: { name: 'x', groups: ['system:masters'] }, verb: 'fly' },
      want: true,
    },
  ];
  for (const { name, given, want } of cases)
    it(name, () => {
      expect(rbacAuthorizer(source()).authorize(asked(given)).allowed).toBe(want);
    });

  it('says by what it allowed', () => {
    expect(rbacAuthorizer(source()).authorize(asked({})).reason).toBe(
      'RBAC: allowed by RoleBinding "readers/a" of Role "reader" to User "jane"',
    );
  });

  it('forgets a binding that is gone', () => {
    const from = source();
    const authorizer = rbacAuthorizer(from);
    expect(authorizer.authorize(asked({})).allowed).toBe(true);
    from.roleBindings.set([]);
    expect(authorizer.authorize(asked({})).allowed).toBe(false);
  });
});

describe('missingRules()', () => {
  const cases = [
    {
      name: 'nothing is missing when two rules together cover',
      held: ['get | core | pods', 'list | core | pods'],
      wanted: ['get,list | core | pods'],
      want: [],
    },
    { name: 'a star covers all', held: ['* | * | *'], wanted: ['get | apps | deployments/scale'], want: [] },
    {
      name: 'a right for one name does not cover all names',
      held: ['get | core | pods | a'],
      wanted: ['get | core | pods'],
      want: ['{APIGroups:[""], Resources:["pods"], Verbs:["get"]}'],
    },
    {
      name: 'a right for all names covers one',
      held: ['get | core | pods'],
      wanted: ['get | core | pods | a'],
      want: [],
    },
    {
      name: 'a path is not a resource',
      held: ['* | * | *'],
      wanted: ['get | /metrics'],
      want: ['{NonResourceURLs:["/metrics"], Verbs:["get"]}'],
    },
  ];
  for (const { name, held, wanted, want } of cases)
    it(name, () => {
      expect(missingRules(held.map(parseRule), wanted.map(parseRule)).map(ruleText)).toEqual(want);
    });
});
