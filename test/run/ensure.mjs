// Installs and builds what is missing or older than its sources, so that `npm start` and `npm test` work on a fresh checkout.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`Flotilla needs Node 20.19 or newer; this is ${process.version}.`);
  process.exit(1);
}

/** Newest change below a folder, in ms. */
function newest(folder) {
  let latest = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.name === 'generated' || entry.name === 'node_modules') continue;
    const path = join(folder, entry.name);
    latest = Math.max(latest, entry.isDirectory() ? newest(path) : statSync(path).mtimeMs);
  }
  return latest;
}
const changed = (path) => (existsSync(path) ? statSync(path).mtimeMs : 0);
function npm(...args) {
  execFileSync('npm', args, { stdio: ['ignore', 2, 2] });
}

if (changed('node_modules/.package-lock.json') < changed('package-lock.json')) {
  console.error('Installing packages …');
  // Not `npm ci`: it wants every other platform's optional binaries in the lock, and a registry may lack some of them.
  npm('install', '--no-save');
}
const generated = 'openapi/generated/resources.ts';
const sources = Math.max(newest('openapi'), changed('package.json'));
if (changed(generated) < sources) {
  console.error('Generating the API from OpenAPI …');
  npm('run', '--silent', 'generate');
}
const built = Math.min(changed('dist/flotilla.js'), changed('dist/agent.cjs'), changed('dist/start.js'));
if (
  built <
  Math.max(
    newest('server'),
    newest('agent'),
    newest('openapi'),
    newest('test/lab'),
    newest('test/run'),
    changed(generated),
  )
) {
  console.error('Building …');
  execFileSync(process.execPath, ['test/run/build.mjs'], { stdio: ['ignore', 2, 2] });
}
