import { createClusterRoleAggregationController } from './clusterrole-aggregation.ts';
import type { Controller } from './controller.ts';
import { createCronJobController } from './cronjob.ts';
import { createDaemonSetController } from './daemonset.ts';
import { createDeploymentController } from './deployment.ts';
import { createDisruptionController } from './disruption.ts';
import { createEndpointsController } from './endpoints.ts';
import { createEndpointSliceController } from './endpointslice.ts';
import { createEndpointSliceMirroringController } from './endpointslicemirroring.ts';
import { createEventTtlController } from './event-ttl.ts';
import { createGarbageCollector } from './garbagecollector.ts';
import { createJobOrphanController } from './job-orphans.ts';
import { createJobController } from './job.ts';
import { createNamespaceController } from './namespace.ts';
import { createNodeIpamController, type NodeIpamOptions } from './nodeipam.ts';
import { createNodeLifecycleController, type NodeLifecycleOptions } from './nodelifecycle.ts';
import { createPodGcController, type PodGcOptions } from './podgc.ts';
import { createPvProtectionController } from './pv-protection.ts';
import { createPvcProtectionController } from './pvc-protection.ts';
import { createReplicaSetController } from './replicaset.ts';
import { createReplicationControllerController } from './replicationcontroller.ts';
import { createResourceQuotaController } from './resourcequota.ts';
import { createRootCaController } from './root-ca.ts';
import { createServiceAccountController } from './serviceaccount.ts';
import type { ServedResources } from './shared/served.ts';
import { createStaleDisruptionController } from './stale-disruption.ts';
import { createStatefulSetController } from './statefulset.ts';
import { createTaintEvictionController } from './taint-eviction.ts';
import { createTtlAfterFinishedController } from './ttl-after-finished.ts';
import { createVacProtectionController } from './vac-protection.ts';

export interface ControllerOptions extends NodeIpamOptions, NodeLifecycleOptions, PodGcOptions {
  /** PEM of the cluster's CA, for kube-root-ca.crt. */
  readonly rootCa: string;
  readonly eventTtlSeconds?: number;
}

/** All controllers, in no particular order: each runs by itself. `served`: what may own, be owned, or fill a namespace. */
export function allControllers(options: ControllerOptions, served: ServedResources): readonly Controller[] {
  return [
    createDeploymentController(),
    createReplicaSetController(),
    createReplicationControllerController(),
    createDaemonSetController(),
    createStatefulSetController(),
    createJobController(),
    createJobOrphanController(),
    createCronJobController(),
    createDisruptionController(),
    createStaleDisruptionController(),
    createEndpointSliceController(),
    createEndpointsController(),
    createEndpointSliceMirroringController(),
    createNamespaceController({ served }),
    createServiceAccountController(),
    createRootCaController(options),
    createGarbageCollector({ served }),
    createNodeIpamController(options),
    createNodeLifecycleController(options),
    createTaintEvictionController(),
    createPodGcController(options),
    createTtlAfterFinishedController(),
    createEventTtlController(options),
    createClusterRoleAggregationController(),
    createResourceQuotaController({ served }),
    createPvcProtectionController(),
    createPvProtectionController(),
    createVacProtectionController(),
  ];
}
