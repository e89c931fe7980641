import { createHash } from 'node:crypto';

export type LabRuntime = 'docker' | 'none';

export interface LabOptions {
  /** One to eight small letters and digits; names the bridge, the hosts, the directory. Default "lab", or LAB of the environment. */
  readonly name?: string;
  /** Default 3. */
  readonly hosts?: number;
  /** `none`: hosts without a container runtime, as a fresh server is. Default docker. */
  readonly runtime?: LabRuntime;
  /** The first three numbers of a /24, as "10.77.1". Default made from the name, or LAB_SUBNET of the environment. */
  readonly subnet?: string;
  /** Where keys, host directories and fleet.yaml stand. Default /var/lib/flotilla-lab/NAME. */
  readonly directory?: string;
  /** Where root file systems are kept. Default /var/cache/flotilla-lab. */
  readonly cache?: string;
  /** Lines for people, as the work goes on. Default: nothing. */
  readonly progress?: (line: string) => void;
}

/** What a lab is, kept in its directory as lab.json. */
export interface LabPlan {
  readonly name: string;
  readonly hosts: number;
  readonly runtime: LabRuntime;
  readonly subnet: string;
  readonly directory: string;
  readonly cache: string;
}

/** "lab" has 10.77.0; any other name has a number of its own, most likely. */
function subnetOf(name: string): string {
  if (name === 'lab') return '10.77.0';
  const hash = createHash('sha256').update(name).digest();
  return `10.77.${16 + ((hash[0] ?? 0) % 224)}`;
}

/** Options win over what is there already, and that over defaults. */
export function planOf(options: LabOptions, known: Partial<LabPlan> = {}): LabPlan {
  const name = options.name ?? process.env['LAB'] ?? 'lab';
  const defaults: LabPlan = {
    name,
    hosts: 3,
    runtime: 'docker',
    subnet: process.env['LAB_SUBNET'] ?? subnetOf(name),
    directory: directoryOf(name),
    cache: '/var/cache/flotilla-lab',
  };
  const { hosts, runtime, subnet, directory, cache } = options;
  const asked = Object.entries({ hosts, runtime, subnet, directory, cache });
  const given = Object.fromEntries(asked.filter(([, value]) => value !== undefined)) as Partial<LabPlan>;
  const plan = { ...defaults, ...known, ...given, name };
  assertSound(plan);
  return plan;
}

function assertSound(plan: LabPlan): void {
  if (!/^[a-z][a-z0-9]{0,7}$/.test(plan.name))
    throw new RangeError(
      `Cannot name a lab "${plan.name}": one to eight small letters and digits are allowed`,
    );
  if (!Number.isInteger(plan.hosts) || plan.hosts < 1 || plan.hosts > 20)
    throw new RangeError(`Cannot make ${plan.hosts} hosts: 1 to 20 are allowed`);
  const numbers = plan.subnet.split('.');
  if (numbers.length !== 3 || !numbers.every((each) => /^\d{1,3}$/.test(each) && Number(each) < 256))
    throw new RangeError(`Cannot use subnet "${plan.subnet}": three numbers as in 10.77.1 are wanted`);
}

export function directoryOf(name: string): string {
  return `/var/lib/flotilla-lab/${name}`;
}
