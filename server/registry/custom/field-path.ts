import type { Structural } from './structural.ts';

export interface FoundSchema {
  readonly schema: Structural;
  /** The path in one spelling: "spec.color". */
  readonly path: string;
}

/** The schema at the end of a path of fields, `.spec.color`; lists cannot be passed. A text says why there is none. */
export function schemaAtPath(text: string, root: Structural): FoundSchema | string {
  const tokens = text.match(/[.[\]]|'(?:[^'\\]|\\.)*'|[^.[\]]+/g) ?? [];
  let schema = root;
  let path = '';
  for (let at = 0; at < tokens.length; at += 2) {
    const [token, name] = [tokens[at], tokens[at + 1]];
    if (token === '[') return 'array notation is not allowed';
    if (token !== '.') return `expected [ or . but got: ${token ?? ''}`;
    if (name === undefined) return 'unexpected end of JSON path';
    const isNamed = schema.properties.size > 0;
    const next = isNamed ? schema.properties.get(name) : schema.additional;
    if (typeof next !== 'object') return 'does not refer to a valid field';
    schema = next;
    path += isNamed ? `${path === '' ? '' : '.'}${name}` : `[${name}]`;
  }
  return { schema, path };
}
