import { memoryCommitLog } from './commit-log.ts';
import { MvccStore } from './store.ts';

/** A store that lives as long as its process: for tests. */
export function openMemoryStore(): MvccStore {
  const store = new MvccStore();
  store.writeTo(memoryCommitLog());
  return store;
}
