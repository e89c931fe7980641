import type { Pod, Service, ServicePort } from '../../../openapi/generated/types.ts';
import { isReady, isFinished } from './pods.ts';

/** One pod behind a Service, as both Endpoints and EndpointSlices tell it. */
export interface Backend {
  readonly pod: Pod;
  readonly address: string;
  readonly ready: boolean;
  readonly serving: boolean;
  readonly terminating: boolean;
  readonly hostname: string | undefined;
  readonly ports: readonly BackendPort[];
}

export interface BackendPort {
  readonly name: string;
  readonly protocol: string;
  readonly port: number;
  readonly appProtocol: string | undefined;
}

/** Pods of the Service that have an address, whatever their state; ended ones serve nobody. */
export function backendsOf(service: Service, pods: readonly Pod[]): readonly Backend[] {
  const publishes = service.spec?.publishNotReadyAddresses === true;
  return pods.flatMap((pod) => {
    const address = pod.status?.podIP ?? '';
    if (address === '' || isFinished(pod)) return [];
    const terminating = pod.metadata?.deletionTimestamp !== undefined;
    const serving = isReady(pod);
    const ready = publishes || (serving && !terminating);
    return [
      {
        pod,
        address,
        ready,
        serving,
        terminating,
        hostname: hostnameOf(service, pod),
        ports: portsOf(service, pod),
      },
    ];
  });
}

/** A pod is found by name only through the Service that its subdomain names. */
function hostnameOf(service: Service, pod: Pod): string | undefined {
  const { hostname = '', subdomain = '' } = pod.spec ?? {};
  const isNamed = hostname !== '' && subdomain === service.metadata?.name;
  return isNamed && pod.metadata?.namespace === service.metadata.namespace ? hostname : undefined;
}

/** A port by name is where the pod's containers say, and missing where none does. */
export function portsOf(service: Service, pod: Pod): readonly BackendPort[] {
  return (service.spec?.ports ?? []).flatMap((servicePort) => {
    const port = targetPortOf(servicePort, pod);
    if (port === undefined) return [];
    const { name = '', protocol = 'TCP', appProtocol } = servicePort;
    return [{ name, protocol, port, appProtocol }];
  });
}

function targetPortOf(servicePort: ServicePort, pod: Pod): number | undefined {
  const { targetPort, protocol = 'TCP' } = servicePort;
  if (targetPort === undefined || targetPort === 0 || targetPort === '') return servicePort.port;
  if (typeof targetPort === 'number') return targetPort;
  const sidecars = (pod.spec?.initContainers ?? []).filter(
    (container) => container.restartPolicy === 'Always',
  );
  return [...(pod.spec?.containers ?? []), ...sidecars]
    .flatMap((container) => container.ports ?? [])
    .find((port) => port.name === targetPort && (port.protocol ?? 'TCP') === protocol)?.containerPort;
}

/** When what the slice says last changed: the newest of the Service's creation and its pods' changes of readiness. */
export function changeTrigger(service: Service, backends: readonly Backend[]): string | undefined {
  const times = backends.map(
    ({ pod }) => pod.status?.conditions?.find((each) => each.type === 'Ready')?.lastTransitionTime,
  );
  const known = [...times, service.metadata?.creationTimestamp ?? undefined].filter(
    (time) => time !== undefined,
  );
  return known.sort().at(-1);
}
