import {
  localSubjectAccessReviews,
  selfSubjectAccessReviews,
  selfSubjectRulesReviews,
  subjectAccessReviews,
} from '../../../openapi/generated/resources.ts';
import type {
  NonResourceAttributes,
  ResourceAttributes,
  SelfSubjectAccessReview,
  SelfSubjectRulesReview,
  SubjectAccessReview,
} from '../../../openapi/generated/types.ts';
import type { KubeObject } from '../../../openapi/machinery/object.ts';
import { badRequest, invalid, invalidValue, type FieldError } from '../../../openapi/machinery/status.ts';
import type { AuthorizationAttributes, Authorizer, Decision } from '../authorizer.ts';
import type { RulesOf } from '../authorization/rbac.ts';
import type { UserInfo } from '../user.ts';
import type { Review } from './review.ts';
import { evaluationError, selectorErrors } from './selectors.ts';

/** The reviews of authorization.k8s.io: what would the authorizer say? */
export function accessReviews(authorizer: Authorizer, rules: RulesOf): readonly Review[] {
  return [
    {
      resource: selfSubjectAccessReviews,
      answer({ object, user }) {
        const { spec } = object as SelfSubjectAccessReview;
        refuse(object, [...attributeErrors(spec), ...selectorErrors(spec)]);
        return Promise.resolve(decided(object, authorizer, attributesOf(spec, user)));
      },
    },
    {
      resource: subjectAccessReviews,
      answer({ object }) {
        const { spec } = object as SubjectAccessReview;
        refuse(object, [...attributeErrors(spec), ...subjectErrors(spec), ...selectorErrors(spec)]);
        return Promise.resolve(decided(object, authorizer, attributesOf(spec, subjectOf(spec))));
      },
    },
    {
      resource: localSubjectAccessReviews,
      answer({ object, namespace }) {
        const { spec } = object as SubjectAccessReview;
        refuse(object, localErrors(spec, namespace));
        const placed = { ...object, metadata: { ...object.metadata, namespace } };
        return Promise.resolve(decided(placed, authorizer, attributesOf(spec, subjectOf(spec))));
      },
    },
    {
      resource: selfSubjectRulesReviews,
      answer({ object, user }) {
        const namespace = (object as SelfSubjectRulesReview).spec.namespace ?? '';
        if (namespace === '') throw badRequest('no namespace on request');
        return Promise.resolve(listed(object, rules, user, namespace));
      },
    },
  ];
}

interface Asked {
  readonly resourceAttributes?: ResourceAttributes;
  readonly nonResourceAttributes?: NonResourceAttributes;
}
type Spec = SubjectAccessReview['spec'];

/** Kubernetes prints the internal type here: Go field names. */
function pathText(asked: NonResourceAttributes): Record<string, string> {
  return { Path: asked.path ?? '', Verb: asked.verb ?? '' };
}

function attributeErrors(spec: Asked): FieldError[] {
  const { resourceAttributes: resource, nonResourceAttributes: path } = spec;
  if (resource !== undefined && path !== undefined)
    return [
      invalidValue(
        'spec.nonResourceAttributes',
        pathText(path),
        'cannot be specified in combination with resourceAttributes',
      ),
    ];
  if (resource === undefined && path === undefined)
    return [
      invalidValue(
        'spec.resourceAttributes',
        null,
        'exactly one of nonResourceAttributes or resourceAttributes must be specified',
      ),
    ];
  return [];
}

function subjectErrors(spec: Spec): FieldError[] {
  if ((spec.user ?? '') !== '' || (spec.groups ?? []).length > 0) return [];
  return [invalidValue('spec.user', '', 'at least one of user or group must be specified')];
}

function localErrors(spec: Spec, namespace: string): FieldError[] {
  if (spec.nonResourceAttributes !== undefined)
    return [
      invalidValue(
        'spec.nonResourceAttributes',
        pathText(spec.nonResourceAttributes),
        'disallowed on this kind of request',
      ),
    ];
  const errors = [...attributeErrors(spec), ...subjectErrors(spec), ...selectorErrors(spec)];
  const asked = spec.resourceAttributes?.namespace ?? '';
  if (spec.resourceAttributes !== undefined && asked !== namespace)
    errors.push(invalidValue('spec.resourceAttributes.namespace', asked, 'must match metadata.namespace'));
  return errors;
}

/** Kubernetes leaves the kind out of these errors; so do we. */
function refuse(object: KubeObject, errors: readonly FieldError[]): void {
  const { creationTimestamp: _time, namespace: _namespace, ...shown } = object.metadata ?? {};
  const { managedFields: _managed, ...rest } = shown;
  const all =
    Object.keys(rest).length === 0 ? errors : [...errors, invalidValue('metadata', shown, 'must be empty')];
  if (all.length > 0) throw invalid({ group: 'authorization.k8s.io', plural: '', kind: '' }, '', all);
}

function attributesOf(spec: Asked, user: UserInfo): AuthorizationAttributes {
  const { resourceAttributes: resource, nonResourceAttributes: path } = spec;
  return {
    user,
    verb: resource?.verb ?? path?.verb ?? '',
    path: resource === undefined ? (path?.path ?? '') : undefined,
    group: resource?.group ?? '',
    version: resource?.version ?? '',
    resource: resource?.resource ?? '',
    subresource: resource?.subresource ?? '',
    namespace: resource?.namespace ?? '',
    name: resource?.name ?? '',
  };
}

function subjectOf(spec: Spec): UserInfo {
  return { name: spec.user ?? '', groups: spec.groups ?? [], uid: spec.uid, extra: spec.extra };
}

function decided(object: KubeObject, authorizer: Authorizer, asked: AuthorizationAttributes): KubeObject {
  const { spec } = object as KubeObject & { readonly spec: Asked };
  const problem = evaluationError(spec);
  const status = {
    ...statusOf(authorizer.authorize(asked)),
    ...(problem === '' ? {} : { evaluationError: problem }),
  };
  return { ...object, status } as KubeObject;
}

function statusOf(decision: Decision): object {
  return {
    allowed: decision.allowed,
    ...(!decision.allowed && decision.denied ? { denied: true } : {}),
    ...(decision.reason === '' ? {} : { reason: decision.reason }),
  };
}

function listed(object: KubeObject, rules: RulesOf, user: UserInfo, namespace: string): KubeObject {
  const all = rules.rulesOf(user, namespace);
  const resourceRules = all
    .filter((rule) => (rule.resources ?? []).length > 0)
    .map(({ verbs, apiGroups, resources, resourceNames }) => ({
      verbs,
      apiGroups: apiGroups ?? [],
      resources: resources ?? [],
      ...((resourceNames ?? []).length > 0 ? { resourceNames } : {}),
    }));
  const nonResourceRules = all
    .filter((rule) => (rule.nonResourceURLs ?? []).length > 0)
    .map(({ verbs, nonResourceURLs }) => ({ verbs, nonResourceURLs: nonResourceURLs ?? [] }));
  return {
    ...object,
    spec: {},
    status: { resourceRules, nonResourceRules, incomplete: false },
  } as KubeObject;
}
