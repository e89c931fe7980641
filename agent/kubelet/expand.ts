/**
 * Replaces $(NAME) by what `lookup` gives, as Kubernetes does: "$$" is one "$", an unknown name or an open bracket stays as written.
 *
 *     $(A) -> value of A     $$(A) -> $(A)     $(MISSING) -> $(MISSING)     $x -> $x     $( -> $(
 */
export function expand(text: string, lookup: (name: string) => string | undefined): string {
  let out = '';
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at);
    if (char !== '$' || at + 1 === text.length) {
      out += char;
      continue;
    }
    const next = text.charAt(at + 1);
    const close = next === '(' ? text.indexOf(')', at + 2) : -1;
    if (close === -1) {
      out += next === '$' ? '$' : `$${next}`;
      at += 1;
      continue;
    }
    const name = text.slice(at + 2, close);
    out += lookup(name) ?? `$(${name})`;
    at = close;
  }
  return out;
}
