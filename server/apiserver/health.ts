import type { Answer, Exchange } from './exchange.ts';
import { pageNotFound, textAnswer } from './respond.ts';

/** One thing that must be in order. Resolves with undefined when it is, else with what is wrong. */
export interface HealthCheck {
  readonly name: string;
  /** Of readiness only: the server lives, but should get no requests. */
  readonly readinessOnly?: boolean;
  check(): Promise<string | undefined>;
}

const roots = new Set(['healthz', 'livez', 'readyz']);

/** Answers /healthz, /livez, /readyz and /readyz/NAME; undefined for any other path. */
export async function healthAnswer(
  checks: readonly HealthCheck[],
  exchange: Exchange,
): Promise<Answer | undefined> {
  const [path = '', query = ''] = exchange.url.split('?');
  const [, root = '', name, ...rest] = path.split('/');
  if (!roots.has(root) || rest.length > 0) return undefined;
  const all = [ping, ...checks.filter((check) => root === 'readyz' || check.readinessOnly !== true)];
  if (name !== undefined && name !== '') {
    const check = all.find((each) => each.name === name);
    return check === undefined ? pageNotFound() : await oneAnswer(check);
  }
  const excluded = new Set(new URLSearchParams(query).getAll('exclude'));
  const wanted = all.filter((check) => !excluded.has(check.name));
  return await allAnswer(root, wanted, new URLSearchParams(query).has('verbose'));
}

const ping: HealthCheck = { name: 'ping', check: () => Promise.resolve(undefined) };

async function oneAnswer(check: HealthCheck): Promise<Answer> {
  const problem = await check.check();
  if (problem === undefined) return textAnswer(200, 'ok');
  return textAnswer(500, `internal server error: ${problem}`);
}

async function allAnswer(root: string, checks: readonly HealthCheck[], verbose: boolean): Promise<Answer> {
  const results = await Promise.all(
    checks.map(async (check) => ({ name: check.name, problem: await check.check() })),
  );
  const failed = results.some(({ problem }) => problem !== undefined);
  if (!failed && !verbose) return textAnswer(200, 'ok');
  const lines = results.map(({ name, problem }) =>
    problem === undefined ? `[+]${name} ok` : `[-]${name} failed: reason withheld`,
  );
  const end = failed ? `${root} check failed` : `${root} check passed`;
  return textAnswer(failed ? 500 : 200, `${[...lines, end].join('\n')}\n`);
}
