/** What is on disk is not what was written. The store must not start: it would serve wrong data, or lose what was acknowledged. */
export class CorruptStoreError extends Error {
  override readonly name = 'CorruptStoreError';
  readonly file: string;
  readonly offset: number;

  constructor(file: string, offset: number, problem: string) {
    super(
      `Cannot read the store: ${file} at offset ${offset}: ${problem}. Nothing was changed. ` +
        'Restore the data directory from a backup, or put back the file if it was moved, and start again.',
    );
    this.file = file;
    this.offset = offset;
  }
}

/** A later version of Flotilla wrote it. */
export class NewerFormatError extends Error {
  override readonly name = 'NewerFormatError';

  constructor(file: string, format: number, known: number) {
    super(
      `Cannot read the store: ${file} has format ${format}, and this version of Flotilla knows none above ${known}. ` +
        'Nothing was changed. Start the version of Flotilla that wrote it.',
    );
  }
}
