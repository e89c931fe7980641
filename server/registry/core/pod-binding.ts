import { bindings, nodes, pods } from '../../../openapi/generated/resources.ts';
import type { Binding, Pod } from '../../../openapi/generated/types.ts';
import { timeText } from '../../../openapi/machinery/clock.ts';
import { StatusError, badRequest, conflict } from '../../../openapi/machinery/status.ts';
import type { ActionRequest, ActionSubresource, RequestContext } from '../strategy.ts';
import { success } from './success.ts';

const bindingErrors = { ...pods, plural: 'pods/binding' };
const topologyLabels = ['topology.kubernetes.io/zone', 'topology.kubernetes.io/region'];

/** The scheduler's last word: which node the pod is for. */
export const bindingSubresource: ActionSubresource<Binding> = {
  form: 'action',
  verbs: ['create'],
  resource: bindings,
  create: bindPod,
};

export async function bindPod({ key, body, context, admit }: ActionRequest<Binding>): Promise<object> {
  if ((body.metadata?.name ?? key.name) !== key.name) {
    throw badRequest('name in URL does not match name in Binding object');
  }
  refuseTarget(body);
  await admit(body);
  const labels = await nodeTopology(body.target.name ?? '', context);
  const now = timeText(context.clock.now());
  await context.objects.update(pods, key, (pod) => bound(pod, body, labels, now), context.dryRun);
  return success(201);
}

/** Validation faults of a binding reach clients as 500 without a reason: they always have. */
function refuseTarget({ target }: Binding): void {
  const { kind = '', name = '' } = target;
  if (kind !== '' && kind !== 'Node') {
    const text = `target.kind: Unsupported value: ${JSON.stringify(kind)}: supported values: "Node", "<empty>"`;
    throw new StatusError('', text, { code: 500 });
  }
  if (name === '') throw new StatusError('', 'target.name: Required value', { code: 500 });
}

/** Pods carry the place of their node, so that the downward API can tell them. */
async function nodeTopology(
  name: string,
  context: RequestContext,
): Promise<Readonly<Record<string, string>>> {
  const node = await context.objects.get(nodes, { name });
  const labels = Object.entries(node?.metadata?.labels ?? {}).filter(([label]) =>
    topologyLabels.includes(label),
  );
  return Object.fromEntries(labels);
}

function refuseUnlessFree({ metadata, spec }: Pod): void {
  const name = metadata?.name ?? '';
  const assigned = spec?.nodeName ?? '';
  const why =
    metadata?.deletionTimestamp !== undefined
      ? `pod ${name} is being deleted, cannot be assigned to a host`
      : assigned !== ''
        ? `pod ${name} is already assigned to node "${assigned}"`
        : (spec?.schedulingGates ?? []).length > 0
          ? `pod ${name} has non-empty .spec.schedulingGates`
          : undefined;
  if (why !== undefined) throw conflict(bindingErrors, name, why);
}

function bound(pod: Pod, binding: Binding, topology: Readonly<Record<string, string>>, now: string): Pod {
  refusePreconditions(pod, binding);
  refuseUnlessFree(pod);
  const { labels = {}, annotations = {} } = binding.metadata ?? {};
  const allLabels = { ...pod.metadata?.labels, ...topology, ...labels };
  const allAnnotations = { ...pod.metadata?.annotations, ...annotations };
  const { nominatedNodeName: _nominated, ...status } = pod.status ?? {};
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      ...(Object.keys(allLabels).length === 0 ? {} : { labels: allLabels }),
      ...(Object.keys(allAnnotations).length === 0 ? {} : { annotations: allAnnotations }),
    },
    spec: { ...(pod.spec ?? { containers: [] }), nodeName: binding.target.name ?? '' },
    status: { ...status, conditions: scheduledConditions(pod, now) },
  };
}

type Conditions = NonNullable<NonNullable<Pod['status']>['conditions']>;

function scheduledConditions(pod: Pod, now: string): Conditions {
  const scheduled = {
    type: 'PodScheduled',
    status: 'True',
    lastProbeTime: null,
    lastTransitionTime: now,
  } as unknown as Conditions[number];
  const old = pod.status?.conditions ?? [];
  const index = old.findIndex(({ type }) => type === 'PodScheduled');
  if (index === -1) return [...old, scheduled];
  return old.map((each, i) => {
    if (i !== index) return each;
    return each.status === 'True'
      ? { ...scheduled, lastTransitionTime: each.lastTransitionTime ?? now }
      : scheduled;
  });
}

function refusePreconditions(pod: Pod, { metadata }: Binding): void {
  const { name = '', namespace = '', uid = '', resourceVersion = '' } = pod.metadata ?? {};
  const refuse = (what: string, wanted: string, is: string): never => {
    const why = `Precondition failed: ${what} in precondition: ${wanted}, ${what} in object meta: ${is}`;
    const key = `/registry/pods/${namespace}/${name}`;
    const text = `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: ${why}`;
    throw conflict(pods, name, text);
  };
  if ((metadata?.uid ?? '') !== '' && metadata?.uid !== uid) refuse('UID', metadata?.uid ?? '', uid);
  const version = metadata?.resourceVersion ?? '';
  if (version !== '' && version !== resourceVersion) refuse('ResourceVersion', version, resourceVersion);
}
