import { invalidValue, tooLong, type FieldError } from '../status.ts';

const managerBytesMax = 128;
const subresourceBytesMax = 256;

/** Faults of the name of a manager in a field. */
export function managerNameProblems(manager: string, field: string): readonly FieldError[] {
  const problems: FieldError[] = [];
  if (Buffer.byteLength(manager) > managerBytesMax) problems.push(tooLong(field, managerBytesMax));
  let position = 0;
  for (const character of manager) {
    if (!isPrintable(character)) {
      const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
      const text = `invalid character U+${code} (at position ${position})`;
      const { reason, message } = invalidValue(field, manager, text);
      return [...problems, { field, reason, message: asGoQuotes(message) }];
    }
    position += Buffer.byteLength(character);
  }
  return problems;
}

/** The name of a manager that states none: its User-Agent up to the first slash, as far as it can be printed. */
export function managerOfAgent(userAgent: string): string {
  const [product = ''] = userAgent.split('/');
  let name = '';
  for (const character of product) {
    if (!isPrintable(character)) continue;
    if (Buffer.byteLength(name + character) > managerBytesMax) break;
    name += character;
  }
  return name;
}

/** As Go has it: letters, marks, numbers, punctuation, symbols and the space. */
function isPrintable(character: string): boolean {
  return /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u.test(character);
}

/** JSON's escapes of control characters as Go has them. */
function asGoQuotes(text: string): string {
  return text
    .replaceAll(/\\u00([0-9a-f]{2})/g, '\\x$1')
    .replaceAll('\\x07', '\\a')
    .replaceAll('\\x0b', '\\v');
}

/** Faults of metadata.managedFields that can be read. */
export function managedFieldsProblems(
  entries: readonly { readonly manager?: string; readonly subresource?: string }[] = [],
): readonly FieldError[] {
  return entries.flatMap(({ manager = '', subresource = '' }, index) => [
    ...managerNameProblems(manager, `metadata.managedFields[${index}].manager`),
    ...(Buffer.byteLength(subresource) > subresourceBytesMax
      ? [tooLong(`metadata.managedFields[${index}].subresource`, subresourceBytesMax)]
      : []),
  ]);
}
