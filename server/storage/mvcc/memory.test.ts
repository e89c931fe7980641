import { describeStorage } from '../../../test/suites/storage.ts';
import { openMemoryStore } from './memory.ts';

describeStorage('the memory store', () => Promise.resolve(openMemoryStore()));
