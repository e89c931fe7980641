import type {
  Container,
  EphemeralContainer,
  PodSpec,
  PodTemplateSpec,
  Probe,
  Volume,
} from '../../../openapi/generated/types.ts';

/** Defaults of a pod's spec that the schema cannot tell: they look at other fields. The same for pods and for templates. */
export function withPodSpecDefaults(spec: PodSpec, isPod = true): PodSpec {
  const name = spec.serviceAccountName ?? spec.serviceAccount;
  return {
    ...spec,
    ...(spec.volumes === undefined ? {} : { volumes: spec.volumes.map(volumeDefaults) }),
    ...(spec.initContainers === undefined
      ? {}
      : {
          initContainers: spec.initContainers.map((each) =>
            containerDefaults(each, isPod && spec.hostNetwork === true),
          ),
        }),
    containers: listOf(spec.containers).map((each) =>
      containerDefaults(each, isPod && spec.hostNetwork === true),
    ),
    ...(spec.ephemeralContainers === undefined
      ? {}
      : { ephemeralContainers: spec.ephemeralContainers.map(ephemeralDefaults) }),
    restartPolicy: orDefault(spec.restartPolicy, 'Always'),
    terminationGracePeriodSeconds: spec.terminationGracePeriodSeconds ?? 30,
    dnsPolicy: orDefault(spec.dnsPolicy, 'ClusterFirst'),
    ...(name === undefined || name === '' ? {} : { serviceAccountName: name, serviceAccount: name }),
    securityContext: spec.securityContext ?? {},
    schedulerName: orDefault(spec.schedulerName, 'default-scheduler'),
  };
}

export function withTemplateDefaults(template: PodTemplateSpec): PodTemplateSpec {
  return template.spec === undefined
    ? template
    : { ...template, spec: withPodSpecDefaults(template.spec, false) };
}

/** A list that the writer may have left out, whatever the type says. */
function listOf<T>(list: readonly T[] | undefined | null): readonly T[] {
  return list ?? [];
}

const imageReference =
  /^(?:[A-Za-z0-9][A-Za-z0-9.-]*(?::\d+)?\/)?[a-z0-9]+(?:[._/-]+[a-z0-9]+)*(?::[\w][\w.-]{0,127})?(?:@[A-Za-z][\w+.-]*:[0-9a-fA-F]{32,})?$/;

/** Images that may change under their name are pulled each time. */
export function pullPolicyOf(image: string): string {
  if (image.length > 512 || !imageReference.test(image)) return 'IfNotPresent';
  const tag = /:([^/:@]+)(?:@|$)/.exec(image)?.[1];
  if (tag !== undefined) return tag === 'latest' ? 'Always' : 'IfNotPresent';
  return image.includes('@') ? 'IfNotPresent' : 'Always';
}

type AnyContainer = Container | EphemeralContainer;

function commonDefaults<T extends AnyContainer>(container: T): T {
  const { env } = container;
  return {
    ...container,
    ...(env === undefined ? {} : { env: env.map(envDefaults) }),
    terminationMessagePath: orDefault(container.terminationMessagePath, '/dev/termination-log'),
    terminationMessagePolicy: orDefault(container.terminationMessagePolicy, 'File'),
    imagePullPolicy: orDefault(container.imagePullPolicy, pullPolicyOf(container.image ?? '')),
  };
}

type Variable = NonNullable<AnyContainer['env']>[number];

function envDefaults(variable: Variable): Variable {
  const { valueFrom } = variable;
  if (valueFrom?.fieldRef === undefined) return variable;
  return { ...variable, valueFrom: { ...valueFrom, fieldRef: fieldRefDefaults(valueFrom.fieldRef) } };
}

function fieldRefDefaults<T extends { readonly apiVersion?: string }>(ref: T): T {
  return { ...ref, apiVersion: orDefault(ref.apiVersion, 'v1') };
}

function ephemeralDefaults(container: EphemeralContainer): EphemeralContainer {
  return commonDefaults(container);
}

function containerDefaults(container: Container, onHost: boolean): Container {
  const { ports, livenessProbe, readinessProbe, startupProbe, lifecycle } = container;
  return commonDefaults({
    ...container,
    ...(ports === undefined || !onHost
      ? {}
      : {
          ports: ports.map((port) =>
            (port.hostPort ?? 0) === 0 ? { ...port, hostPort: port.containerPort } : port,
          ),
        }),
    ...(livenessProbe === undefined ? {} : { livenessProbe: probeDefaults(livenessProbe) }),
    ...(readinessProbe === undefined ? {} : { readinessProbe: probeDefaults(readinessProbe) }),
    ...(startupProbe === undefined ? {} : { startupProbe: probeDefaults(startupProbe) }),
    ...(lifecycle === undefined ? {} : { lifecycle: lifecycleDefaults(lifecycle) }),
  });
}

