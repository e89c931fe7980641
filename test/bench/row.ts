/** One line of a benchmark's table. */
export interface BenchRow {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** The same work without what is measured, in the same unit and run: what the machine can do at best. */
  readonly limit?: number | undefined;
  readonly note?: string | undefined;
}
