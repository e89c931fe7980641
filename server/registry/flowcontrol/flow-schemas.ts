import { flowSchemas } from '../../../openapi/generated/resources.ts';
import type { FlowSchema } from '../../../openapi/generated/types.ts';
import { specChanged } from '../spec-changed.ts';
import type { Strategy } from '../strategy.ts';
import { flowSchemaTable } from '../table/others.ts';

export const flowSchemaStrategy: Strategy<FlowSchema> = {
  resource: flowSchemas,
  resetFields: { '': [['status']], status: [['metadata'], ['spec']] },
  defaults: (object) =>
    object.spec === undefined || (object.spec.matchingPrecedence ?? 0) !== 0
      ? object
      : { ...object, spec: { ...object.spec, matchingPrecedence: 1000 } },
  generationGrows: specChanged,
  table: flowSchemaTable,
};
