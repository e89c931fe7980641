import { isStatusError } from '../../../openapi/machinery/status.ts';

/** A creation in a namespace that is being deleted fails for good: nothing to report, nothing to retry. */
export function isNamespaceTerminating(error: unknown): boolean {
  return (
    isStatusError(error, 'Forbidden') &&
    (error.details?.causes ?? []).some((cause) => cause.reason === 'NamespaceTerminating')
  );
}

export function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
