import { serviceAccounts } from '../../../openapi/generated/resources.ts';
import type { Container, Pod, PodSpec, ServiceAccount, Volume } from '../../../openapi/generated/types.ts';
import type { Clock } from '../../../openapi/machinery/clock.ts';
import { randomSuffix } from '../../../openapi/machinery/names.ts';
import { qualifiedName } from '../../../openapi/machinery/resource.ts';
import { referencesOf } from '../../auth/authorization/node-graph.ts';
import type { Lookup } from '../lookup.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../plugin.ts';
import { unlistedOf, unlistedSecret } from '../secret-references.ts';
import { refused } from '../refused.ts';

const tokenPath = '/var/run/secrets/kubernetes.io/serviceaccount';
/** Kubernetes asks for an hour and seven seconds, and so knows these tokens again. */
const tokenSeconds = 3607;
const mirrorAnnotation = 'kubernetes.io/config.mirror';
const limitAnnotation = 'kubernetes.io/enforce-mountable-secrets';
/** A new namespace gets its default account in a moment: its first pod waits for it. */
const defaultAttemptsMax = 10;
const attemptMs = 100;

export interface ServiceAccountDependencies {
  readonly lookup: Lookup;
  readonly clock: Pick<Clock, 'sleep'>;
  readonly random: () => number;
}

/** Every pod runs as a service account that is there, and finds its token mounted unless it says otherwise. */
export function serviceAccount(given: ServiceAccountDependencies): AdmissionPlugin {
  return {
    name: 'ServiceAccount',
    operations: ['CREATE', 'UPDATE'],
    async mutate(request) {
      if (!isNewPod(request)) return request.object;
      const pod = request.object as Pod;
      if (pod.spec === undefined) return pod;
      if (isMirror(pod)) {
        checkMirror(request, pod);
        return pod;
      }
      const named = { ...pod.spec, serviceAccountName: accountName(pod) };
      const account = await accountOf(given, request, named.serviceAccountName);
      const complete = { ...pod, spec: specWith(named, account, given.random) };
      checkSecrets(request, unlistedSecret(complete, account), account);
      return complete;
    },
    async validate(request) {
      const pod = request.object as Pod;
      const isEphemeral = request.operation === 'UPDATE' && request.subresource === 'ephemeralcontainers';
      if (qualifiedName(request.resource) !== 'pods' || !(isNewPod(request) || isEphemeral)) return;
      if (isMirror(pod) && !isEphemeral) {
        checkMirror(request, pod);
        return;
      }
      const account = await accountOf(given, request, accountName(pod));
      const unlisted = isEphemeral
        ? unlistedOf('ephemeral container', pod.spec?.ephemeralContainers, account)
        : unlistedSecret(pod, account);
      checkSecrets(request, unlisted, account);
    },
  };
}

function isNewPod({ resource, subresource, operation }: AdmissionRequest): boolean {
  return operation === 'CREATE' && qualifiedName(resource) === 'pods' && subresource === '';
}

function isMirror({ metadata }: Pod): boolean {
  return metadata?.annotations?.[mirrorAnnotation] !== undefined;
}

function accountName({ spec }: Pod): string {
  const name = spec?.serviceAccountName ?? '';
  return name === '' ? 'default' : name;
}

/** A mirror pod shows what a node runs by itself: nothing of the API is in it. */
function checkMirror(request: AdmissionRequest, pod: Pod): void {
  const hasSecrets = [...referencesOf(pod)].some((each) => each.startsWith('secrets '));
  const hasTokens = (pod.spec?.volumes ?? []).some(({ projected }) =>
    (projected?.sources ?? []).some((source) => source.serviceAccountToken !== undefined),
  );
  const why =
    (pod.spec?.serviceAccountName ?? '') !== ''
      ? 'a mirror pod may not reference service accounts'
      : hasSecrets
        ? 'a mirror pod may not reference secrets'
        : hasTokens
          ? 'a mirror pod may not use ServiceAccountToken volume projections'
          : undefined;
  if (why !== undefined) throw refused(request, why);
}

async function accountOf(
  { lookup, clock, random }: ServiceAccountDependencies,
  request: AdmissionRequest,
  name: string,
): Promise<ServiceAccount> {
  const attempts = name === 'default' ? defaultAttemptsMax : 1;
  const waitMs = attemptMs * (1 + random());
  for (let attempt = 1; attempt <= attempts; attempt++) {
    if (attempt > 1) await clock.sleep(waitMs);
    const found = await lookup.get(serviceAccounts, { namespace: request.namespace, name });
    if (found !== undefined) return found;
  }
  throw refused(
    request,
    `error looking up service account ${request.namespace}/${name}: serviceaccount "${name}" not found`,
  );
}

function checkSecrets(
  request: AdmissionRequest,
  unlisted: string | undefined,
  account: ServiceAccount,
): void {
  const isLimited = ['1', 't', 'T', 'true', 'TRUE', 'True'].includes(
    account.metadata?.annotations?.[limitAnnotation] ?? '',
  );
  if (isLimited && unlisted !== undefined) throw refused(request, unlisted);
}

function specWith(spec: PodSpec, account: ServiceAccount, random: () => number): PodSpec {
  const name = account.metadata?.name ?? 'default';
  const named: PodSpec = { ...spec, serviceAccountName: name, serviceAccount: name };
  const mount = spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true;
  const mounted = mount ? withToken(named, random) : named;
  const pullSecrets = account.imagePullSecrets ?? [];
  if ((mounted.imagePullSecrets ?? []).length > 0 || pullSecrets.length === 0) return mounted;
  return { ...mounted, imagePullSecrets: pullSecrets };
}

function withToken(spec: PodSpec, random: () => number): PodSpec {
  const existing = (spec.volumes ?? []).find((volume) => volume.name.startsWith('kube-api-access-'));
  const volumeName = existing?.name ?? `kube-api-access-${randomSuffix(5, random)}`;
  const needs = (container: Container): boolean =>
    !(container.volumeMounts ?? []).some((each) => each.mountPath === tokenPath);
  const all = [...(spec.initContainers ?? []), ...spec.containers];
  if (!all.some(needs)) return spec;

  const withMount = (container: Container): Container =>
    needs(container)
      ? {
          ...container,
          volumeMounts: [
            ...(container.volumeMounts ?? []),
            { name: volumeName, readOnly: true, mountPath: tokenPath },
          ],
        }
      : container;
  return {
    ...spec,
    volumes:
      existing === undefined ? [...(spec.volumes ?? []), tokenVolume(volumeName)] : (spec.volumes ?? []),
    ...(spec.initContainers === undefined ? {} : { initContainers: spec.initContainers.map(withMount) }),
    containers: spec.containers.map(withMount),
  };
}

function tokenVolume(name: string): Volume {
  return {
    name,
    projected: {
      sources: [
        { serviceAccountToken: { expirationSeconds: tokenSeconds, path: 'token' } },
        { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
        {
          downwardAPI: {
            items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }],
          },
        },
      ],
      defaultMode: 420,
    },
  };
}