/** As orDefault for numbers: zero counts as unset. */
function positive(value: number | undefined, fallback: number): number {
  return value === undefined || value === 0 ? fallback : value;
}

function orDefault(value: string | undefined, fallback: string): string {
  return value === undefined || value === '' ? fallback : value;
}

function probeDefaults(probe: Probe): Probe {
  return {
    ...probe,
    ...withHttpDefaults(probe),
    ...(probe.grpc === undefined ? {} : { grpc: { ...probe.grpc, service: probe.grpc.service ?? '' } }),
    timeoutSeconds: positive(probe.timeoutSeconds, 1),
    periodSeconds: positive(probe.periodSeconds, 10),
    successThreshold: positive(probe.successThreshold, 1),
    failureThreshold: positive(probe.failureThreshold, 3),
  };
}

function withHttpDefaults<T extends Pick<Probe, 'httpGet'>>(handler: T): T {
  const { httpGet } = handler;
  if (httpGet === undefined) return handler;
  return {
    ...handler,
    httpGet: {
      ...httpGet,
      path: orDefault(httpGet.path, '/'),
      scheme: orDefault(httpGet.scheme, 'HTTP'),
    },
  };
}

type Lifecycle = NonNullable<Container['lifecycle']>;

function lifecycleDefaults(lifecycle: Lifecycle): Lifecycle {
  const { postStart, preStop } = lifecycle;
  return {
    ...lifecycle,
    ...(postStart === undefined ? {} : { postStart: withHttpDefaults(postStart) }),
    ...(preStop === undefined ? {} : { preStop: withHttpDefaults(preStop) }),
  };
}

const modeDefault = 0o644;

function volumeDefaults(volume: Volume): Volume {
  const { secret, configMap, downwardAPI, projected, hostPath, image, ephemeral } = volume;
  if (Object.keys(volume).every((key) => key === 'name')) return { ...volume, emptyDir: {} };
  return {
    ...volume,
    ...(secret === undefined
      ? {}
      : { secret: { ...secret, defaultMode: secret.defaultMode ?? modeDefault } }),
    ...(configMap === undefined
      ? {}
      : { configMap: { ...configMap, defaultMode: configMap.defaultMode ?? modeDefault } }),
    ...(downwardAPI === undefined
      ? {}
      : {
          downwardAPI: {
            ...downwardAPI,
            defaultMode: downwardAPI.defaultMode ?? modeDefault,
            ...itemDefaults(downwardAPI.items),
          },
        }),
    ...(projected === undefined
      ? {}
      : {
          projected: {
            ...projected,
            defaultMode: projected.defaultMode ?? modeDefault,
            ...(projected.sources === undefined
              ? {}
              : { sources: listOf(projected.sources).map(sourceDefaults) }),
          },
        }),
    ...(hostPath === undefined ? {} : { hostPath: { ...hostPath, type: hostPath.type ?? '' } }),
    ...(image === undefined
      ? {}
      : {
          image: { ...image, pullPolicy: orDefault(image.pullPolicy, pullPolicyOf(image.reference ?? '')) },
        }),
    ...(ephemeral?.volumeClaimTemplate === undefined
      ? {}
      : {
          ephemeral: {
            ...ephemeral,
            volumeClaimTemplate: {
              ...ephemeral.volumeClaimTemplate,
              spec: {
                ...ephemeral.volumeClaimTemplate.spec,
                volumeMode: ephemeral.volumeClaimTemplate.spec.volumeMode ?? 'Filesystem',
              },
            },
          },
        }),
  };
}

type Items = NonNullable<NonNullable<Volume['downwardAPI']>['items']>;

function itemDefaults(items: Items | undefined): { readonly items?: Items } {
  if (items === undefined) return {};
  return {
    items: items.map((item) =>
      item.fieldRef === undefined ? item : { ...item, fieldRef: fieldRefDefaults(item.fieldRef) },
    ),
  };
}

type Source = NonNullable<NonNullable<Volume['projected']>['sources']>[number];

function sourceDefaults(source: Source): Source {
  const { serviceAccountToken: token, downwardAPI } = source;
  return {
    ...source,
    ...(token === undefined
      ? {}
      : { serviceAccountToken: { ...token, expirationSeconds: token.expirationSeconds ?? 3600 } }),
    ...(downwardAPI === undefined
      ? {}
      : { downwardAPI: { ...downwardAPI, ...itemDefaults(downwardAPI.items) } }),
  };
}
