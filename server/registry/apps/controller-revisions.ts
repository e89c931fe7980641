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

function dataFaults(data: unknown): FieldError[] {
  if (data === undefined || data === null) return [required('data', 'data is mandatory')];
  return typeof data === 'object' && !Array.isArray(data)
    ? []
    : [required('data', 'data must be a valid JSON object')];
}

function revisionFaults({ data, revision }: ControllerRevision): FieldError[] {
  return [...dataFaults(data), ...notNegative('revision', revision)];
}
