import { describe, expect, it } from '@jest/globals';
import { parseRequest, selectedName } from './request-info.ts';

const cases = [
  { name: 'a collection', request: 'GET /api/v1/namespaces/a/pods', want: 'list v1 pods ns=a' },
  { name: 'all namespaces', request: 'GET /api/v1/pods', want: 'list v1 pods' },
  {
    name: 'an object',
    request: 'GET /apis/apps/v1/namespaces/a/deployments/w',
    want: 'get apps/v1 deployments ns=a name=w',
  },
  { name: 'a watch by query', request: 'GET /api/v1/pods?watch=true', want: 'watch v1 pods' },
  { name: 'no watch by query', request: 'GET /api/v1/pods?watch=False', want: 'list v1 pods' },
  { name: 'a watch by an empty query', request: 'GET /api/v1/pods?watch=', want: 'watch v1 pods' },
  {
    name: 'a watch of one name as a get',
    request: 'GET /api/v1/namespaces/a/pods/p?watch=1',
    want: 'get v1 pods ns=a name=p',
  },
  {
    name: 'the old path of a watch',
    request: 'GET /api/v1/watch/namespaces/a/pods/p',
    want: 'watch v1 pods ns=a name=p',
  },
  {
    name: 'a namespace, within itself',
    request: 'GET /api/v1/namespaces/a',
    want: 'get v1 namespaces ns=a name=a',
  },
  {
    name: 'a part of a namespace',
    request: 'PUT /api/v1/namespaces/a/finalize',
    want: 'update v1 namespaces ns=a name=a sub=finalize',
  },
  {
    name: 'a subresource',
    request: 'POST /api/v1/namespaces/a/pods/p/binding',
    want: 'create v1 pods ns=a name=p sub=binding',
  },
  {
    name: 'a proxy with a path behind it',
    request: 'GET /api/v1/nodes/n/proxy/a%2Fb/c',
    want: 'get v1 nodes name=n sub=proxy rest=/a%2Fb/c',
  },
  {
    name: 'a deletion of a collection',
    request: 'DELETE /api/v1/namespaces/a/pods',
    want: 'deletecollection v1 pods ns=a',
  },
  { name: 'a creation', request: 'POST /api/v1/namespaces/a/pods', want: 'create v1 pods ns=a' },
  {
    name: 'escapes in a name',
    request: 'GET /apis/rbac.authorization.k8s.io/v1/clusterroles/a%3Ab',
    want: 'get rbac.authorization.k8s.io/v1 clusterroles name=a:b',
  },
];

describe('parseRequest()', () => {
  for (const { name, request, want } of cases) {
    it(`reads ${name}`, () => {
      const [method = '', url = ''] = request.split(' ');
      const info = parseRequest(method, url);
      if (info === undefined) throw new Error('refused');
      const version = info.group === '' ? info.version : `${info.group}/${info.version}`;
      const parts = [
        `${info.verb} ${version} ${info.resource}`,
        info.namespace === '' ? '' : `ns=${info.namespace}`,
        info.name === '' ? '' : `name=${info.name}`,
        info.subresource === '' ? '' : `sub=${info.subresource}`,
        info.rest === '' ? '' : `rest=${info.rest}`,
      ];
      expect(parts.filter((part) => part !== '').join(' ')).toBe(want);
    });
  }

  it('takes what is no resource as a path', () => {
    for (const path of ['/', '/healthz', '/api', '/api/v1', '/apis/apps/v1', '/openapi/v2']) {
      expect(parseRequest('GET', path)).toMatchObject({ isResource: false, verb: 'get', path });
    }
  });

  it('refuses paths that have no safe reading', () => {
    const hostile = [
      '/api/v1/namespaces/a/../b/pods',
      '/api/v1/namespaces/a/pods/%2e%2e',
      '/api/v1/namespaces/a/pods/x%2Fy',
      '/api/v1/namespaces/a%2Fb/pods',
      '/api/v1/namespaces/a/pods/%00',
      '/api/v1/namespaces/a/pods/%zz',
      'http://elsewhere/api/v1/pods',
    ];
    for (const path of hostile) expect(parseRequest('GET', path)).toBeUndefined();
  });
});

describe('selectedName()', () => {
  const selectors = [
    ['metadata.name=a', 'a'],
    ['metadata.name==a,status.phase=Running', 'a'],
    ['metadata.name!=a', ''],
    ['status.phase=Running', ''],
    ['metadata.name=a/b', ''],
  ] as const;
  for (const [selector, want] of selectors) {
    it(`of ${selector} is "${want}"`, () => {
      expect(selectedName(new URLSearchParams({ fieldSelector: selector }))).toBe(want);
    });
  }
});
