import { controllerRevisionStrategy } from './apps/controller-revisions.ts';
import { daemonSetStrategy } from './apps/daemon-sets.ts';
import { deploymentStrategy } from './apps/deployments.ts';
import { replicaSetStrategy } from './apps/replica-sets.ts';
import { statefulSetStrategy } from './apps/stateful-sets.ts';
import { cronJobStrategy } from './batch/cron-jobs.ts';
import { jobStrategy } from './batch/jobs.ts';
import { leaseStrategy } from './coordination/leases.ts';
import { configMapStrategy } from './core/config-maps.ts';
import { endpointsStrategy } from './core/endpoints.ts';
import { eventStrategy, eventsEventStrategy } from './core/events.ts';
import { namespaceStrategy } from './core/namespaces.ts';
import { nodeStrategy } from './core/nodes.ts';
import { podTemplateStrategy } from './core/pod-templates.ts';
import { podStrategy } from './core/pods.ts';
import { replicationControllerStrategy } from './core/replication-controllers.ts';
import { secretStrategy } from './core/secrets.ts';
import { serviceAccountStrategy } from './core/service-accounts.ts';
import type { ServiceRange } from './core/service-allocator.ts';
import { serviceStrategy } from './core/services.ts';
import { hostStrategy } from './flotilla/hosts.ts';
import { plainStrategies } from './plain.ts';
import { podDisruptionBudgetStrategy } from './policy/pod-disruption-budgets.ts';
import { clusterRoleBindingStrategy } from './rbac/cluster-role-bindings.ts';
import { clusterRoleStrategy } from './rbac/cluster-roles.ts';
import { roleBindingStrategy } from './rbac/role-bindings.ts';
import { roleStrategy } from './rbac/roles.ts';
import { priorityClassStrategy } from './scheduling/priority-classes.ts';
import { storageClassStrategy } from './storage/storage-classes.ts';
import type { Strategy } from './strategy.ts';

/** What all served kinds add to the one path. `services` is where Services get their addresses from. */
export function createStrategies(services: ServiceRange): readonly Strategy[] {
  return [
    configMapStrategy,
    endpointsStrategy,
    eventStrategy,
    namespaceStrategy,
    nodeStrategy,
    podStrategy,
    podTemplateStrategy,
    replicationControllerStrategy,
    secretStrategy,
    serviceAccountStrategy,
    serviceStrategy(services),
    controllerRevisionStrategy,
    daemonSetStrategy,
    deploymentStrategy,
    replicaSetStrategy,
    statefulSetStrategy,
    eventsEventStrategy,
    cronJobStrategy,
    jobStrategy,
    podDisruptionBudgetStrategy,
    clusterRoleBindingStrategy,
    clusterRoleStrategy,
    roleBindingStrategy,
    roleStrategy,
    storageClassStrategy,
    priorityClassStrategy,
    leaseStrategy,
    hostStrategy,
    ...plainStrategies,
  ] as readonly Strategy[];
}
