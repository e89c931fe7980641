import { namespaces, pods } from '../../../openapi/generated/resources.ts';
import type {
  Container,
  CronJob,
  Deployment,
  Namespace,
  Pod,
  PodTemplate,
  PodTemplateSpec,
} from '../../../openapi/generated/types.ts';
import type { KubeObject } from '../../../openapi/machinery/object.ts';
import { qualifiedName } from '../../../openapi/machinery/resource.ts';
import { internalError, invalid } from '../../../openapi/machinery/status.ts';
import type { Lookup } from '../lookup.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../plugin.ts';
import type { PodLike } from '../pod-security/check.ts';
import { detailsText, reasonsText, violationsOf } from '../pod-security/evaluate.ts';
import { compareLevels, levelText, policyOf, sameLevel, type LevelVersion } from '../pod-security/policy.ts';
import { refused } from '../refused.ts';

/** Where kinds keep the pod that they would make. Only pods are refused; of workloads one is warned. */
const templates: Readonly<Record<string, (object: KubeObject) => PodTemplateSpec | undefined>> = {
  replicationcontrollers: ofSpec,
  podtemplates: (object) => (object as PodTemplate).template,
  'replicasets.apps': ofSpec,
  'deployments.apps': ofSpec,
  'statefulsets.apps': ofSpec,
  'daemonsets.apps': ofSpec,
  'jobs.batch': ofSpec,
  'cronjobs.batch': (object) => (object as CronJob).spec.jobTemplate.spec?.template,
};

function ofSpec(object: KubeObject): PodTemplateSpec | undefined {
  return (object as Deployment).spec?.template;
}

/** Subresources of pods that leave the pod's spec as it is. */
const harmless = new Set(['exec', 'attach', 'binding', 'eviction', 'log', 'portforward', 'proxy', 'status']);
const podsCheckedMax = 3000;

/** Holds pods to the Pod Security Standards that the labels of their namespace name. */
export function podSecurity(lookup: Lookup): AdmissionPlugin {
  return {
    name: 'PodSecurity',
    operations: ['CREATE', 'UPDATE'],
    async validate(request) {
      const name = qualifiedName(request.resource);
      if (name === 'pods') await checkPod(lookup, request);
      else if (name === 'namespaces') await checkNamespace(lookup, request);
      else if (Object.hasOwn(templates, name)) await checkWorkload(lookup, request, name);
    },
  };
}

async function checkPod(lookup: Lookup, request: AdmissionRequest): Promise<void> {
  if (harmless.has(request.subresource)) return;
  const labels = await labelsOf(lookup, request.namespace);
  if (labels === undefined)
    throw internalError(`failed to lookup namespace ${JSON.stringify(request.namespace)}`);
  const { policy } = policyOf(labels);
  if (Object.values(policy).every(({ level }: LevelVersion) => level === 'privileged')) return;
  const pod = request.object as Pod;
  if (pod.spec === undefined) return;
  if (request.operation === 'UPDATE' && !isSignificant(pod, request.oldObject as Pod)) return;
  const like = { metadata: pod.metadata ?? {}, spec: pod.spec };
  const violations = violationsOf(policy.enforce, like);
  if (violations.length > 0) {
    const text = `violates PodSecurity ${JSON.stringify(levelText(policy.enforce))}: ${detailsText(violations)}`;
    throw refused(request, text);
  }
  warn(request, policy.warn, like);
}

/** Labels of a namespace; undefined when it is not there. */
async function labelsOf(lookup: Lookup, name: string): Promise<Readonly<Record<string, string>> | undefined> {
  const namespace = await lookup.get(namespaces, { name });
  return namespace === undefined ? undefined : (namespace.metadata?.labels ?? {});
}

async function checkWorkload(lookup: Lookup, request: AdmissionRequest, name: string): Promise<void> {
  if (request.subresource !== '' || request.object === undefined) return;
  const { warn: asked } = policyOf((await labelsOf(lookup, request.namespace)) ?? {}).policy;
  if (asked.level === 'privileged') return;
  const template = templates[name]?.(request.object);
  if (template?.spec === undefined) return;
  warn(request, asked, { metadata: template.metadata ?? {}, spec: template.spec });
}

