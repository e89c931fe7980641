/** What ports may speak. */
export const protocols: readonly string[] = ['TCP', 'UDP', 'SCTP'];
