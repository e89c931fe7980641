import { rm } from 'node:fs/promises';
import { labDown } from '../lab/lab.ts';
import { e2eDirectory, e2eLab } from './cluster.ts';

/** Leaves the machine as it was. FLOTILLA_E2E_KEEP=1 keeps lab and data, for looking at them. */
export default async function globalTeardown(): Promise<void> {
  if (process.env['FLOTILLA_E2E_KEEP'] === '1') return;
  await labDown(e2eLab);
  await rm(e2eDirectory, { recursive: true, force: true });
}
