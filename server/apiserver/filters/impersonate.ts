import { badRequest } from '../../../openapi/machinery/status.ts';
import type { UserInfo } from '../../auth/user.ts';
import type { Exchange } from '../exchange.ts';
import type { RequestInfo } from '../request-info.ts';
import { attributesOf } from './authorize.ts';
import type { Impersonator } from './impersonation-modes.ts';

const extraPrefix = 'impersonate-extra-';

/** The user that the request asks to act as, when the asker may; else the asker. Throws Forbidden. */
export function impersonate(
  impersonator: Impersonator,
  asker: UserInfo,
  exchange: Exchange,
  info: RequestInfo,
): UserInfo {
  const wanted = wantedUser(exchange);
  return wanted === undefined ? asker : impersonator.become(wanted, attributesOf(asker, info));
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
