import type { HostAlias, Pod } from '../../openapi/generated/types.ts';

/** The pod's host name, and its domain where it has one: "" without a subdomain. */
export function hostnameOf(
  pod: Pod,
  clusterDomain: string,
): { readonly hostname: string; readonly domain: string } {
  const override = pod.spec?.hostnameOverride;
  if (override !== undefined) return { hostname: truncated(override), domain: '' };
  const hostname = truncated(pod.spec?.hostname ?? pod.metadata?.name ?? '');
  const subdomain = pod.spec?.subdomain ?? '';
  const namespace = pod.metadata?.namespace ?? '';
  return { hostname, domain: subdomain === '' ? '' : `${subdomain}.${namespace}.svc.${clusterDomain}` };
}

/** Linux takes 64 bytes; DNS labels 63, and none that ends in a hyphen or dot. */
function truncated(hostname: string): string {
  return hostname.slice(0, 63).replace(/[-.]+$/, '');
}

/** The name that processes in the pod see: the short one, or the whole one where the pod asks for it. */
export function kernelHostname(pod: Pod, clusterDomain: string): string {
  const { hostname, domain } = hostnameOf(pod, clusterDomain);
  const full = domain === '' ? hostname : `${hostname}.${domain}`;
  return pod.spec?.setHostnameAsFQDN === true && full.length <= 64 ? full : hostname;
}

/** /etc/hosts of a pod with a network of its own. */
export function hostsFile(pod: Pod, podIPs: readonly string[], clusterDomain: string): string {
  const { hostname, domain } = hostnameOf(pod, clusterDomain);
  const lines = [
    '# Kubernetes-managed hosts file.',
    '127.0.0.1\tlocalhost',
    '::1\tlocalhost ip6-localhost ip6-loopback',
    'fe00::0\tip6-localnet',
    'fe00::0\tip6-mcastprefix',
    'fe00::1\tip6-allnodes',
    'fe00::2\tip6-allrouters',
    ...podIPs.map((ip) =>
      domain === '' ? `${ip}\t${hostname}` : `${ip}\t${hostname}.${domain}\t${hostname}`,
    ),
  ];
  return `${lines.join('\n')}\n${aliasLines(pod.spec?.hostAliases ?? [])}`;
}

/** /etc/hosts of a pod on the host's network: the host's own. */
export function hostNetworkHostsFile(hostFile: string, pod: Pod): string {
  return `# Kubernetes-managed hosts file (host network).\n${hostFile}${aliasLines(pod.spec?.hostAliases ?? [])}`;
}

function aliasLines(aliases: readonly HostAlias[]): string {
  if (aliases.length === 0) return '';
  const lines = aliases.map(({ ip, hostnames = [] }) => [ip, ...hostnames].map(oneWord).join('\t'));
  return `\n# Entries added by HostAliases.\n${lines.join('\n')}\n`;
}

/** No text of a user becomes a second word or line of a file. */
function oneWord(text: string): string {
  return text.replace(/[\s#]/g, '');
}

export interface DnsConfig {
  readonly clusterDNS: string;
  readonly clusterDomain: string;
  /** The host's own /etc/resolv.conf. */
  readonly hostFile: string;
}

interface Resolver {
  readonly nameservers: readonly string[];
  readonly searches: readonly string[];
  readonly options: readonly string[];
}

const nameserversMax = 3;
const searchesMax = 32;
const searchBytesMax = 2048;

/** /etc/resolv.conf of a pod, by its dnsPolicy and dnsConfig. */
export function resolvConf(pod: Pod, dns: DnsConfig): string {
  const { nameservers, searches, options } = merged(resolverOf(pod, dns), pod);
  const lines = [
    ...(searches.length === 0 ? [] : [`search ${searches.join(' ')}`]),
    ...nameservers.map((ip) => `nameserver ${ip}`),
    ...(options.length === 0 ? [] : [`options ${options.join(' ')}`]),
  ];
  return `${lines.join('\n')}\n`;
}

function resolverOf(pod: Pod, dns: DnsConfig): Resolver {
  const policy = pod.spec?.dnsPolicy ?? 'ClusterFirst';
  const host = parseResolvConf(dns.hostFile);
  const onHost = policy === 'ClusterFirst' && pod.spec?.hostNetwork === true;
  if (policy === 'None') return { nameservers: [], searches: [], options: [] };
  if (policy === 'Default' || onHost) return host;
  const { clusterDomain } = dns;
  const own = [
    `${pod.metadata?.namespace ?? ''}.svc.${clusterDomain}`,
    `svc.${clusterDomain}`,
    clusterDomain,
  ];
  return { nameservers: [dns.clusterDNS], searches: [...own, ...host.searches], options: ['ndots:5'] };
}

export function parseResolvConf(text: string): Resolver {
  const lines = text.split('\n').map((line) => line.trim().split(/\s+/));
  const of = (word: string): string[][] =>
    lines.filter(([first]) => first === word).map(([, ...rest]) => rest);
  return {
    nameservers: of('nameserver').flatMap(([ip]) => (ip === undefined ? [] : [ip])),
    searches: of('search').at(-1) ?? [],
    options: of('options').flat(),
  };
}

function merged(base: Resolver, pod: Pod): Resolver {
  const { nameservers = [], searches = [], options = [] } = pod.spec?.dnsConfig ?? {};
  const own = options.map(({ name = '', value }) => (value === undefined ? name : `${name}:${value}`));
  const named = new Set(options.map(({ name = '' }) => name));
  const kept = base.options.filter((option) => !named.has(option.split(':')[0] ?? ''));
  const all = [...new Set([...base.searches, ...searches])].map(oneWord).slice(0, searchesMax);
  while (all.join(' ').length > searchBytesMax) all.pop();
  return {
    nameservers: [...new Set([...base.nameservers, ...nameservers])].map(oneWord).slice(0, nameserversMax),
    searches: all,
    options: [...kept, ...own].map(oneWord),
  };
}
