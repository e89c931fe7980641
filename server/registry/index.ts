import {
  mutatingWebhookConfigurationStrategy,
  validatingWebhookConfigurationStrategy,
} from './admissionregistration/webhook-configurations.ts';
import { customResourceDefinitionStrategy } from './apiextensions/custom-resource-definitions.ts';
import { controllerRevisionStrategy } from './apps/controller-revisions.ts';
import { daemonSetStrategy } from './apps/daemon-sets.ts';
import { deploymentStrategy } from './apps/deployments.ts';
import { replicaSetStrategy } from './apps/replica-sets.ts';
import { statefulSetStrategy } from './apps/stateful-sets.ts';
import { autoscalerV1Strategy } from './autoscaling/autoscalers-v1.ts';
import { horizontalPodAutoscalerStrategy } from './autoscaling/horizontal-pod-autoscalers.ts';
import { cronJobStrategy } from './batch/cron-jobs.ts';
import { jobStrategy } from './batch/jobs.ts';
import { certificateSigningRequestStrategy } from './certificates/certificate-signing-requests.ts';
import { leaseStrategy } from './coordination/leases.ts';
import { bindingStrategy } from './core/bindings.ts';
import { configMapStrategy } from './core/config-maps.ts';
import { endpointsStrategy } from './core/endpoints.ts';
import { eventStrategy, eventsEventStrategy } from './core/events.ts';
import { limitRangeStrategy } from './core/limit-ranges.ts';
import { namespaceStrategy } from './core/namespaces.ts';
import { nodeStrategy } from './core/nodes.ts';
import { persistentVolumeClaimStrategy } from './core/persistent-volume-claims.ts';
import { persistentVolumeStrategy } from './core/persistent-volumes.ts';
import { podTemplateStrategy } from './core/pod-templates.ts';
import { podStrategy } from './core/pods.ts';
import { replicationControllerStrategy } from './core/replication-controllers.ts';
import { resourceQuotaStrategy } from './core/resource-quotas.ts';
import { secretStrategy } from './core/secrets.ts';
import type { TokenIssuer } from './core/service-account-tokens.ts';
import { serviceAccountStrategyWith } from './core/service-accounts.ts';
import type { ServiceRange } from './core/service-allocator.ts';
import { serviceStrategy } from './core/services.ts';
import { endpointSliceStrategy } from './discovery/endpoint-slices.ts';
import { flowSchemaStrategy } from './flowcontrol/flow-schemas.ts';
import { priorityLevelConfigurationStrategy } from './flowcontrol/priority-level-configurations.ts';
import { hostStrategy } from './flotilla/hosts.ts';
import { ingressClassStrategy } from './networking/ingress-classes.ts';
import { ingressStrategy } from './networking/ingresses.ts';
import { ipAddressStrategy } from './networking/ip-addresses.ts';
import { networkPolicyStrategy } from './networking/network-policies.ts';
import { serviceCIDRStrategy } from './networking/service-cidrs.ts';
import { runtimeClassStrategy } from './node/runtime-classes.ts';
import { plainStrategies } from './plain.ts';
import { podDisruptionBudgetStrategy } from './policy/pod-disruption-budgets.ts';
import { clusterRoleBindingStrategy } from './rbac/cluster-role-bindings.ts';
import { clusterRoleStrategy } from './rbac/cluster-roles.ts';
import { roleBindingStrategy } from './rbac/role-bindings.ts';
import { roleStrategy } from './rbac/roles.ts';
import { resourceClaimStrategy, resourceClaimTemplateStrategy } from './resource/resource-claims.ts';
import { priorityClassStrategy } from './scheduling/priority-classes.ts';
import { csiDriverStrategy } from './storage/csi-drivers.ts';
import { storageClassStrategy } from './storage/storage-classes.ts';
import { volumeAttachmentStrategy } from './storage/volume-attachments.ts';
import type { Strategy } from './strategy.ts';

/**
 * What all served kinds add to the one path. `services` is where Services get their addresses from; without `tokens` no tokens of
 * service accounts are given out.
 */
export function createStrategies(services: ServiceRange, tokens?: TokenIssuer): readonly Strategy[] {
  return [
    bindingStrategy,
    configMapStrategy,
    endpointsStrategy,
    eventStrategy,
    limitRangeStrategy,
    namespaceStrategy,
    nodeStrategy,
    persistentVolumeClaimStrategy,
    persistentVolumeStrategy,
    podStrategy,
    podTemplateStrategy,
    replicationControllerStrategy,
    resourceQuotaStrategy,
    secretStrategy,
    serviceAccountStrategyWith(tokens),
    serviceStrategy(services),
    controllerRevisionStrategy,
    daemonSetStrategy,
    deploymentStrategy,
    replicaSetStrategy,
    statefulSetStrategy,
    eventsEventStrategy,
    autoscalerV1Strategy,
    horizontalPodAutoscalerStrategy,
    cronJobStrategy,
    jobStrategy,
    certificateSigningRequestStrategy,
    ingressClassStrategy,
    ingressStrategy,
    ipAddressStrategy,
    networkPolicyStrategy,
    serviceCIDRStrategy,
    podDisruptionBudgetStrategy,
    clusterRoleBindingStrategy,
    clusterRoleStrategy,
    roleBindingStrategy,
    roleStrategy,
    csiDriverStrategy,
    storageClassStrategy,
    volumeAttachmentStrategy,
    mutatingWebhookConfigurationStrategy,
    validatingWebhookConfigurationStrategy,
    priorityClassStrategy,
    leaseStrategy,
    runtimeClassStrategy,
    resourceClaimStrategy,
    resourceClaimTemplateStrategy,
    flowSchemaStrategy,
    priorityLevelConfigurationStrategy,
    endpointSliceStrategy,
    hostStrategy,
    customResourceDefinitionStrategy,
    ...plainStrategies,
  ] as readonly Strategy[];
}
