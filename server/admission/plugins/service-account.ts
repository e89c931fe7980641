import { serviceAccounts } from '../../../openapi/generated/resources.ts';
import type { Container, Pod, PodSpec, ServiceAccount, Volume } from '../../../openapi/generated/types.ts';
import { randomSuffix } from '../../../openapi/machinery/names.ts';
import { forbidden } from '../../../openapi/machinery/status.ts';
import type { Lookup } from '../lookup.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../plugin.ts';

const tokenPath = '/var/run/secrets/kubernetes.io/serviceaccount';
/** Kubernetes asks for an hour and seven seconds, and so knows these tokens again. */
const tokenSeconds = 3607;
const mirrorAnnotation = 'kubernetes.io/config.mirror';

/** Every pod runs as a service account that is there, and finds its token mounted unless it says otherwise. */
export function serviceAccount(lookup: Lookup, random: () => number): AdmissionPlugin {
  return {
    name: 'ServiceAccount',
    operations: ['CREATE'],
    async mutate(request) {
      if (request.resource.group !== '' || request.resource.plural !== 'pods' || request.subresource !== '')
        return request.object;
      const pod = request.object as Pod;
      if (pod.spec === undefined) return pod;
      if (pod.metadata?.annotations?.[mirrorAnnotation] !== undefined) {
        checkMirror(request, pod.spec);
        return pod;
      }
      const name = pod.spec.serviceAccountName ?? '';
      const account = await accountOf(lookup, request, name === '' ? 'default' : name);
      return { ...pod, spec: specWith(pod.spec, account, random) };
    },
  };
}

function checkMirror(request: AdmissionRequest, spec: PodSpec): void {
  if ((spec.serviceAccountName ?? '') !== '')
    throw forbidden(request.resource, request.name, 'a mirror pod may not reference service accounts');
}

async function accountOf(lookup: Lookup, request: AdmissionRequest, name: string): Promise<ServiceAccount> {
  const found = await lookup.get(serviceAccounts, { namespace: request.namespace, name });
  if (found !== undefined) return found;
  throw forbidden(
    request.resource,
    request.name,
    `error looking up service account ${request.namespace}/${name}: serviceaccount "${name}" not found`,
  );
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
