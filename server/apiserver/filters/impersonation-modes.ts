import { StatusError } from '../../../openapi/machinery/status.ts';
import { checkDns1123Subdomain } from '../../../openapi/machinery/names.ts';
import type { AuthorizationAttributes, Authorizer } from '../../auth/authorizer.ts';
import type { UserInfo } from '../../auth/user.ts';
import { refusal, require } from './authorize.ts';

const serviceAccountPrefix = 'system:serviceaccount:';
const nodePrefix = 'system:node:';
const nodeNameExtra = 'authentication.kubernetes.io/node-name';
/** From so many rights on, the right to all of a kind is asked for first. */
const manyRights = 4;
const rememberedMax = 10_000;

/** "legacy" asks for the verb impersonate alone; the others ask whether the request itself may be made in their mode, too. */
type Mode = 'associated-node' | 'arbitrary-node' | 'serviceaccount' | 'user-info' | 'legacy';
const modes: readonly Mode[] = ['associated-node', 'arbitrary-node', 'serviceaccount', 'user-info', 'legacy'];

export interface Impersonator {
  /** The user to act as; throws Forbidden when `asked`'s user may act as `wanted` in no mode. `asked` is the request itself. */
  become(wanted: UserInfo, asked: AuthorizationAttributes): UserInfo;
}

/** As kube-apiserver tries its modes: the one that last held for the asker first, and the first refusal is what is told. */
export function createImpersonator(authorizer: Authorizer): Impersonator {
  const lastModes = new Map<string, Mode>();

  function remember(asker: string, mode: Mode): void {
    lastModes.delete(asker);
    lastModes.set(asker, mode);
    if (lastModes.size <= rememberedMax) return;
    for (const oldest of lastModes.keys()) {
      lastModes.delete(oldest);
      return;
    }
  }

  return {
    become(wanted, asked) {
      const last = lastModes.get(asked.user.name);
      const order = last === undefined ? modes : [last, ...modes.filter((each) => each !== last)];
      let refused: unknown;
      for (const mode of order) {
        if (!applies(mode, wanted, asked.user)) continue;
        try {
          const user = tryMode(authorizer, mode, wanted, asked);
          remember(asked.user.name, mode);
          return user;
        } catch (error) {
          if (!(error instanceof StatusError)) throw error;
          refused ??= error;
        }
      }
      throw refused;
    },
  };
}

function applies(mode: Mode, wanted: UserInfo, asker: UserInfo): boolean {
  if (mode === 'legacy') return true;
  const node = nodeOf(wanted.name);
  const account = accountOf(wanted.name);
  if (mode === 'user-info') return node === undefined && account === undefined;
  const onlyName = wanted.groups.length === 0 && (wanted.uid ?? '') === '' && wanted.extra === undefined;
  if (!onlyName) return false;
  if (mode === 'serviceaccount') return account !== undefined;
  if (mode === 'arbitrary-node') return node !== undefined;
  const own = asker.extra?.[nodeNameExtra];
  return node !== undefined && accountOf(asker.name) !== undefined && own?.length === 1 && own[0] === node;
}

function tryMode(
  authorizer: Authorizer,
  mode: Mode,
  wanted: UserInfo,
  asked: AuthorizationAttributes,
): UserInfo {
  if (mode !== 'legacy') require(authorizer, { ...asked, verb: `impersonate-on:${mode}:${asked.verb}` });
  const verb = mode === 'legacy' ? 'impersonate' : `impersonate:${mode}`;
  const asker: Asker = { authorizer, user: asked.user, verb, constrained: mode !== 'legacy' };
  const groups = authorizeName(asker, wanted, mode);
  authorizeUid(asker, wanted.uid ?? '');
  authorizeGroups(asker, wanted.groups);
  authorizeExtra(asker, wanted.extra ?? {});
  return { ...wanted, groups: withOwnGroup(wanted.name, groups) };
}

interface Asker {
  readonly authorizer: Authorizer;
  readonly user: UserInfo;
  readonly verb: string;
  readonly constrained: boolean;
}

function rightOf(asker: Asker, resource: string, name: string): AuthorizationAttributes {
  // Users and groups were resources of the core group before there was a group for them.
  const legacy = !asker.constrained && ['users', 'groups', 'serviceaccounts'].includes(resource);
  return {
    user: asker.user,
    verb: asker.verb,
    group: legacy ? '' : 'authentication.k8s.io',
    version: 'v1',
    resource,
    subresource: '',
    namespace: '',
    name,
  };
}

