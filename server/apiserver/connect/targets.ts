import { nodes, pods } from '../../../openapi/generated/resources.ts';
import type { Node, Pod } from '../../../openapi/generated/types.ts';
import type { ObjectKey } from '../../../openapi/machinery/object.ts';
import { StatusError, badRequest, notFound } from '../../../openapi/machinery/status.ts';
import type { Objects } from '../../registry/strategy.ts';

export type Lookup = Pick<Objects, 'get' | 'list'>;

/** Rejects with NotFound. */
export async function findPod(objects: Lookup, key: ObjectKey): Promise<Pod> {
  const pod = await objects.get(pods, key);
  if (pod === undefined) throw notFound(pods, key.name);
  return pod;
}

/** The container that is meant: the one named, or the only one. */
export function chooseContainer(pod: Pod, wanted: string): string {
  const { containers = [], initContainers = [], ephemeralContainers = [] } = pod.spec ?? {};
  const names = [...initContainers, ...containers, ...ephemeralContainers].map(({ name }) => name);
  const podName = pod.metadata?.name ?? '';
  if (wanted !== '') {
    if (!names.includes(wanted)) throw badRequest(`container ${wanted} is not valid for pod ${podName}`);
    return wanted;
  }
  const [only] = containers;
  if (names.length === 1 && only !== undefined) return only.name;
  if (names.length === 0) throw badRequest(`a container name must be specified for pod ${podName}`);
  throw badRequest(
    `a container name must be specified for pod ${podName}, choose one of: [${names.join(' ')}]`,
  );
}

/** The node that runs the pod, known and with an address. Its absence is told as kube-apiserver does: as that of a pod. */
export async function nodeOfPod(objects: Lookup, pod: Pod): Promise<string> {
  const name = pod.spec?.nodeName ?? '';
  const node = await objects.get(nodes, { name });
  if (node === undefined) throw notFound(pods, name);
  refuseWithoutAddress(node);
  return name;
}

export async function findNode(objects: Lookup, name: string): Promise<Node> {
  const node = await objects.get(nodes, { name });
  if (node === undefined) throw notFound(nodes, name);
  refuseWithoutAddress(node);
  return node;
}

/** A node that never told its address has no agent yet. */
function refuseWithoutAddress({ status }: Node): void {
  if ((status?.addresses ?? []).length > 0) return;
  throw new StatusError('', 'no preferred addresses found; known addresses: []', { code: 500 });
}

/** "name", "name:port", "scheme:name:port" as …/proxy takes it; undefined for anything else. */
export interface ProxyTarget {
  readonly scheme: 'http' | 'https';
  readonly name: string;
  /** "" when none is given. */
  readonly port: string;
}

export function parseProxyTarget(text: string): ProxyTarget | undefined {
  const parts = text.split(':');
  if (parts.length === 1) return { scheme: 'http', name: text, port: '' };
  if (parts.length === 2) return { scheme: 'http', name: parts[0] ?? '', port: parts[1] ?? '' };
  const [scheme = '', name = '', port = ''] = parts;
  if (parts.length > 3 || (scheme !== '' && scheme !== 'http' && scheme !== 'https')) return undefined;
  return { scheme: scheme === 'https' ? 'https' : 'http', name, port };
}

/** A query parameter as Kubernetes reads booleans: present means true, unless it says false. */
export function flag(query: URLSearchParams, name: string): boolean {
  const value = query.get(name);
  return value !== null && value.toLowerCase() !== 'false' && value !== '0';
}
