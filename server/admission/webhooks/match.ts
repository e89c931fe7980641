import { namespaces } from '../../../openapi/generated/resources.ts';
import type { MutatingWebhook, RuleWithOperations } from '../../../openapi/generated/types.ts';
import { matchesLabels, selectorOf, type Labels } from '../../../openapi/machinery/labels.ts';
import { qualifiedName, type Resource } from '../../../openapi/machinery/resource.ts';
import { notFound } from '../../../openapi/machinery/status.ts';
import type { Lookup } from '../lookup.ts';
import type { AdmissionRequest } from '../plugin.ts';
import type { ObjectForms } from './forms.ts';
import { refused } from '../refused.ts';

/** Configurations that could lock everybody out, themselves included, are asked about nowhere. */
export function isExempt({ resource }: AdmissionRequest): boolean {
  return resource.group === 'admissionregistration.k8s.io';
}

/** In which form the webhook wants to see the request; undefined when it does not want to. Rejects when that cannot be told. */
export async function matchHook(
  lookup: Lookup,
  forms: ObjectForms,
  webhook: MutatingWebhook,
  request: AdmissionRequest,
): Promise<Resource | undefined> {
  const resource = matchRules(forms, webhook, request);
  if (resource === undefined || !matchesObject(webhook, request)) return undefined;
  if (!(await matchesNamespace(lookup, webhook, request))) return undefined;
  return passesConditions(webhook, request) ? resource : undefined;
}

/** By the request's own resource, else by another form of it. */
function matchRules(
  forms: ObjectForms,
  { rules = [], matchPolicy }: MutatingWebhook,
  request: AdmissionRequest,
): Resource | undefined {
  const matches = (resource: Resource): boolean => rules.some((rule) => matchesRule(rule, request, resource));
  if (matches(request.resource)) return request.resource;
  return matchPolicy === 'Exact' ? undefined : forms.othersOf(request.resource).find(matches);
}

function matchesRule(rule: RuleWithOperations, request: AdmissionRequest, resource: Resource): boolean {
  const { operations = [], apiGroups = [], apiVersions = [], resources = [], scope = '*' } = rule;
  return (
    matchesScope(scope, request) &&
    oneOf(operations, request.operation) &&
    oneOf(apiGroups, resource.group) &&
    oneOf(apiVersions, resource.version) &&
    resources.some((each) => {
      const [plural = '', subresource = ''] = each.split('/');
      return oneOf([plural], resource.plural) && (subresource === '*' || subresource === request.subresource);
    })
  );
}

function oneOf(wanted: readonly string[], value: string): boolean {
  return wanted.includes('*') || wanted.includes(value);
}

function isNamespace({ resource }: AdmissionRequest): boolean {
  return qualifiedName(resource) === 'namespaces';
}

/** A namespace is in itself, and belongs to the cluster all the same. */
function matchesScope(scope: string, request: AdmissionRequest): boolean {
  const isOfCluster = isNamespace(request) || request.namespace === '';
  return scope === '*' || (scope === 'Cluster') === isOfCluster;
}

/** By the labels that the object has or had. */
function matchesObject({ objectSelector }: MutatingWebhook, request: AdmissionRequest): boolean {
  const selector = selectorOf(objectSelector ?? {});
  if (selector.length === 0) return true;
  return [request.object, request.oldObject].some(
    (each) => each !== undefined && matchesLabels(selector, each.metadata?.labels ?? {}),
  );
}

async function matchesNamespace(
  lookup: Lookup,
  { namespaceSelector }: MutatingWebhook,
  request: AdmissionRequest,
): Promise<boolean> {
  const selector = selectorOf(namespaceSelector ?? {});
  if (selector.length === 0 || request.namespace === '') return true;
  return matchesLabels(selector, await namespaceLabels(lookup, request));
}

async function namespaceLabels(lookup: Lookup, request: AdmissionRequest): Promise<Labels> {
  if (isNamespace(request) && request.subresource === '' && request.object !== undefined)
    return request.object.metadata?.labels ?? {};
  const found = await lookup.get(namespaces, { name: request.namespace });
  if (found === undefined) throw notFound(namespaces, request.namespace);
  return found.metadata?.labels ?? {};
}

/** Conditions are expressions, which are not evaluated here: they fail, and the webhook says what follows from that. */
function passesConditions(
  { name, matchConditions = [], failurePolicy }: MutatingWebhook,
  request: AdmissionRequest,
): boolean {
  if (matchConditions.length === 0) return true;
  if (failurePolicy === 'Ignore') return false;
  const why = `matchConditions of webhook ${JSON.stringify(name)} cannot be evaluated by this server`;
  throw refused(request, why);
}
