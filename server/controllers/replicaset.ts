import { replicaSets } from '../../openapi/generated/resources.ts';
import { createReplicaController } from './shared/replicas.ts';

export const createReplicaSetController = (): ReturnType<typeof createReplicaController> =>
  createReplicaController({
    name: 'replicaset',
    resource: replicaSets,
    countsTerminating: true,
    selectorOf: (set) => set.spec?.selector,
  });
