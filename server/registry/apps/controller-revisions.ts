import { controllerRevisions } from '../../../openapi/generated/resources.ts';
import type { ControllerRevision } from '../../../openapi/generated/types.ts';
import { type FieldError, required } from '../../../openapi/machinery/status.ts';
import type { Strategy } from '../strategy.ts';
import { controllerRevisionTable } from '../table/workloads.ts';
import { notNegative, unchanged } from '../validation/field-errors.ts';

export const controllerRevisionStrategy: Strategy<ControllerRevision> = {
  resource: controllerRevisions,
  validate: revisionFaults,
  validateUpdate: (revision, old) => [
    ...revisionFaults(revision),
    ...unchanged('data', revision.data, old.data),
  ],
  table: controllerRevisionTable,
};

function revisionFaults({ data, revision }: ControllerRevision): FieldError[] {
  return [
    ...(data === undefined || data === null ? [required('data', 'data is mandatory')] : []),
    ...notNegative('revision', revision),
  ];
}
