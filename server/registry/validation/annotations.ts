import { type FieldError, invalidValue } from '../../../openapi/machinery/status.ts';
import { qualifiedName } from './names.ts';

/** Keys of annotations, which may have capitals. */
export function annotationFaults(path: string, annotations: Readonly<Record<string, string>>): FieldError[] {
  return Object.keys(annotations).flatMap((key) =>
    qualifiedName(key.toLowerCase()).map((fault) => invalidValue(path, key, fault)),
  );
}
