import { badRequest } from '../../../openapi/machinery/status.ts';
import type { AuthorizationAttributes, Authorizer } from '../../auth/authorizer.ts';
import type { UserInfo } from '../../auth/user.ts';
import type { Exchange } from '../exchange.ts';
import { require } from './authorize.ts';

const extraPrefix = 'impersonate-extra-';
const serviceAccountPrefix = 'system:serviceaccount:';

/** The user that the request asks to act as, when the asker may; else the asker. Throws Forbidden. */
export function impersonate(authorizer: Authorizer, asker: UserInfo, exchange: Exchange): UserInfo {
  const wanted = wantedUser(exchange);
  if (wanted === undefined) return asker;
  for (const attributes of rightsFor(asker, wanted)) require(authorizer, attributes);
  return withImpliedGroups(wanted);
}

function wantedUser({ headers }: Exchange): UserInfo | undefined {
  const name = values(headers['impersonate-user'])[0] ?? '';
  const groups = values(headers['impersonate-group']).flatMap((each) => each.split(/, */));
  const uid = values(headers['impersonate-uid'])[0];
  const extra: Record<string, readonly string[]> = {};
  for (const [header, value] of Object.entries(headers)) {
    if (header.startsWith(extraPrefix)) extra[decoded(header.slice(extraPrefix.length))] = values(value);
  }
  const hasExtra = Object.keys(extra).length > 0;
  if (name === '') {
    if (groups.length === 0 && uid === undefined && !hasExtra) return undefined;
    throw badRequest(`requested ${userText(uid, groups, extra)} without impersonating a user name`);
  }
  return { name, groups, ...(uid === undefined ? {} : { uid }), ...(hasExtra ? { extra } : {}) };
}

/** As Go prints the user that was asked for. */
function userText(
  uid: string | undefined,
  groups: readonly string[],
  extra: Readonly<Record<string, readonly string[]>>,
): string {
  const list = (values: readonly string[]): string =>
    values.length === 0 ? '(nil)' : `{${values.map((each) => JSON.stringify(each)).join(', ')}}`;
  const entries = Object.entries(extra).map(
    ([key, values]) => `${JSON.stringify(key)}:[]string${list(values)}`,
  );
  const extraText = entries.length === 0 ? '(nil)' : `{${entries.join(', ')}}`;
  return `&user.DefaultInfo{Name:"", UID:${JSON.stringify(uid ?? '')}, Groups:[]string${list(groups)}, Extra:map[string][]string${extraText}}`;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function values(header: string | readonly string[] | undefined): readonly string[] {
  if (header === undefined) return [];
  return typeof header === 'string' ? [header] : header;
}

function rightsFor(asker: UserInfo, wanted: UserInfo): readonly AuthorizationAttributes[] {
  const right = {
    user: asker,
    verb: 'impersonate',
    group: '',
    version: 'v1',
    subresource: '',
    namespace: '',
  };
  const authentication = { ...right, group: 'authentication.k8s.io' };
  return [
    { ...right, ...subjectOf(wanted.name) },
    ...wanted.groups.map((name) => ({ ...right, resource: 'groups', name })),
    ...(wanted.uid === undefined ? [] : [{ ...authentication, resource: 'uids', name: wanted.uid }]),
    ...Object.entries(wanted.extra ?? {}).flatMap(([key, list]) =>
      list.map((name) => ({ ...authentication, resource: 'userextras', subresource: key, name })),
    ),
  ];
}

function subjectOf(name: string): { resource: string; namespace?: string; name: string } {
  if (!name.startsWith(serviceAccountPrefix)) return { resource: 'users', name };
  const [namespace = '', account = '', ...rest] = name.slice(serviceAccountPrefix.length).split(':');
  if (namespace === '' || account === '' || rest.length > 0) return { resource: 'users', name };
  return { resource: 'serviceaccounts', namespace, name: account };
}

/** Groups that come with a user unless others are named, as at a login. */
function withImpliedGroups(user: UserInfo): UserInfo {
  const implied =
    user.groups.length > 0 || !user.name.startsWith(serviceAccountPrefix)
      ? []
      : [
          'system:serviceaccounts',
          `system:serviceaccounts:${user.name.slice(serviceAccountPrefix.length).split(':')[0] ?? ''}`,
        ];
  const own = user.name === 'system:anonymous' ? 'system:unauthenticated' : 'system:authenticated';
  const isStated = ['system:authenticated', 'system:unauthenticated'].some((each) =>
    user.groups.includes(each),
  );
  return { ...user, groups: [...user.groups, ...implied, ...(isStated ? [] : [own])] };
}