function warn(request: AdmissionRequest, asked: LevelVersion, pod: PodLike): void {
  const violations = violationsOf(asked, pod);
  if (violations.length === 0) return;
  request.warn(`would violate PodSecurity ${JSON.stringify(levelText(asked))}: ${detailsText(violations)}`);
}

/** Containers come, go, or run another image: the rest of a pod that matters here does not change. */
function isSignificant(pod: Pod, old: Pod): boolean {
  const { containers = [], initContainers = [], ephemeralContainers = [] } = pod.spec ?? {};
  const before = old.spec;
  const images = new Map(before?.ephemeralContainers?.map(({ name, image }) => [name, image]));
  return (
    imagesDiffer(containers, before?.containers ?? []) ||
    imagesDiffer(initContainers, before?.initContainers ?? []) ||
    ephemeralContainers.some(({ name, image }) => !images.has(name) || images.get(name) !== image)
  );
}

function imagesDiffer(containers: readonly Container[], old: readonly Container[]): boolean {
  return containers.length !== old.length || containers.some(({ image }, i) => image !== old[i]?.image);
}

/** Labels must make sense; a stricter level warns of the pods that are there, which stay. */
async function checkNamespace(lookup: Lookup, request: AdmissionRequest): Promise<void> {
  if (request.subresource !== '') return;
  const namespace = request.object as Namespace;
  const { policy, problems } = policyOf(namespace.metadata?.labels ?? {});
  const old = policyOf((request.oldObject as Namespace | undefined)?.metadata?.labels ?? {});
  const isKnown = JSON.stringify(problems) === JSON.stringify(old.problems);
  if (problems.length > 0 && !(request.operation === 'UPDATE' && isKnown))
    throw invalid(request.resource, request.name, problems);
  if (request.operation === 'CREATE' || !isStricter(policy.enforce, old.policy.enforce)) return;
  await warnOfPods(lookup, request, policy.enforce);
}

function isStricter(now: LevelVersion, before: LevelVersion): boolean {
  if (sameLevel(now, before) || now.level === 'privileged') return false;
  return now.version !== before.version || compareLevels(now.level, before.level) > 0;
}

async function warnOfPods(lookup: Lookup, request: AdmissionRequest, enforce: LevelVersion): Promise<void> {
  const all = firstOfEachOwner(await lookup.list(pods, request.name));
  const checked = all.slice(0, podsCheckedMax);
  if (checked.length < all.length)
    request.warn(
      `new PodSecurity enforce level only checked against the first ${checked.length} of ${all.length} existing pods`,
    );
  const namesOf = new Map<string, string[]>();
  for (const { metadata = {}, spec } of checked) {
    if (spec === undefined) continue;
    const violations = violationsOf(enforce, { metadata, spec });
    if (violations.length === 0) continue;
    const reasons = reasonsText(violations);
    namesOf.set(reasons, [...(namesOf.get(reasons) ?? []), metadata.name ?? '']);
  }
  if (namesOf.size === 0) return;
  const namespace = JSON.stringify(request.name);
  request.warn(
    `existing pods in namespace ${namespace} violate the new PodSecurity enforce level ${JSON.stringify(levelText(enforce))}`,
  );
  const texts = [...namesOf].map(([reasons, names]) => `${groupText(names.sort())}: ${reasons}`);
  for (const text of texts.sort()) request.warn(text);
}

function groupText(names: readonly string[]): string {
  const others = names.length - 1;
  const [first = ''] = names;
  return others === 0 ? first : `${first} (and ${others} other ${others === 1 ? 'pod' : 'pods'})`;
}

/** Pods of one owner are alike: the first of each goes before the others. */
function firstOfEachOwner(all: readonly Pod[]): readonly Pod[] {
  const seen = new Set<string>();
  const first: Pod[] = [];
  const others: Pod[] = [];
  for (const pod of all) {
    const owner = pod.metadata?.ownerReferences?.find(({ controller }) => controller === true)?.uid;
    if (owner !== undefined && seen.has(owner)) others.push(pod);
    else first.push(pod);
    if (owner !== undefined) seen.add(owner);
  }
  return [...first, ...others];
}
