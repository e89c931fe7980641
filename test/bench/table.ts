import type { BenchRow } from './row.ts';

/** A row, and what another server took for the same. */
export interface ComparedRow extends BenchRow {
  readonly peer?: number | undefined;
}

/** Rates are better when more, everything else when less. */
export function isRate(row: BenchRow): boolean {
  return row.unit === '/s';
}

/** How many times better than `other` this is: above 1 is better, whatever the unit. */
export function ratio(row: BenchRow, other: number | undefined): number | undefined {
  if (other === undefined || other === 0 || row.value === 0) return undefined;
  return isRate(row) ? row.value / other : other / row.value;
}

/** The table that people read: columns that no row fills are left out. */
export function tableText(rows: readonly ComparedRow[]): string {
  const columns: readonly (readonly [string, (row: ComparedRow) => string])[] = [
    ['what', (row) => row.name],
    ['measured', (row) => `${numberText(row.value)} ${row.unit}`],
    ['limit', (row) => (row.limit === undefined ? '' : numberText(row.limit))],
    ['of limit', (row) => ratioText(ratio(row, row.limit))],
    ['peer', (row) => (row.peer === undefined ? '' : numberText(row.peer))],
    ['of peer', (row) => ratioText(ratio(row, row.peer))],
    ['note', (row) => row.note ?? ''],
  ];
  const filled = columns.filter(([, text]) => rows.some((row) => text(row) !== ''));
  const cells = [filled.map(([title]) => title), ...rows.map((row) => filled.map(([, text]) => text(row)))];
  const widths = filled.map((_, i) => Math.max(...cells.map((line) => line[i]?.length ?? 0)));
  return cells
    .map((line) =>
      line.map((cell, i) => (i === line.length - 1 ? cell : cell.padEnd(widths[i] ?? 0))).join('  '),
    )
    .map((line) => `${line.trimEnd()}\n`)
    .join('');
}

function numberText(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: value < 100 ? 2 : 0 });
}

function ratioText(value: number | undefined): string {
  return value === undefined ? '' : `${value.toFixed(2)}x`;
}
