/** What ports may speak. */
export const protocols: readonly string[] = ['SCTP', 'TCP', 'UDP'];
