const octet = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
const ipv4 = new RegExp(`^${octet}(?:\\.${octet}){3}$`);
const ipv4Range = new RegExp(`^${octet}(?:\\.${octet}){3}/(?:3[0-2]|[12]?\\d)$`);

export function isIPv4(text: string | undefined): text is string {
  return text !== undefined && ipv4.test(text);
}

export function isIPv4Range(text: string): boolean {
  return ipv4Range.test(text);
}

export function isPort(port: number | undefined): port is number {
  return port !== undefined && Number.isInteger(port) && port >= 1 && port <= 65_535;
}

/** Names pass validation long before; a rule's text must not depend on that. iptables allows 255 bytes of comment. */
export function safeText(text: string): string {
  return text.replace(/[^A-Za-z0-9._:/-]/g, '_').slice(0, 180);
}
