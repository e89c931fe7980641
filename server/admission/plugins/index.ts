import type { Clock } from '../../../openapi/machinery/clock.ts';
import type { Authorizer } from '../../auth/authorizer.ts';
import type { RulesOf } from '../../auth/authorization/rbac.ts';
import type { Accounts, Lookup } from '../lookup.ts';
import type { AdmissionPlugin } from '../plugin.ts';
import type { WebhookCaller } from '../webhooks/caller.ts';
import type { ObjectForms } from '../webhooks/forms.ts';
import { certificateApproval } from './certificate-approval.ts';
import { certificateSigning } from './certificate-signing.ts';
import { certificateSubjectRestriction } from './certificate-subject-restriction.ts';
import { defaultIngressClass } from './default-ingress-class.ts';
import { defaultStorageClass } from './default-storage-class.ts';
import { defaultTolerationSeconds } from './default-toleration-seconds.ts';
import { limitRanger } from './limit-ranger.ts';
import { mutatingWebhook } from './mutating-webhook.ts';
import { namespaceLifecycle } from './namespace-lifecycle.ts';
import { nodeRestriction } from './node-restriction.ts';
import { persistentVolumeClaimResize } from './persistent-volume-claim-resize.ts';
import { podResizeValidator } from './pod-resize-validator.ts';
import { podSecurity } from './pod-security.ts';
import { podTopologyLabels } from './pod-topology-labels.ts';
import { priority } from './priority.ts';
import { rbacEscalation } from './rbac-escalation.ts';
import { resourceQuota } from './resource-quota.ts';
import { runtimeClass } from './runtime-class.ts';
import { serviceAccount } from './service-account.ts';
import { storageObjectInUseProtection } from './storage-object-in-use-protection.ts';
import { taintNodesByCondition } from './taint-nodes-by-condition.ts';
import { validatingWebhook } from './validating-webhook.ts';

export interface AdmissionDependencies {
  readonly lookup: Lookup;
  readonly accounts: Accounts;
  readonly authorizer: Authorizer & RulesOf;
  readonly webhooks: WebhookCaller;
  readonly forms: ObjectForms;
  readonly clock: Clock;
  readonly random: () => number;
}

/** In the order they run: kube-apiserver's own order of these plugins. Quotas come last: what others refuse is not charged. */
export function admissionPlugins(given: AdmissionDependencies): readonly AdmissionPlugin[] {
  const { lookup, authorizer } = given;
  return [
    namespaceLifecycle(lookup),
    limitRanger(lookup),
    serviceAccount(given),
    nodeRestriction(lookup, authorizer),
    taintNodesByCondition,
    podSecurity(lookup),
    priority(lookup),
    defaultTolerationSeconds,
    defaultStorageClass(lookup),
    storageObjectInUseProtection,
    persistentVolumeClaimResize(lookup),
    runtimeClass(lookup),
    certificateApproval(authorizer),
    certificateSigning(authorizer),
    certificateSubjectRestriction,
    defaultIngressClass(lookup),
    podTopologyLabels(lookup),
    podResizeValidator(lookup),
    rbacEscalation(lookup, authorizer),
    mutatingWebhook(given),
    validatingWebhook(given),
    resourceQuota(given),
  ];
}
