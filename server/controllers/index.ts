import type { Controller } from './controller.ts';
import { createDeploymentController } from './deployment.ts';
import { createEndpointsController } from './endpoints.ts';
import { createEndpointSliceController } from './endpointslice.ts';
import { createNodeIpamController } from './nodeipam.ts';
import { createReplicaSetController } from './replicaset.ts';
import { createReplicationControllerController } from './replicationcontroller.ts';
import { createRootCaController } from './root-ca.ts';
import { createServiceAccountController } from './serviceaccount.ts';

export interface ControllerOptions {
  /** PEM of the cluster's CA, for kube-root-ca.crt. */
  readonly rootCa: string;
  /** "10.244.0.0/16" */
  readonly clusterCIDR: string;
}

/** All controllers, in no particular order: each runs by itself. */
export function allControllers(options: ControllerOptions): readonly Controller[] {
  return [
    createDeploymentController(),
    createReplicaSetController(),
    createReplicationControllerController(),
    createEndpointSliceController(),
    createEndpointsController(),
    createServiceAccountController(),
    createRootCaController(options),
    createNodeIpamController(options),
  ];
}
