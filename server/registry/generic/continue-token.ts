import { badRequest, type StatusError } from '../../../openapi/machinery/status.ts';

/** Where a list goes on: from `startKey` (behind the prefix of the list), in the state of `revision` (-1: of now). */
export interface ContinueToken {
  readonly revision: number;
  readonly startKey: string;
}

export function continueText({ revision, startKey }: ContinueToken): string {
  return Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', rv: revision, start: startKey })).toString(
    'base64url',
  );
}

/** Throws BadRequest, with the texts of Kubernetes, for a token that is not ours. */
export function parseContinue(text: string): ContinueToken {
  const parsed = parseToken(text);
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    const what = Array.isArray(parsed) ? 'array' : typeof parsed;
    throw wrong(`json: cannot unmarshal ${what} into Go value of type storage.continueToken`);
  }
  const { v = '', rv = 0, start = '' } = parsed as Record<string, unknown>;
  refuseTypes({ v, start }, rv);
  if (v !== 'meta.k8s.io/v1') throw wrong(`server does not recognize this encoded version ${String(v)}`);
  if (rv === 0) throw wrong('incorrect encoded start resourceVersion (version meta.k8s.io/v1)');
  if (start === '') throw wrong('encoded start key empty (version meta.k8s.io/v1)');
  const key = String(start);
  if (key.split('/').some((part) => part === '..' || part === '.') || key.startsWith('/')) throw wrong(key);
  return { revision: Number(rv), startKey: key };
}

function refuseTypes(strings: Readonly<Record<string, unknown>>, revision: unknown): void {
  for (const [field, value] of Object.entries(strings)) {
    if (typeof value !== 'string') throw wrongType(value, field, 'string');
  }
  if (typeof revision !== 'number') throw wrongType(revision, 'rv', 'int64');
}

function wrongType(value: unknown, field: string, type: string): StatusError {
  const what = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
  return wrong(`json: cannot unmarshal ${what} into Go struct field continueToken.${field} of type ${type}`);
}

function parseToken(text: string): unknown {
  const bad = /[^A-Za-z0-9_-]/.exec(text);
  if (bad !== null) throw wrong(`illegal base64 data at input byte ${bad.index}`);
  if (text.length % 4 === 1) throw wrong(`illegal base64 data at input byte ${text.length - 1}`);
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
  } catch {
    throw wrong('invalid character in the token');
  }
}

function wrong(why: string): StatusError {
  return badRequest(`invalid continue token: continue key is not valid: ${why}`);
}
