/** One term of a field selector: `metadata.name=a`, `status.phase!=Failed`. */
export interface FieldTerm {
  readonly field: string;
  readonly value: string;
  readonly negated: boolean;
}

/** All must hold. None: everything matches. */
export type FieldSelector = readonly FieldTerm[];

/** Its message is Kubernetes' own. Whether a field may be selected by is the caller's to say: `field label not supported: x`. */
export class FieldSelectorError extends Error {
  override readonly name = 'FieldSelectorError';
}

/** Reads `a=b,c!=d`, where a backslash escapes `\`, `,` and `=` in values. Throws FieldSelectorError. */
export function parseFieldSelector(text: string): FieldSelector {
  return splitTerms(text)
    .sort()
    .filter((part) => part !== '')
    .map((part) => parseTerm(part, text))
    .filter(({ field, value }) => field !== '' || value !== '');
}

function splitTerms(text: string): string[] {
  return text.match(/(?:\\[^]|[^\\,]|\\$)+/g) ?? [];
}

function parseTerm(part: string, all: string): FieldTerm {
  const match = /^([^]*?)(!=|==|=)([^]*)$/.exec(part);
  if (match === null) {
    throw new FieldSelectorError(`invalid selector: '${all}'; can't understand '${part}'`);
  }
  const [, field = '', operator, value = ''] = match;
  return { field, value: unescaped(value), negated: operator === '!=' };
}

function unescaped(value: string): string {
  return value.replaceAll(/\\([^]?)|[,=]/gu, (found: string, escaped: string | undefined) => {
    if (escaped === undefined) {
      const code = String(found.codePointAt(0));
      throw new FieldSelectorError(`invalid field selector: unescaped character in value: ${code}`);
    }
    if (escaped !== '\\' && escaped !== ',' && escaped !== '=') {
      throw new FieldSelectorError(`invalid field selector: invalid escape sequence: ${found}`);
    }
    return escaped;
  });
}

/** `valueOf` answers a field's text; the empty text for a field without value. */
export function matchesFields(selector: FieldSelector, valueOf: (field: string) => string): boolean {
  return selector.every(({ field, value, negated }) => (valueOf(field) === value) !== negated);
}

/** The value that `field` must have, if the selector says so. */
export function requiredValue(selector: FieldSelector, field: string): string | undefined {
  return selector.find((term) => term.field === field && !term.negated)?.value;
}

export function fieldSelectorText(selector: FieldSelector): string {
  return selector
    .map(
      ({ field, value, negated }) => `${field}${negated ? '!=' : '='}${value.replaceAll(/[\\,=]/g, '\\$&')}`,
    )
    .join(',');
}
