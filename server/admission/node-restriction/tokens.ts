import {
  csiDrivers,
  persistentVolumeClaims,
  persistentVolumes,
  pods,
} from '../../../openapi/generated/resources.ts';
import type { Pod, TokenRequest, Volume } from '../../../openapi/generated/types.ts';
import { notFound } from '../../../openapi/machinery/status.ts';
import type { Authorizer } from '../../auth/authorizer.ts';
import type { Lookup } from '../lookup.ts';
import type { AdmissionRequest } from '../plugin.ts';

/** Why a node may not have a token so: it gets those of its own pods, for whom the pods ask. Undefined when it may. */
export async function refuseToken(
  lookup: Lookup,
  authorizer: Authorizer,
  request: AdmissionRequest,
  nodeName: string,
): Promise<string | undefined> {
  const { boundObjectRef: bound, audiences } = (request.object as TokenRequest).spec ?? {};
  // An empty list of Go is null.
  const asked: readonly string[] = (audiences as readonly string[] | null | undefined) ?? [];
  const isOfPod = bound?.kind === 'Pod' && bound.apiVersion === 'v1' && (bound.name ?? '') !== '';
  if (!isOfPod) return 'node requested token not bound to a pod';
  const { name = '', uid = '' } = bound;
  if (uid === '') return 'node requested token with a pod binding without a uid';
  const pod = await lookup.get(pods, { namespace: request.namespace, name });
  if (pod === undefined) throw notFound({ ...pods, plural: 'pod' }, name);
  if (pod.metadata?.uid !== uid)
    return `the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`;
  if (pod.spec?.nodeName !== nodeName)
    return 'node requested token bound to a pod scheduled on a different node';
  if (asked.length > 1) return 'node may only request 0 or 1 audiences';
  const [audience = ''] = asked;
  if ((await asksFor(lookup, pod, audience)) || mayAsk(authorizer, request, audience)) return undefined;
  return `audience "${audience}" not found in pod spec volume, ${request.user.name} is not authorized to request tokens for this audience`;
}

function mayAsk(
  authorizer: Authorizer,
  { user, namespace, name }: AdmissionRequest,
  audience: string,
): boolean {
  return authorizer.authorize({
    user,
    verb: 'request-serviceaccounts-token-audience',
    group: '',
    version: 'v1',
    resource: audience,
    subresource: '',
    namespace,
    name,
  }).allowed;
}

/** Whether a projected volume of the pod, or the driver of one, wants tokens for this audience. */
async function asksFor(lookup: Lookup, pod: Pod, audience: string): Promise<boolean> {
  for (const volume of pod.spec?.volumes ?? []) {
    const tokens = (volume.projected?.sources ?? []).flatMap(
      ({ serviceAccountToken }) => serviceAccountToken ?? [],
    );
    if (tokens.some((token) => (token.audience ?? '') === audience)) return true;
    const name = await driverOf(lookup, pod, volume);
    const driver = name === undefined ? undefined : await lookup.get(csiDrivers, { name });
    if ((driver?.spec.tokenRequests ?? []).some((each) => each.audience === audience)) return true;
  }
  return false;
}

async function driverOf(lookup: Lookup, pod: Pod, volume: Volume): Promise<string | undefined> {
  if (volume.csi !== undefined) return volume.csi.driver;
  const { name: podName = '', namespace } = pod.metadata ?? {};
  const claimName =
    volume.ephemeral === undefined ? volume.persistentVolumeClaim?.claimName : `${podName}-${volume.name}`;
  if (claimName === undefined) return undefined;
  const claim = await lookup.get(persistentVolumeClaims, { namespace, name: claimName });
  const name = claim?.spec?.volumeName ?? '';
  if (name === '') return undefined;
  return (await lookup.get(persistentVolumes, { name }))?.spec?.csi?.driver;
}