/** Resolves with the groups of who is wanted. */
function authorizeName(asker: Asker, { name, groups }: UserInfo, mode: Mode): readonly string[] {
  const node = asker.constrained ? nodeOf(name) : undefined;
  const account = accountOf(name);
  if (node !== undefined) {
    // A right for the node of one's own must hold for all nodes: it is not told apart.
    require(asker.authorizer, rightOf(asker, 'nodes', mode === 'associated-node' ? '*' : node));
    return ['system:nodes'];
  }
  if (account !== undefined) {
    const right = { ...rightOf(asker, 'serviceaccounts', account.name), namespace: account.namespace };
    require(asker.authorizer, right);
    const own = ['system:serviceaccounts', `system:serviceaccounts:${account.namespace}`];
    return groups.length === 0 ? own : groups;
  }
  require(asker.authorizer, rightOf(asker, 'users', name));
  return groups;
}

function authorizeUid(asker: Asker, uid: string): void {
  if (uid !== '') require(asker.authorizer, rightOf(asker, 'uids', uid));
}

function authorizeGroups(asker: Asker, groups: readonly string[]): void {
  const right = rightOf(asker, 'groups', '');
  if (asker.constrained && groups.includes('')) {
    throw refusal(right, 'impersonating the empty string group is not allowed');
  }
  if (asker.constrained && groups.includes('system:masters')) {
    const name = 'system:masters';
    throw refusal({ ...right, name }, 'impersonating the system:masters group is not allowed');
  }
  if (asker.constrained && groups.length >= manyRights && allowed(asker, { ...right, name: '*' })) return;
  for (const name of groups) require(asker.authorizer, { ...right, name });
}

function authorizeExtra(asker: Asker, extra: Readonly<Record<string, readonly string[]>>): void {
  const entries = Object.entries(extra);
  if (entries.length === 0) return;
  const right = rightOf(asker, 'userextras', '');
  const problem = asker.constrained ? extraProblem(entries) : undefined;
  if (problem !== undefined) throw refusal(right, problem);
  const count = entries.reduce((sum, [, values]) => sum + values.length, 0);
  const many = entries.length >= manyRights || count >= manyRights;
  if (asker.constrained && many && allowed(asker, { ...right, subresource: '*', name: '*' })) return;
  for (const [key, values] of entries) {
    for (const name of values) require(asker.authorizer, { ...right, subresource: key, name });
  }
}

function allowed({ authorizer }: Asker, right: AuthorizationAttributes): boolean {
  return authorizer.authorize(right).allowed;
}

function extraProblem(entries: readonly (readonly [string, readonly string[]])[]): string | undefined {
  for (const [key, values] of entries) {
    if (key === '') return 'impersonating the empty string key in extra is not allowed';
    if (!key.includes('/')) {
      const path = `extra.key: Invalid value: ${JSON.stringify(key)}: must be a domain-prefixed path (such as "acme.io/foo")`;
      return `impersonating an invalid key in extra is not allowed: ${path}`;
    }
    if (key !== key.toLowerCase()) {
      return `impersonating a non-lowercase key in extra is not allowed: ${JSON.stringify(key)}`;
    }
    if (values.length === 0) return 'impersonating empty values in extra is not allowed';
    if (values.includes('')) return 'impersonating the empty string value in extra is not allowed';
  }
  return undefined;
}

/** Whoever acts is authenticated or not, as its group says. */
function withOwnGroup(name: string, groups: readonly string[]): readonly string[] {
  const unknown = 'system:unauthenticated';
  if (name === 'system:anonymous') return groups.includes(unknown) ? groups : [...groups, unknown];
  if (groups.includes(unknown) || groups.includes('system:authenticated')) return groups;
  return [...groups, 'system:authenticated'];
}

function nodeOf(name: string): string | undefined {
  if (!name.startsWith(nodePrefix)) return undefined;
  const node = name.slice(nodePrefix.length);
  return checkDns1123Subdomain(node).length === 0 ? node : undefined;
}

function accountOf(name: string): { readonly namespace: string; readonly name: string } | undefined {
  if (!name.startsWith(serviceAccountPrefix)) return undefined;
  const [namespace = '', account = '', ...rest] = name.slice(serviceAccountPrefix.length).split(':');
  return namespace === '' || account === '' || rest.length > 0 ? undefined : { namespace, name: account };
}
