/** Columns as kubectl prints them: upper-case heads, three spaces between, no trailing ones. */
export function tableText(
  heads: readonly string[],
  rows: readonly (readonly (string | number | boolean | null)[])[],
): string {
  const cells = [heads.map((head) => head.toUpperCase()), ...rows.map((row) => row.map(cellText))];
  const widths = heads.map((_, column) => Math.max(...cells.map((row) => (row[column] ?? '').length)));
  return cells
    .map((row) => {
      const padded = row.map((cell, column) => cell.padEnd(widths[column] ?? 0));
      return `${padded.join('   ').trimEnd()}\n`;
    })
    .join('');
}

function cellText(cell: string | number | boolean | null): string {
  return cell === null || cell === '' ? '<none>' : String(cell);
}

/** meta.k8s.io Table, as far as printing needs it. */
export interface ServerTable {
  readonly columnDefinitions: readonly { readonly name: string; readonly priority: number }[];
  readonly rows: readonly {
    readonly cells: readonly (string | number | boolean | null)[];
    readonly object?: { readonly metadata?: { readonly namespace?: string } };
  }[];
}

/** Prints what the server made of a list; `wide` shows the columns that kubectl shows with -o wide. */
export function serverTableText(table: ServerTable, options: { wide: boolean; namespace: boolean }): string {
  const shown = table.columnDefinitions
    .map((column, index) => ({ ...column, index }))
    .filter((column) => options.wide || column.priority === 0);
  const heads = shown.map((column) => column.name);
  const rows = table.rows.map((row) => {
    const cells = shown.map((column) => row.cells[column.index] ?? null);
    return options.namespace ? [row.object?.metadata?.namespace ?? '', ...cells] : cells;
  });
  return tableText(options.namespace ? ['Namespace', ...heads] : heads, rows);
}
