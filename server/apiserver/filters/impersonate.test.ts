import { describe, expect, it } from '@jest/globals';
import type { AuthorizationAttributes, Authorizer } from '../../auth/authorizer.ts';
import type { Exchange } from '../exchange.ts';
import { impersonate } from './impersonate.ts';

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

/** Allows all, and keeps what it was asked. */
function recorder(): Authorizer & { readonly asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    authorize({ verb, group, resource, subresource, namespace, name }: AuthorizationAttributes) {
      asked.push(
        [verb, group, resource, subresource, namespace, name].filter((part) => part !== '').join(' '),
      );
      return { allowed: true, reason: '' };
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
      const user = impersonate(recorder(), asker, exchange(headers));
      expect(user).toMatchObject({ name: headers['impersonate-user'], groups });
    });
  }

  it('asks for each right by itself', () => {
    const authorizer = recorder();
    const headers = {
      'impersonate-user': 'system:serviceaccount:a:b',
      'impersonate-group': ['g'],
      'impersonate-uid': '7',
      'impersonate-extra-scopes': 'view',
    };
    impersonate(authorizer, asker, exchange(headers));
    expect(authorizer.asked).toEqual([
      'impersonate serviceaccounts a b',
      'impersonate groups g',
      'impersonate authentication.k8s.io uids 7',
      'impersonate authentication.k8s.io userextras scopes view',
    ]);
  });

  it('takes a malformed account for a user', () => {
    const authorizer = recorder();
    impersonate(authorizer, asker, exchange({ 'impersonate-user': 'system:serviceaccount:bad' }));
    expect(authorizer.asked).toEqual(['impersonate users system:serviceaccount:bad']);
  });

  it('refuses groups without a user, and a right that is not there', () => {
    expect(() => impersonate(recorder(), asker, exchange({ 'impersonate-group': 'x' }))).toThrow(
      'requested &user.DefaultInfo{Name:"", UID:"", Groups:[]string{"x"}, Extra:map[string][]string(nil)} without impersonating a user name',
    );
    const none: Authorizer = { authorize: () => ({ allowed: false, denied: false, reason: '' }) };
    expect(() => impersonate(none, asker, exchange({ 'impersonate-user': 'x' }))).toThrow(
      'cannot impersonate resource "users"',
    );
  });

  it('leaves the asker alone when nobody is named', () => {
    expect(impersonate(recorder(), asker, exchange({}))).toBe(asker);
  });
});
