import type {
  Container,
  ObjectFieldSelector,
  Pod,
  ResourceFieldSelector,
} from '../../openapi/generated/types.ts';
import { milliValue, parseQuantity } from '../../openapi/machinery/quantity.ts';
import type { Allocatable } from './plugin.ts';

/** The value of a fieldRef; of status only what the caller has filled in. Throws for a path that is not supported. */
export function fieldValue(pod: Pod, { fieldPath }: ObjectFieldSelector): string {
  const subscript = /^metadata\.(labels|annotations)\['(.*)'\]$/.exec(fieldPath);
  if (subscript !== null) {
    const map = subscript[1] === 'labels' ? pod.metadata?.labels : pod.metadata?.annotations;
    return map?.[subscript[2] ?? ''] ?? '';
  }
  const read = readers[fieldPath];
  if (read === undefined) throw new Error(`unsupported fieldPath: ${fieldPath}`);
  return read(pod);
}

const readers: Readonly<Record<string, (pod: Pod) => string>> = {
  'metadata.name': (pod) => pod.metadata?.name ?? '',
  'metadata.namespace': (pod) => pod.metadata?.namespace ?? '',
  'metadata.uid': (pod) => pod.metadata?.uid ?? '',
  'metadata.labels': (pod) => mapText(pod.metadata?.labels),
  'metadata.annotations': (pod) => mapText(pod.metadata?.annotations),
  'spec.nodeName': (pod) => pod.spec?.nodeName ?? '',
  'spec.serviceAccountName': (pod) => pod.spec?.serviceAccountName ?? '',
  'status.hostIP': (pod) => pod.status?.hostIP ?? '',
  'status.hostIPs': (pod) => ipsText(pod.status?.hostIPs),
  'status.podIP': (pod) => pod.status?.podIP ?? '',
  'status.podIPs': (pod) => ipsText(pod.status?.podIPs),
};

function ipsText(ips: readonly { readonly ip?: string }[] | undefined): string {
  return (ips ?? []).map(({ ip }) => ip ?? '').join(',');
}

/** One line an entry, sorted: app="web" */
function mapText(map: Readonly<Record<string, string>> | undefined): string {
  return Object.entries(map ?? {})
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .sort()
    .join('\n');
}

/** The value of a resourceFieldRef, rounded up to whole divisors. Without a limit of its own a container may use the node's. */
export function resourceValue(
  container: Container,
  selector: ResourceFieldSelector,
  allocatable: Allocatable,
): string {
  const [kind, name] = splitOnce(selector.resource, '.');
  const { limits = {}, requests = {} } = container.resources ?? {};
  if (kind !== 'limits' && kind !== 'requests') {
    throw new Error(`unsupported container resource : ${selector.resource}`);
  }
  const text = kind === 'limits' ? (limits[name] ?? allocatable[name] ?? '0') : (requests[name] ?? '0');
  const divisor = milliValue(parseQuantity(isZero(selector.divisor) ? '1' : (selector.divisor ?? '1')));
  const value = milliValue(parseQuantity(text));
  return String((value + divisor - 1n) / divisor);
}

function isZero(text: string | undefined): boolean {
  return text === undefined || text === '' || milliValue(parseQuantity(text)) === 0n;
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}
