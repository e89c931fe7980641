import { replicationControllers } from '../../openapi/generated/resources.ts';
import { createReplicaController } from './shared/replicas.ts';

export const createReplicationControllerController = (): ReturnType<typeof createReplicaController> =>
  createReplicaController({
    name: 'replicationcontroller',
    resource: replicationControllers,
    countsTerminating: false,
    // An empty selector would select all pods; the server fills it from the template's labels.
    selectorOf: (owner) =>
      Object.keys(owner.spec?.selector ?? {}).length === 0
        ? undefined
        : { matchLabels: owner.spec?.selector ?? {} },
  });
