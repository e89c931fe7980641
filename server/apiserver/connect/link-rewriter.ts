/** Attributes of HTML that hold a URL. */
const attribute =
  /(\s(?:href|src|action|cite|background|longdesc|usemap|codebase|data|classid|profile|formaction|icon|manifest|poster)\s*=\s*)(?:"(\/[^"]*)"|'(\/[^']*)')/gi;

/** Puts `prefix` before every absolute path that the page links to, so that a browser stays inside the proxy. */
export function rewriteLinks(page: string, prefix: string): string {
  return page.replace(attribute, (all: string, start: string, double?: string, single?: string) => {
    const path = double ?? single ?? '';
    if (path.startsWith('//') || path.startsWith(`${prefix}/`)) return all;
    const quote = double === undefined ? "'" : '"';
    return `${start}${quote}${prefix}${path}${quote}`;
  });
}
