import type { Container, LifecycleHandler, Probe } from '../../../openapi/generated/types.ts';
import {
  type FieldError,
  forbiddenField,
  invalidValue,
  required,
} from '../../../openapi/machinery/status.ts';
import { notNegative, notSupported, portNumber, texts } from './field-errors.ts';
import { httpHeaderName, portName } from './names.ts';

type Handler = Partial<Omit<Probe, 'terminationGracePeriodSeconds'>> & Pick<LifecycleHandler, 'sleep'>;

/** Probes and lifecycle hooks of a container that may have them. */
export function probeFaults(path: string, container: Container, graceSeconds: number): FieldError[] {
  const { lifecycle, livenessProbe, readinessProbe, startupProbe } = container;
  return [
    ...(lifecycle?.postStart === undefined
      ? []
      : handlerFaults(`${path}.lifecycle.postStart`, lifecycle.postStart, graceSeconds)),
    ...(lifecycle?.preStop === undefined
      ? []
      : handlerFaults(`${path}.lifecycle.preStop`, lifecycle.preStop, graceSeconds)),
    ...oneProbeFaults(`${path}.livenessProbe`, livenessProbe, graceSeconds, 'onlyOne'),
    ...oneProbeFaults(`${path}.readinessProbe`, readinessProbe, graceSeconds, 'noGrace'),
    ...oneProbeFaults(`${path}.startupProbe`, startupProbe, graceSeconds, 'onlyOne'),
  ];
}

function oneProbeFaults(
  path: string,
  probe: Probe | undefined,
  graceSeconds: number,
  rule: 'onlyOne' | 'noGrace',
): FieldError[] {
  if (probe === undefined) return [];
  const faults = handlerFaults(path, probe, graceSeconds);
  for (const field of [
    'initialDelaySeconds',
    'timeoutSeconds',
    'periodSeconds',
    'successThreshold',
    'failureThreshold',
  ] as const) {
    faults.push(...notNegative(`${path}.${field}`, probe[field]));
  }
  const grace = probe.terminationGracePeriodSeconds;
  if (grace !== undefined && grace <= 0) {
    faults.push(invalidValue(`${path}.terminationGracePeriodSeconds`, grace, 'must be greater than 0'));
  }
  if (rule === 'onlyOne' && (probe.successThreshold ?? 1) !== 1) {
    faults.push(invalidValue(`${path}.successThreshold`, probe.successThreshold, 'must be 1'));
  }
  if (rule === 'noGrace' && grace !== undefined) {
    faults.push(
      invalidValue(`${path}.terminationGracePeriodSeconds`, grace, 'must not be set for readinessProbes'),
    );
  }
  return faults;
}

const handlers: readonly [
  keyof Handler,
  (path: string, handler: Handler, graceSeconds: number) => FieldError[],
][] = [
  ['exec', (path, { exec }) => ((exec?.command ?? []).length === 0 ? [required(`${path}.command`)] : [])],
  ['httpGet', httpFaults],
  ['tcpSocket', (path, { tcpSocket }) => portFaults(`${path}.port`, tcpSocket?.port ?? 0)],
  ['grpc', (path, { grpc }) => portFaults(`${path}.port`, grpc?.port ?? 0)],
  ['sleep', sleepFaults],
];

function handlerFaults(path: string, handler: Handler, graceSeconds: number): FieldError[] {
  const given = handlers.filter(([name]) => handler[name] !== undefined);
  if (given.length === 0) return [required(path, 'must specify a handler type')];
  return given.flatMap(([name, check], i) =>
    i === 0
      ? check(`${path}.${name}`, handler, graceSeconds)
      : [forbiddenField(`${path}.${name}`, 'may not specify more than 1 handler type')],
  );
}

function httpFaults(path: string, { httpGet }: Handler): FieldError[] {
  const { port = 0, scheme = 'HTTP', httpHeaders = [] } = httpGet ?? {};
  return [
    ...((httpGet?.path ?? '') === '' ? [required(`${path}.path`)] : []),
    ...portFaults(`${path}.port`, port),
    ...(scheme === 'HTTP' || scheme === 'HTTPS'
      ? []
      : [notSupported(`${path}.scheme`, scheme, ['HTTP', 'HTTPS'])]),
    ...httpHeaders.flatMap(({ name }) => texts(`${path}.httpHeaders`, name, httpHeaderName)),
  ];
}

function sleepFaults(path: string, { sleep }: Handler, graceSeconds: number): FieldError[] {
  const seconds = sleep?.seconds ?? 0;
  if (seconds >= 0 && seconds <= graceSeconds) return [];
  const text = `must be non-negative and less than terminationGracePeriodSeconds (${graceSeconds})`;
  return [invalidValue(path, seconds, text)];
}

/** A number, or the name of a container port. */
export function portFaults(path: string, port: number | string): FieldError[] {
  return typeof port === 'number' ? portNumber(path, port) : texts(path, port, portName);
}
