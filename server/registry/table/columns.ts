import { metadataWords } from '../../../openapi/generated/words.ts';
import type { KubeObject } from '../../../openapi/machinery/object.ts';
import type { TableCell, TableColumn, TableRow, TableStrategy } from '../strategy.ts';
import { ageText } from './age.ts';

/**
 * Columns in one line, "Name | Ready | Desired:integer | IP!": a type behind a colon (else string), `!` for those of -o wide.
 * The column Name holds the object's name.
 */
export function columns(line: string): readonly TableColumn[] {
  return line.split('|').map((word) => {
    const wide = word.includes('!');
    const [name = '', type = 'string'] = word.replace('!', '').trim().split(':');
    return {
      name,
      type: type as TableColumn['type'],
      format: name === 'Name' ? 'name' : '',
      description: descriptions[name] ?? `${name} of the object, as kubectl prints it.`,
      priority: wide ? 1 : 0,
    };
  });
}

const descriptions: Readonly<Record<string, string>> = {
  Name: metadataWords.name,
  Age: metadataWords.creationTimestamp,
  'Created At': metadataWords.creationTimestamp,
};

/** A table whose rows are cells alone; `cells` leaves out the name, which comes first. */
export function table<T extends KubeObject>(
  line: string,
  cells: (object: T, age: string, now: number) => readonly TableCell[],
): TableStrategy<T> {
  return {
    columns: columns(line),
    row: (object, now) => ({
      cells: [
        object.metadata?.name ?? '',
        ...cells(object, ageText(object.metadata?.creationTimestamp, now), now),
      ],
    }),
  };
}

/** What a kind without a printer of its own gets. */
export const defaultTable: TableStrategy<KubeObject> = {
  columns: columns('Name | Created At:date'),
  row(object): TableRow {
    return { cells: [object.metadata?.name ?? '', object.metadata?.creationTimestamp ?? null] };
  },
};
