import { isJsonObject, type JsonValue } from '../machinery/json.ts';
import type { KubeObject } from '../machinery/object.ts';

/** `a=b`, `a!=b`, `a`, `!a`, joined by commas: what tests need of label selectors. */
export function matchesLabels(selector: string | undefined, object: KubeObject): boolean {
  const labels: Readonly<Record<string, string>> = object.metadata?.labels ?? {};
  return termsOf(selector).every((term) => {
    const differs = /^([^!=]+)!=(.*)$/.exec(term);
    if (differs !== null) return labels[differs[1] ?? ''] !== differs[2];
    const equals = /^([^=]+)==?(.*)$/.exec(term);
    if (equals !== null) return labels[equals[1] ?? ''] === equals[2];
    return term.startsWith('!') ? !(term.slice(1) in labels) : term in labels;
  });
}

/** `path=value` and `path!=value`; an absent field is "". */
export function matchesFields(selector: string | undefined, object: KubeObject): boolean {
  return termsOf(selector).every((term) => {
    const match = /^([^!=]+)(!?=)=?(.*)$/.exec(term);
    if (match === null) return false;
    const [, path = '', operator, wanted] = match;
    return (fieldText(object as unknown as JsonValue, path) === wanted) === (operator === '=');
  });
}

function termsOf(selector: string | undefined): readonly string[] {
  return selector === undefined || selector === '' ? [] : selector.split(',');
}

function fieldText(object: JsonValue, path: string): string {
  let value: JsonValue | undefined = object;
  for (const field of path.split('.')) value = isJsonObject(value) ? value[field] : undefined;
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : '';
}
