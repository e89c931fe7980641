import { volumeAttachments } from '../../../openapi/generated/resources.ts';
import type { VolumeAttachment } from '../../../openapi/generated/types.ts';
import type { Strategy, TableStrategy } from '../strategy.ts';
import { volumeAttachmentTable } from '../table/others.ts';
import { unchanged } from '../validation/field-errors.ts';

/** The column of the attacher is told to be a name, too. */
const table: TableStrategy<VolumeAttachment> = {
  ...volumeAttachmentTable,
  columns: volumeAttachmentTable.columns.map((column) =>
    column.name === 'Attacher' ? { ...column, format: 'name' } : column,
  ),
};

export const volumeAttachmentStrategy: Strategy<VolumeAttachment> = {
  resource: volumeAttachments,
  resetFields: { '': [['status']], status: [['metadata'], ['spec']] },
  allowUnconditionalUpdate: false,
  deleteReturnsObject: true,
  validateUpdate: (object, old) => unchanged('spec', object.spec, old.spec),
  table,
};
