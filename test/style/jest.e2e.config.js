import { base } from './jest.config.js';

/** End-to-end and fault tests: real hosts, real kubectl, real processes; one file after the other. */
export default {
  ...base,
  testMatch: ['<rootDir>/test/{e2e,faults}/**/*.test.ts'],
  maxWorkers: 1,
  // A test takes seconds; on a busy machine with one slow disk, minutes.
  testTimeout: 600_000,
  globalTeardown: '<rootDir>/test/e2e/global-teardown.ts',
};
