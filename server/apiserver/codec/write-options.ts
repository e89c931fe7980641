import { forbiddenField, invalid, required, type FieldError } from '../../../openapi/machinery/status.ts';
import { managerNameProblems } from '../../../openapi/machinery/managed-fields/manager-name.ts';
import type { FieldValidation } from './body.ts';

/** metav1.CreateOptions, UpdateOptions and PatchOptions. */
export interface WriteOptions {
  readonly dryRun: boolean;
  readonly fieldValidation: FieldValidation;
  readonly fieldManager: string;
  readonly force: boolean;
}

type OptionsKind = 'CreateOptions' | 'UpdateOptions' | 'PatchOptions';

/** Reads the query of a write. Throws Invalid, named by the kind of the options. */
export function parseWriteOptions(kind: OptionsKind, query: URLSearchParams, isApply = false): WriteOptions {
  const dryRun = query.getAll('dryRun');
  const fieldManager = query.get('fieldManager') ?? '';
  const fieldValidation = query.get('fieldValidation') ?? '';
  const force = query.get('force');
  const problems: FieldError[] = [
    ...(kind === 'PatchOptions' ? applyProblems(isApply, force, fieldManager) : []),
    ...managerNameProblems(fieldManager, 'fieldManager'),
    ...dryRunProblems(dryRun),
    ...validationProblems(fieldValidation),
  ];
  if (problems.length > 0) throw invalid({ group: 'meta.k8s.io', plural: '', kind }, '', problems);
  return {
    dryRun: dryRun.length > 0,
    fieldValidation: fieldValidation === '' ? 'Warn' : (fieldValidation as FieldValidation),
    fieldManager,
    force: force !== null && force !== '0' && force.toLowerCase() !== 'false',
  };
}

function applyProblems(isApply: boolean, force: string | null, fieldManager: string): readonly FieldError[] {
  if (isApply) return fieldManager === '' ? [required('fieldManager', 'is required for apply patch')] : [];
  return force === null ? [] : [forbiddenField('force', 'may not be specified for non-apply patch')];
}

/** `All` alone is known. */
export function dryRunProblems(dryRun: readonly string[]): readonly FieldError[] {
  if (dryRun.every((each) => each === 'All')) return [];
  return [unsupportedValue('dryRun', dryRun, ['All'])];
}

function validationProblems(value: string): readonly FieldError[] {
  const known = ['', 'Ignore', 'Strict', 'Warn'];
  return known.includes(value) ? [] : [unsupportedValue('fieldValidation', value, known)];
}

/** As notSupported of the machinery, the values in the order given. */
export function unsupportedValue(field: string, value: unknown, supported: readonly string[]): FieldError {
  const list = supported.map((each) => JSON.stringify(each)).join(', ');
  return {
    field,
    reason: 'FieldValueNotSupported',
    message: `Unsupported value: ${JSON.stringify(value)}: supported values: ${list}`,
  };
}
