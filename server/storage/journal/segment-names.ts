/** The spare segment, until it gets its number. */
export const SPARE_NAME = 'journal.next';

export function segmentName(sequence: number): string {
  return `journal-${String(sequence).padStart(10, '0')}.log`;
}

/** Undefined for what is no segment. */
export function segmentSequence(name: string): number | undefined {
  const digits = /^journal-(\d{10})\.log$/.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

export function snapshotName(revision: number): string {
  return `snapshot-${String(revision).padStart(16, '0')}.jsonl`;
}

/** Undefined for what is no snapshot. */
export function snapshotRevision(name: string): number | undefined {
  const digits = /^snapshot-(\d{16})\.jsonl$/.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
