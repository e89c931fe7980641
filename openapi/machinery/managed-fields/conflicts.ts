import { StatusError } from '../status.ts';
import { elementText } from './path-element.ts';
import type { Manager } from './managers.ts';
import type { Conflict } from './updater.ts';

/** 409 with a cause for every field that is somebody else's. */
export function conflictError(conflicts: readonly Conflict[]): StatusError {
  return new StatusError('Conflict', messageOf(conflicts), {
    details: {
      causes: conflicts.map((conflict) => ({
        reason: 'FieldManagerConflict',
        message: `conflict with ${managerText(conflict.manager)}`,
        field: fieldText(conflict),
      })),
    },
  });
}

function messageOf(conflicts: readonly Conflict[]): string {
  const [first] = conflicts;
  if (first !== undefined && conflicts.length === 1) {
    return `Apply failed with 1 conflict: conflict with ${managerText(first.manager)}: ${fieldText(first)}`;
  }
  const lines = conflicts.flatMap((conflict, index) => [
    ...(conflicts[index - 1]?.manager === conflict.manager
      ? []
      : [`conflicts with ${managerText(conflict.manager)}:`]),
    `- ${fieldText(conflict)}`,
  ]);
  return `Apply failed with ${conflicts.length} conflicts: ${lines.join('\n')}`;
}

function fieldText({ path }: Conflict): string {
  return path.map(elementText).join('');
}

function managerText({ manager, operation, apiVersion, subresource }: Manager): string {
  const name = JSON.stringify(manager);
  const full = subresource === '' ? name : `${name} with subresource ${JSON.stringify(subresource)}`;
  return operation === 'Update' ? `${full} using ${apiVersion}` : full;
}
