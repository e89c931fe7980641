// Bundles what runs: the command (dist/flotilla.js), the try-out (dist/start.js) and the agent (dist/agent.cjs, pushed to hosts).
import { chmod, readdir, rm } from 'node:fs/promises';
import { basename } from 'node:path';
import { build } from 'esbuild';

const common = {
  bundle: true,
  platform: 'node',
  target: 'node20',
  sourcemap: 'linked',
  logLevel: 'warning',
  metafile: true,
};
const results = await Promise.all([
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

// Chunks are named by their content: those of builds before would pile up.
const made = new Set(
  results.flatMap(({ metafile }) => Object.keys(metafile.outputs).map((path) => basename(path))),
);
for (const name of await readdir('dist')) if (!made.has(name)) await rm(`dist/${name}`);
