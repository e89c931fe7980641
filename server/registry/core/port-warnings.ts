import type { Container } from '../../../openapi/generated/types.ts';

interface SeenPort {
  readonly path: string;
  readonly hostPort: number;
  readonly hostIP: string;
}

type Ports = readonly (readonly [path: string, container: Pick<Container, 'ports'>])[];
type Port = NonNullable<Container['ports']>[number];

/** Ports of a pod that say the same twice: by number, and by name. */
export function portWarnings(containers: Ports): readonly string[] {
  const all = containers.flatMap(([path, { ports = [] }]) =>
    ports.map((port, i) => [`${path}.ports[${i}]`, port] as const),
  );
  return [...numberWarnings(all), ...nameWarnings(all)];
}

function numberWarnings(ports: readonly (readonly [string, Port])[]): readonly string[] {
  const seen = new Map<string, SeenPort[]>();
  return ports.flatMap(([path, port]) => {
    const { hostPort = 0, hostIP = '', protocol = 'TCP', name = '' } = port;
    const id = `${port.containerPort}/${protocol}`;
    const mine = { path, hostPort, hostIP };
    const others = seen.get(id) ?? [];
    seen.set(id, [...others, mine]);
    const fields = `{Name:${name} HostPort:0 ContainerPort:${port.containerPort} Protocol:${protocol} HostIP:${hostIP}}`;
    return [
      ...(hostIP !== '' && hostPort === 0 ? [`${path}: hostIP set without hostPort: ${fields}`] : []),
      ...others.flatMap((other) => {
        const word = sameness(mine, other);
        return word === undefined ? [] : [`${path}: ${word} port definition with ${other.path}`];
      }),
    ];
  });
}

function sameness(one: SeenPort, other: SeenPort): string | undefined {
  if (one.hostIP === other.hostIP && one.hostPort === other.hostPort) return 'duplicate';
  if (one.hostPort === 0 || other.hostPort === 0) return 'overlapping';
  const anyAddress = (one.hostIP === '') !== (other.hostIP === '');
  return one.hostPort === other.hostPort && anyAddress ? 'dangerously ambiguous' : undefined;
}

function nameWarnings(ports: readonly (readonly [string, Port])[]): readonly string[] {
  const named = new Map<string, string>();
  return ports.flatMap(([path, { name = '' }]) => {
    if (name === '') return [];
    const first = named.get(name);
    if (first === undefined) {
      named.set(name, path);
      return [];
    }
    return [
      `${path}: duplicate port name ${JSON.stringify(name)} with ${first}, services and probes that select ports by name will use ${first}`,
    ];
  });
}
