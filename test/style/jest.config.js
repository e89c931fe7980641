/** Unit and contract tests: everything that passes without root or Docker. */
export const base = {
  rootDir: '../..',
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  maxWorkers: 2,
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
