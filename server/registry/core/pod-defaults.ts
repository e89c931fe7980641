import type {
  Container,
  EphemeralContainer,
  PodSpec,
  PodTemplateSpec,
  Probe,
  Volume,
} from '../../../openapi/generated/types.ts';

/** A copy under way: one that is filled field by field costs a tenth of one that is spread together. */
export type Draft<T> = { -readonly [K in keyof T]: T[K] };

/** Defaults of a pod's spec that the schema cannot tell: they look at other fields. The same for pods and for templates. A copy, which is the caller's. */
export function withPodSpecDefaults(spec: PodSpec, isPod = true): Draft<PodSpec> {
  const name = spec.serviceAccountName ?? spec.serviceAccount;
  const onHost = isPod && spec.hostNetwork === true;
  const done: Draft<PodSpec> = { ...spec };
  // Behind a gate that is closed.
  delete done.schedulingGroup;
  if (spec.volumes !== undefined) done.volumes = spec.volumes.map(volumeDefaults);
  if (spec.initContainers !== undefined) {
    done.initContainers = spec.initContainers.map((each) => containerDefaults(each, onHost));
  }
  done.containers = listOf(spec.containers).map((each) => containerDefaults(each, onHost));
  if (spec.ephemeralContainers !== undefined) {
    done.ephemeralContainers = spec.ephemeralContainers.map(commonDefaults);
  }
  done.restartPolicy = orDefault(spec.restartPolicy, 'Always');
  done.terminationGracePeriodSeconds = spec.terminationGracePeriodSeconds ?? 30;
  done.dnsPolicy = orDefault(spec.dnsPolicy, 'ClusterFirst');
  if (name !== undefined && name !== '') {
    done.serviceAccountName = name;
    done.serviceAccount = name;
  }
  done.securityContext = spec.securityContext ?? {};
  done.schedulerName = orDefault(spec.schedulerName, 'default-scheduler');
  return done;
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

const repositoryLengthMax = 255;
const imageReference =
  /^(?:[A-Za-z0-9][A-Za-z0-9.-]*(?::\d+)?\/)?[a-z0-9]+(?:[._/-]+[a-z0-9]+)*(?::[\w][\w.-]{0,127})?(?:@[A-Za-z][\w+.-]*:[0-9a-fA-F]{32,})?$/;

/** Images that may change under their name are pulled each time. */
export function pullPolicyOf(image: string): string {
  if (image.length > 512 || !imageReference.test(image)) return 'IfNotPresent';
  if (image.replace(/@.*$/, '').replace(/:[^/:]+$/, '').length > repositoryLengthMax) return 'IfNotPresent';
  const tag = /:([^/:@]+)(?:@|$)/.exec(image)?.[1];
  if (tag !== undefined) return tag === 'latest' ? 'Always' : 'IfNotPresent';
  return image.includes('@') ? 'IfNotPresent' : 'Always';
}

type AnyContainer = Container | EphemeralContainer;

/** A copy, which is the caller's. */
function commonDefaults<T extends AnyContainer>(container: T): Draft<T> {
  const { env } = container;
  const done: Draft<AnyContainer> = { ...container };
  if (env?.some(needsEnvDefaults) === true) done.env = env.map(envDefaults);
  done.terminationMessagePath = orDefault(container.terminationMessagePath, '/dev/termination-log');
  done.terminationMessagePolicy = orDefault(container.terminationMessagePolicy, 'File');
  done.imagePullPolicy = orDefault(container.imagePullPolicy, pullPolicyOf(container.image ?? ''));
  return done as Draft<T>;
}

type Variable = NonNullable<AnyContainer['env']>[number];

function needsEnvDefaults({ valueFrom }: Variable): boolean {
  return valueFrom?.fieldRef !== undefined;
}

function envDefaults(variable: Variable): Variable {
  const { valueFrom } = variable;
  if (valueFrom?.fieldRef === undefined) return variable;
  return { ...variable, valueFrom: { ...valueFrom, fieldRef: fieldRefDefaults(valueFrom.fieldRef) } };
}

function fieldRefDefaults<T extends { readonly apiVersion?: string }>(ref: T): T {
  return { ...ref, apiVersion: orDefault(ref.apiVersion, 'v1') };
}

function containerDefaults(container: Container, onHost: boolean): Container {
  const { ports, livenessProbe, readinessProbe, startupProbe, lifecycle } = container;
  const done: Draft<Container> = commonDefaults(container);
  if (ports !== undefined && onHost) {
    done.ports = ports.map((port) =>
      (port.hostPort ?? 0) === 0 ? { ...port, hostPort: port.containerPort } : port,
    );
  }
  if (livenessProbe !== undefined) done.livenessProbe = probeDefaults(livenessProbe);
  if (readinessProbe !== undefined) done.readinessProbe = probeDefaults(readinessProbe);
  if (startupProbe !== undefined) done.startupProbe = probeDefaults(startupProbe);
  const kept = lifecycle === undefined ? undefined : lifecycleDefaults(lifecycle);
  if (kept === undefined) delete done.lifecycle;
  else done.lifecycle = kept;
  return done;
}

/** As orDefault for numbers: zero counts as unset. */
function positive(value: number | undefined, fallback: number): number {
  return value === undefined || value === 0 ? fallback : value;
}

function orDefault(value: string | undefined, fallback: string): string {
  return value === undefined || value === '' ? fallback : value;
}

function probeDefaults(probe: Probe): Probe {
  const done: Draft<Probe> = { ...probe };
  if (probe.httpGet !== undefined) done.httpGet = httpDefaults(probe.httpGet);
  if (probe.grpc !== undefined) done.grpc = { ...probe.grpc, service: probe.grpc.service ?? '' };
  done.timeoutSeconds = positive(probe.timeoutSeconds, 1);
  done.periodSeconds = positive(probe.periodSeconds, 10);
  done.successThreshold = positive(probe.successThreshold, 1);
  done.failureThreshold = positive(probe.failureThreshold, 3);
  return done;
}

function httpDefaults(httpGet: NonNullable<Probe['httpGet']>): NonNullable<Probe['httpGet']> {
  const done: Draft<NonNullable<Probe['httpGet']>> = { ...httpGet };
  done.path = orDefault(httpGet.path, '/');
  done.scheme = orDefault(httpGet.scheme, 'HTTP');
  return done;
}

function withHttpDefaults<T extends Pick<Probe, 'httpGet'>>(handler: T): T {
  const { httpGet } = handler;
  return httpGet === undefined ? handler : { ...handler, httpGet: httpDefaults(httpGet) };
}

type Lifecycle = NonNullable<Container['lifecycle']>;

/** Stop signals stand behind a gate that is closed: they are dropped, and so is a lifecycle of nothing else. */
function lifecycleDefaults({ stopSignal, postStart, preStop }: Lifecycle): Lifecycle | undefined {
  if (stopSignal !== undefined && postStart === undefined && preStop === undefined) return undefined;
  return {
    ...(postStart === undefined ? {} : { postStart: withHttpDefaults(postStart) }),
    ...(preStop === undefined ? {} : { preStop: withHttpDefaults(preStop) }),
  };
}

const modeDefault = 0o644;

function volumeDefaults(volume: Volume): Volume {
  const { secret, configMap, downwardAPI, projected, hostPath, image, ephemeral } = volume;
  if (volume.emptyDir !== undefined && Object.keys(volume).length === 2) return volume;
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

/** Bundles and certificates stand behind gates that are closed. */
function sourceDefaults(sent: Source): Source {
  const { clusterTrustBundle: _bundle, podCertificate: _certificate, ...source } = sent;
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
