/** What a look at the bytes of a JSON document tells, before parsing it. */
export interface JsonScan {
  /** Colons outside strings: how many fields all objects together have, if the document is JSON at all. */
  readonly fields: number;
  /** How deep brackets nest. */
  readonly depth: number;
  /** Whether a number is written with a fraction or an exponent, or with so many digits that a double may not hold it. */
  readonly unusualNumbers: boolean;
}

const quote = 0x22;
const backslash = 0x5c;

export function scanJson(bytes: Uint8Array): JsonScan {
  let fields = 0;
  let depth = 0;
  let deepest = 0;
  let digits = 0;
  let unusualNumbers = false;
  const { length } = bytes;
  for (let at = 0; at < length; at++) {
    const byte = bytes[at] ?? 0;
    if (byte >= 0x30 && byte <= 0x39) {
      if (++digits > 15) unusualNumbers = true;
      continue;
    }
    if (digits > 0) {
      if (byte === 0x2e || byte === 0x65 || byte === 0x45) unusualNumbers = true;
      digits = 0;
    }
    if (byte === quote) {
      at = stringEnd(bytes, at);
    } else if (byte === 0x3a) {
      fields++;
    } else if (byte === 0x7b || byte === 0x5b) {
      if (++depth > deepest) deepest = depth;
    } else if (byte === 0x7d || byte === 0x5d) {
      depth--;
    }
  }
  return { fields, depth: deepest, unusualNumbers };
}

/** The offset of the quote that ends the string, or the end of the document. */
function stringEnd(bytes: Uint8Array, start: number): number {
  let at = start + 1;
  while (at < bytes.length && bytes[at] !== quote) at += bytes[at] === backslash ? 2 : 1;
  return at;
}
