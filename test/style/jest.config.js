/** Unit and contract tests: everything that passes without root or Docker. */
export const base = {
  rootDir: '../..',
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  maxWorkers: 2,
  // A wait that ends late on a busy machine is no fault: what must be quick says so itself.
  testTimeout: 60_000,
  workerIdleMemoryLimit: '1GB',
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2022',
          parser: { syntax: 'typescript' },
          experimental: { keepImportAttributes: true },
        },
        module: { type: 'es6' },
        sourceMaps: 'inline',
      },
    ],
  },
  testMatch: ['<rootDir>/{server,agent,openapi,test}/**/*.test.ts'],
};
export default { ...base, testPathIgnorePatterns: ['/node_modules/', '/dist/', '/test/(e2e|faults)/'] };
