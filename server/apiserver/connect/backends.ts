import type { Duplex } from 'node:stream';
import { endpointSlices, endpoints, services } from '../../../openapi/generated/resources.ts';
import type { EndpointSlice, Endpoints, Pod, Service } from '../../../openapi/generated/types.ts';
import { StatusError, badRequest, notFound } from '../../../openapi/machinery/status.ts';
import { isGlobalUnicast } from '../../registry/validation/addresses.ts';
import type { ConnectRequest } from '../connect-handler.ts';
import type { NodeDialer } from '../node-dialer.ts';
import { openAgentPort } from './agent.ts';
import { connectOptions } from './log.ts';
import type { ProxyBackend } from './proxy.ts';
import { type Lookup, type ProxyTarget, findNode, findPod, nodeOfPod, parseProxyTarget } from './targets.ts';

export interface BackendDependencies {
  readonly objects: Lookup;
  readonly dialer: NodeDialer;
  readonly random: () => number;
}

/** What is looked for, and how long. */
type Wanted = Pick<ConnectRequest, 'namespace' | 'signal'>;

/** A byte stream to an endpoint of a Service, through the agent of its node. Rejects with an Error that says why there is none. */
export async function openService(
  dependencies: BackendDependencies,
  { namespace, name, port }: { readonly namespace: string; readonly name: string; readonly port: number },
  signal: AbortSignal,
): Promise<Duplex> {
  const target: ProxyTarget = { scheme: 'https', name, port: String(port) };
  const service = await dependencies.objects.get(services, { namespace, name });
  if (service === undefined) throw new Error(`service ${JSON.stringify(name)} not found`);
  const backend = await serviceBackend(dependencies, { namespace, signal }, target);
  return await backend.open();
}

/** Where …/proxy leads: a pod's port, a Service's endpoint, or the kubelet API of a node. Rejects with StatusError. */
export async function findBackend(
  dependencies: BackendDependencies,
  request: ConnectRequest,
): Promise<ProxyBackend> {
  const { plural } = request.registered.resource;
  const kinds: Readonly<Record<string, string>> = { pods: 'Pod', services: 'Service', nodes: 'Node' };
  const singular = kinds[plural] ?? 'Pod';
  await request.admit(connectOptions(`${singular}ProxyOptions`, { path: request.rest }));
  const target = parseProxyTarget(request.name);
  if (target === undefined) {
    throw badRequest(`invalid ${singular.toLowerCase()} request ${JSON.stringify(request.name)}`);
  }
  if (plural === 'nodes') return await nodeBackend(dependencies, request, target);
  return plural === 'services'
    ? await serviceBackend(dependencies, request, target)
    : await podBackend(dependencies, request, target);
}

async function nodeBackend(
  { objects, dialer }: BackendDependencies,
  { signal }: ConnectRequest,
  { name }: ProxyTarget,
): Promise<ProxyBackend> {
  await findNode(objects, name);
  return { scheme: 'http', authority: name, open: () => dialer.dial(name, signal) };
}

async function podBackend(
  dependencies: BackendDependencies,
  request: ConnectRequest,
  { scheme, name, port }: ProxyTarget,
): Promise<ProxyBackend> {
  const pod = await findPod(dependencies.objects, { namespace: request.namespace, name });
  const declared = (pod.spec?.containers ?? []).flatMap(({ ports = [] }) => ports)[0]?.containerPort;
  const fallback = declared ?? (scheme === 'https' ? 443 : 80);
  const number = port === '' ? fallback : Number(port);
  return await throughPod(dependencies, request, { pod, scheme, port: number });
}

interface PodPort {
  readonly pod: Pod;
  readonly scheme: ProxyTarget['scheme'];
  readonly port: number;
}

async function throughPod(
  { objects, dialer }: BackendDependencies,
  { signal }: Pick<Wanted, 'signal'>,
  { pod, scheme, port }: PodPort,
): Promise<ProxyBackend> {
  const ip = pod.status?.podIPs?.[0]?.ip ?? pod.status?.podIP ?? '';
  if (!isGlobalUnicast(ip)) throw badRequest('address not allowed');
  const node = await nodeOfPod(objects, pod);
  const place = [pod.metadata?.namespace ?? '', pod.metadata?.name ?? ''].map(encodeURIComponent).join('/');
  return {
    scheme,
    authority: ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`,
    open: () => openAgentPort(dialer, node, `/portForward/${place}?port=${port}`, signal),
  };
}

interface Place {
  readonly podName: string;
  readonly port: number;
}

async function serviceBackend(
  dependencies: BackendDependencies,
  request: Wanted,
  target: ProxyTarget,
): Promise<ProxyBackend> {
  const { objects, random } = dependencies;
  const { namespace } = request;
  const key = { namespace, name: target.name };
  const service = await objects.get(services, key);
  if (service === undefined) throw notFound(services, target.name);
  const portName = servicePortName(service, target);
  const found = await objects.get(endpoints, key);
  const slices = found === undefined ? await slicesOf(objects, namespace, target.name) : [];
  if (found === undefined && slices.length === 0) throw notFound(services, target.name);
  const places = [
    ...(found === undefined ? [] : endpointPlaces(found, portName)),
    ...slices.flatMap((slice) => slicePlaces(slice, portName)),
  ];
  const place = places[Math.floor(random() * places.length)];
  if (place === undefined) {
    throw new StatusError(
      'ServiceUnavailable',
      `no endpoints available for service ${JSON.stringify(target.name)}`,
    );
  }
  const pod = await findPod(objects, { namespace, name: place.podName });
  return await throughPod(dependencies, request, { pod, scheme: target.scheme, port: place.port });
}

/** Ports of endpoints are known by the name of the Service's port; a number is one of the Service's. */
function servicePortName({ spec }: Service, { name, port }: ProxyTarget): string {
  if (!/^\d+$/.test(port)) return port;
  const found = (spec?.ports ?? []).find((each) => each.port === Number(port));
  if (found === undefined) {
    throw new StatusError(
      'ServiceUnavailable',
      `no service port ${port} found for service ${JSON.stringify(name)}`,
    );
  }
  return found.name ?? '';
}

async function slicesOf(objects: Lookup, namespace: string, name: string): Promise<readonly EndpointSlice[]> {
  const all = await objects.list(endpointSlices, namespace);
  return all.filter(({ metadata }) => metadata?.labels?.['kubernetes.io/service-name'] === name);
}

function endpointPlaces({ subsets = [] }: Endpoints, portName: string): readonly Place[] {
  return subsets.flatMap(({ addresses = [], ports = [] }) =>
    ports
      .filter(({ name = '' }) => portName === '' || name === portName)
      .slice(0, 1)
      .flatMap(({ port }) => addresses.flatMap(({ targetRef }) => placeOf(targetRef, port))),
  );
}

function slicePlaces({ endpoints: all, ports }: EndpointSlice, portName: string): readonly Place[] {
  const port = (ports ?? []).find(({ name = '' }) => portName === '' || name === portName)?.port;
  if (port === undefined) return [];
  return (all ?? [])
    .filter(({ conditions }) => conditions?.ready !== false)
    .flatMap(({ targetRef }) => placeOf(targetRef, port));
}

/** Only pods can be reached: through the agent of their node. */
function placeOf(
  ref: { readonly kind?: string; readonly name?: string } | undefined,
  port: number,
): readonly Place[] {
  return ref?.kind === 'Pod' && ref.name !== undefined ? [{ podName: ref.name, port }] : [];
}
