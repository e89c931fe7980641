/**
 * How numbers were written, where the number alone does not tell: `3.0`, `1e1`, and integers too large to be exact. The parser
 * notes them beside the values, so that decoding refuses them in Kubernetes' words.
 */
const noted = new WeakMap<object, Map<string | number, string>>();

export function noteNumberText(container: object, key: string | number, text: string): void {
  const texts = noted.get(container) ?? new Map<string | number, string>();
  texts.set(key, text);
  noted.set(container, texts);
}

const documents = new WeakSet();

/** Says that numbers somewhere in the document have been noted. */
export function noteDocument(root: object): void {
  documents.add(root);
}

export function hasNumberTexts(root: object): boolean {
  return documents.has(root);
}

/** The text of a number in `container` if it is an unusual one. */
export function numberTextOf(container: object, key: string | number): string | undefined {
  return noted.get(container)?.get(key);
}
