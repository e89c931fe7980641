import type { PolicyRule, RbacSubject as Subject, RoleRef } from '../../../openapi/generated/types.ts';
import { type FieldError, invalidValue, required } from '../../../openapi/machinery/status.ts';
import { notSupported, texts, unchanged } from '../validation/field-errors.ts';
import { dnsSubdomain, pathSegment } from '../validation/names.ts';

export const rbacGroup = 'rbac.authorization.k8s.io';

export function ruleFaults(path: string, rule: PolicyRule, namespaced: boolean): FieldError[] {
  const { verbs, apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] } = rule;
  const faults: FieldError[] = [];
  if (((verbs as readonly string[] | undefined) ?? []).length === 0) {
    faults.push(required(`${path}.verbs`, 'verbs must contain at least one value'));
  }
  if (nonResourceURLs.length > 0) {
    if (namespaced) {
      const text = 'namespaced rules cannot apply to non-resource URLs';
      faults.push(invalidValue(`${path}.nonResourceURLs`, nonResourceURLs, text));
    }
    if (apiGroups.length > 0 || resources.length > 0 || resourceNames.length > 0) {
      const text = 'rules cannot apply to both regular resources and non-resource URLs';
      faults.push(invalidValue(`${path}.nonResourceURLs`, nonResourceURLs, text));
    }
    return faults;
  }
  if (apiGroups.length === 0) {
    faults.push(required(`${path}.apiGroups`, 'resource rules must supply at least one api group'));
  }
  if (resources.length === 0) {
    faults.push(required(`${path}.resources`, 'resource rules must supply at least one resource'));
  }
  return faults;
}

export function roleRefFaults(ref: RoleRef, kinds: readonly string[]): FieldError[] {
  const faults: FieldError[] = [];
  if ((ref.apiGroup ?? '') !== rbacGroup) {
    faults.push(notSupported('roleRef.apiGroup', ref.apiGroup ?? '', [rbacGroup]));
  }
  if (!kinds.includes(ref.kind)) faults.push(notSupported('roleRef.kind', ref.kind, kinds));
  if (ref.name === '') faults.push(required('roleRef.name'));
  else faults.push(...texts('roleRef.name', ref.name, pathSegment));
  return faults;
}

export function roleRefChange(ref: RoleRef, old: RoleRef): FieldError[] {
  if (unchanged('roleRef', ref, old).length === 0) return [];
  const value = { APIGroup: ref.apiGroup ?? '', Kind: ref.kind, Name: ref.name };
  return [invalidValue('roleRef', value, 'cannot change roleRef')];
}

export function subjectFaults(path: string, subject: Subject, namespaced: boolean): FieldError[] {
  const { kind, name, namespace = '', apiGroup = '' } = subject;
  const faults: FieldError[] = [];
  if (name === '') faults.push(required(`${path}.name`));
  if (kind === 'ServiceAccount') {
    if (name !== '') faults.push(...texts(`${path}.name`, name, dnsSubdomain));
    if (apiGroup !== '') faults.push(notSupported(`${path}.apiGroup`, apiGroup, ['']));
    if (!namespaced && namespace === '') faults.push(required(`${path}.namespace`));
    return faults;
  }
  if (kind !== 'User' && kind !== 'Group') {
    return [...faults, notSupported(`${path}.kind`, kind, ['ServiceAccount', 'User', 'Group'])];
  }
  if (apiGroup !== rbacGroup) faults.push(notSupported(`${path}.apiGroup`, apiGroup, [rbacGroup]));
  return faults;
}

interface Binding {
  readonly roleRef: RoleRef;
  readonly subjects?: readonly Subject[];
}

/** apiGroups that the kinds imply. */
export function withBindingDefaults<T extends Binding>(binding: T): T {
  const { roleRef, subjects } = binding;
  return {
    ...binding,
    roleRef: { ...roleRef, apiGroup: (roleRef.apiGroup ?? '') === '' ? rbacGroup : roleRef.apiGroup },
    ...(subjects === undefined
      ? {}
      : {
          subjects: subjects.map((subject) =>
            (subject.apiGroup ?? '') === '' && ['User', 'Group'].includes(subject.kind)
              ? { ...subject, apiGroup: rbacGroup }
              : subject,
          ),
        }),
  };
}
