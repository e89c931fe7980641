import type { Structural } from './structural.ts';

export interface FoundSchema {
  readonly schema: Structural;
  /** The path in one spelling: "spec.color". */
  readonly path: string;
}

/**
 * The schema at the end of a path of fields, `.spec.color` or `.spec['color']`; lists cannot be passed. A text says why there is
 * none.
 */
export function schemaAtPath(text: string, root: Structural): FoundSchema | string {
  let schema = root;
  let path = '';
  let rest = text;
  while (rest !== '') {
    const step = /^(?:\.([^.[\]]+)|\['((?:[^'\\]|\\.)*)'\])/.exec(rest);
    if (step === null) return stepFault(rest);
    const name = step[1] ?? (step[2] ?? '').replaceAll(/\\(.)/g, '$1');
    const next: Structural | boolean | undefined = schema.properties.get(name) ?? schema.additional;
    if (typeof next !== 'object') return 'does not refer to a valid field';
    schema = next;
    path +=
      step[1] === undefined || !/^[a-zA-Z_]\w*$/.test(name)
        ? `[${name}]`
        : `${path === '' ? '' : '.'}${name}`;
    rest = rest.slice(step[0].length);
  }
  return path === '' ? 'must not be empty' : { schema, path };
}

function stepFault(rest: string): string {
  const token = /^[^.[\]]+/.exec(rest)?.[0];
  return token === undefined ? 'does not refer to a valid field' : `expected [ or . but got: ${token}`;
}
