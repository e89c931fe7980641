import { StatusError } from '../../../openapi/machinery/status.ts';
import type { AuthorizationAttributes, Authorizer } from '../../auth/authorizer.ts';
import type { UserInfo } from '../../auth/user.ts';
import { selectedName, type RequestInfo } from '../request-info.ts';

/** Throws Forbidden when the authorizer does not allow the request. */
export function authorize(authorizer: Authorizer, user: UserInfo, info: RequestInfo): void {
  require(authorizer, attributesOf(user, info));
}

/** The same for another verb: a PUT that turns out to create. */
export function authorizeVerb(authorizer: Authorizer, user: UserInfo, info: RequestInfo, verb: string): void {
  require(authorizer, { ...attributesOf(user, info), verb });
}

export function require(authorizer: Authorizer, attributes: AuthorizationAttributes): void {
  const decision = authorizer.authorize(attributes);
  if (!decision.allowed) throw refusal(attributes, decision.reason);
}

export function attributesOf(user: UserInfo, info: RequestInfo): AuthorizationAttributes {
  const { verb, group, version, resource, subresource, namespace } = info;
  const listsOne = info.name === '' && (verb === 'list' || verb === 'watch');
  const name = listsOne ? selectedName(info.query) : info.name;
  const path = info.isResource ? undefined : info.path;
  return { user, verb, path, group, version, resource, subresource, namespace, name };
}

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

/** Names come from anywhere; browsers may show the text. */
function escaped(text: string): string {
  return text.replaceAll(/[&<>]/g, (each) => escapes[each] ?? each);
}

export function refusal(attributes: AuthorizationAttributes, reason: string): StatusError {
  const { user, verb, path, group, namespace, name } = attributes;
  const tail = reason === '' ? '' : `: ${reason}`;
  const who = JSON.stringify(user.name);
  if (path !== undefined) {
    const text = `forbidden: User ${who} cannot ${verb} path ${JSON.stringify(path)}${tail}`;
    return new StatusError('Forbidden', escaped(text), { details: {} });
  }
  const { resource, subresource } = attributes;
  const full = JSON.stringify(subresource === '' ? resource : `${resource}/${subresource}`);
  const where = namespace === '' ? 'at the cluster scope' : `in the namespace ${JSON.stringify(namespace)}`;
  const why = `User ${who} cannot ${verb} resource ${full} in API group ${JSON.stringify(group)} ${where}${tail}`;
  const qualified = group === '' ? resource : `${resource}.${group}`;
  const subject = name === '' ? qualified : `${qualified} ${JSON.stringify(name)}`;
  return new StatusError('Forbidden', escaped(`${subject} is forbidden: ${why}`), {
    details: {
      ...(name === '' ? {} : { name }),
      ...(group === '' ? {} : { group }),
      kind: resource,
    },
  });
}
