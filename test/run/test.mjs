// Everything that this machine can test: unit and contract tests always; end-to-end tests on real hosts where root and apt are there.
// FLOTILLA_E2E=require makes a missing root or Docker a failure instead of a note.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

function jest(config, ...args) {
  const flags = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
  const command = [...flags, 'node_modules/jest/bin/jest.js', '--config', config, ...args];
  return spawnSync(process.execPath, command, { stdio: 'inherit' }).status ?? 1;
}

let status = jest('test/style/jest.config.js');
const missing =
  process.getuid?.() !== 0 ? 'root' : !existsSync('/usr/bin/apt-get') ? 'Debian or Ubuntu' : undefined;
if (missing === undefined) status = jest('test/style/jest.e2e.config.js') || status;
else if (process.env.FLOTILLA_E2E === 'require') {
  console.error(`End-to-end tests need ${missing}, and FLOTILLA_E2E=require asks for them.`);
  status = 1;
} else console.error(`\nLeft out: the end-to-end tests on real hosts; they need ${missing}.`);
process.exit(status);
