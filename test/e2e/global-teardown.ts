import { readFile, rm } from 'node:fs/promises';
import { labDown } from '../lab/lab.ts';
import { e2eDirectory, e2eLab, ownerFile } from './cluster.ts';

/** Leaves the machine as it was, when this run brought the cluster up. FLOTILLA_E2E_KEEP=1 keeps lab and data, for looking at them. */
export default async function globalTeardown(): Promise<void> {
  if (process.env['FLOTILLA_E2E_KEEP'] === '1') return;
  const owners = (await readFile(ownerFile, 'utf8').catch(() => '')).split(' ');
  if (!owners.includes(String(process.pid))) return;
  await labDown(e2eLab);
  await rm(e2eDirectory, { recursive: true, force: true });
}
