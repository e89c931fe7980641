import { describe, expect, it } from '@jest/globals';
import type { AuthorizationAttributes, Authorizer } from '../../auth/authorizer.ts';
import type { UserInfo } from '../../auth/user.ts';
import type { Exchange } from '../exchange.ts';
import { parseRequest, type RequestInfo } from '../request-info.ts';
import { impersonate } from './impersonate.ts';
import { createImpersonator } from './impersonation-modes.ts';

const asker = { name: 'admin', groups: ['system:masters'] };

function exchange(headers: Exchange['headers']): Exchange {
  return {
    method: 'GET',
    url: '/',
    headers,
    certificate: undefined,
    signal: new AbortController().signal,
    readBody: () => Promise.resolve(new Uint8Array()),
  };
}

const listing = requestOf('/api/v1/namespaces/n/pods');

function requestOf(path: string): RequestInfo {
  const info = parseRequest('GET', path);
  if (info === undefined) throw new Error(`cannot read ${path}`);
  return info;
}

function act(authorizer: Authorizer, headers: Exchange['headers'], as: UserInfo = asker): UserInfo {
  return impersonate(createImpersonator(authorizer), as, exchange(headers), listing);
}

/** Allows all, and keeps what it was asked. */
function recorder(may: (right: string) => boolean = () => true): Authorizer & { readonly asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    authorize({ verb, group, resource, subresource, namespace, name }: AuthorizationAttributes) {
      const right = [verb, group, resource, subresource, namespace, name]
        .filter((part) => part !== '')
        .join(' ');
      asked.push(right);
      return may(right) ? { allowed: true, reason: '' } : { allowed: false, denied: false, reason: '' };
    },
  };
}

describe('impersonate()', () => {
  const cases = [
    { name: 'a user', headers: { 'impersonate-user': 'jane' }, groups: ['system:authenticated'] },
    {
      name: 'groups',
      headers: { 'impersonate-user': 'jane', 'impersonate-group': ['a', 'b'] },
      groups: ['a', 'b', 'system:authenticated'],
    },
    {
      name: 'nobody',
      headers: { 'impersonate-user': 'system:anonymous' },
      groups: ['system:unauthenticated'],
    },
    {
      name: 'a user who is not authenticated',
      headers: { 'impersonate-user': 'jane', 'impersonate-group': ['system:unauthenticated'] },
      groups: ['system:unauthenticated'],
    },
    {
      name: 'a service account',
      headers: { 'impersonate-user': 'system:serviceaccount:a:b' },
      groups: ['system:serviceaccounts', 'system:serviceaccounts:a', 'system:authenticated'],
    },
  ];
  for (const { name, headers, groups } of cases) {
    it(`acts as ${name}`, () => {
      const user = act(recorder(), headers);
      expect(user).toMatchObject({ name: headers['impersonate-user'], groups });
    });
  }

  it('asks for each right by itself', () => {
    const authorizer = recorder((right) => right.startsWith('impersonate '));
    const headers = {
      'impersonate-user': 'system:serviceaccount:a:b',
      'impersonate-group': ['g'],
      'impersonate-uid': '7',
      'impersonate-extra-scopes': 'view',
    };
    act(authorizer, headers);
    expect(authorizer.asked).toEqual([
      'impersonate serviceaccounts a b',
      'impersonate authentication.k8s.io uids 7',
      'impersonate groups g',
      'impersonate authentication.k8s.io userextras scopes view',
    ]);
  });

  it('asks whether the request itself may be made in the mode, before the old way', () => {
    const authorizer = recorder();
    act(authorizer, { 'impersonate-user': 'jane', 'impersonate-group': ['g'] });
    expect(authorizer.asked).toEqual([
      'impersonate-on:user-info:list pods n',
      'impersonate:user-info authentication.k8s.io users jane',
      'impersonate:user-info authentication.k8s.io groups g',
    ]);
  });

  it('never becomes a master by the new way, yet by the old one', () => {
    const authorizer = recorder((right) => !right.startsWith('impersonate groups'));
    expect(() =>
      act(authorizer, { 'impersonate-user': 'jane', 'impersonate-group': ['system:masters'] }),
    ).toThrow('impersonating the system:masters group is not allowed');
    const user = act(recorder(), { 'impersonate-user': 'jane', 'impersonate-group': ['system:masters'] });
    expect(user.groups).toEqual(['system:masters', 'system:authenticated']);
  });

  it('takes the mode that held last first, and tells its refusal', () => {
    let open = true;
    const authorizer = recorder((right) => open && right.startsWith('impersonate '));
    const impersonator = createImpersonator(authorizer);
    impersonate(impersonator, asker, exchange({ 'impersonate-user': 'jane' }), listing);
    open = false;
    expect(() => impersonate(impersonator, asker, exchange({ 'impersonate-user': 'jane' }), listing)).toThrow(
      'cannot impersonate resource "users"',
    );
  });

  it('gives a node its group', () => {
    expect(act(recorder(), { 'impersonate-user': 'system:node:n' }).groups).toEqual([
      'system:nodes',
      'system:authenticated',
    ]);
  });

  it('takes a malformed account for a user', () => {
    const authorizer = recorder((right) => right.startsWith('impersonate '));
    act(authorizer, { 'impersonate-user': 'system:serviceaccount:bad' });
    expect(authorizer.asked).toEqual([
      'impersonate-on:user-info:list pods n',
      'impersonate users system:serviceaccount:bad',
    ]);
  });

  it('refuses groups without a user, and a right that is not there', () => {
    expect(() => act(recorder(), { 'impersonate-group': 'x' })).toThrow(
      'requested &user.DefaultInfo{Name:"", UID:"", Groups:[]string{"x"}, Extra:map[string][]string(nil)} without impersonating a user name',
    );
    const none: Authorizer = { authorize: () => ({ allowed: false, denied: false, reason: '' }) };
    expect(() => act(none, { 'impersonate-user': 'x' })).toThrow(
      'cannot impersonate-on:user-info:list resource "pods"',
    );
  });

  it('leaves the asker alone when nobody is named', () => {
    expect(act(recorder(), {})).toBe(asker);
  });
});
