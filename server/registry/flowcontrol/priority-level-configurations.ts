import { priorityLevelConfigurations } from '../../../openapi/generated/resources.ts';
import type {
  PriorityLevelConfiguration,
  PriorityLevelConfigurationSpec,
} from '../../../openapi/generated/types.ts';
import { specChanged } from '../spec-changed.ts';
import type { Strategy } from '../strategy.ts';
import { priorityLevelTable } from '../table/others.ts';

export const priorityLevelConfigurationStrategy: Strategy<PriorityLevelConfiguration> = {
  resource: priorityLevelConfigurations,
  resetFields: { '': [['status']], status: [['metadata'], ['spec']] },
  defaults: (object) => (object.spec === undefined ? object : { ...object, spec: withDefaults(object.spec) }),
  generationGrows: specChanged,
  table: priorityLevelTable,
};

function orDefault(value: number | undefined, fallback: number): number {
  return value === undefined || value === 0 ? fallback : value;
}

function withDefaults(spec: PriorityLevelConfigurationSpec): PriorityLevelConfigurationSpec {
  const { limited, exempt } = spec;
  const queuing = limited?.limitResponse?.queuing;
  return {
    ...spec,
    ...(exempt === undefined
      ? {}
      : {
          exempt: {
            nominalConcurrencyShares: exempt.nominalConcurrencyShares ?? 0,
            lendablePercent: exempt.lendablePercent ?? 0,
          },
        }),
    ...(limited === undefined
      ? {}
      : {
          limited: {
            ...limited,
            nominalConcurrencyShares: limited.nominalConcurrencyShares ?? 30,
            lendablePercent: limited.lendablePercent ?? 0,
            ...(queuing === undefined || limited.limitResponse === undefined
              ? {}
              : {
                  limitResponse: {
                    ...limited.limitResponse,
                    queuing: {
                      ...queuing,
                      queues: orDefault(queuing.queues, 64),
                      handSize: orDefault(queuing.handSize, 8),
                      queueLengthLimit: orDefault(queuing.queueLengthLimit, 50),
                    },
                  },
                }),
          },
        }),
  };
}
