// Bundles what runs: the command (dist/flotilla.js), the try-out (dist/start.js) and the agent (dist/agent.cjs, pushed to hosts).
import { chmod } from 'node:fs/promises';
import { build } from 'esbuild';

const common = { bundle: true, platform: 'node', target: 'node20', sourcemap: 'linked', logLevel: 'warning' };
await Promise.all([
  build({
    ...common,
    entryPoints: { flotilla: 'server/main.ts', start: 'test/run/start.ts' },
    outdir: 'dist',
    format: 'esm',
    packages: 'external',
    splitting: true,
    banner: { js: '#!/usr/bin/env node' },
  }),
  build({
    ...common,
    entryPoints: ['agent/main.ts'],
    outfile: 'dist/agent.cjs',
    format: 'cjs',
    minify: true,
    sourcemap: false,
  }),
]);
await chmod('dist/flotilla.js', 0o755);
