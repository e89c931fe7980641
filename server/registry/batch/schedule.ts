const macros = new Set(['@yearly', '@annually', '@monthly', '@weekly', '@daily', '@midnight', '@hourly']);
const months = 'jan feb mar apr may jun jul aug sep oct nov dec'.split(' ');
const days = 'sun mon tue wed thu fri sat'.split(' ');

interface Bounds {
  readonly min: number;
  readonly max: number;
  readonly names: readonly string[];
  /** The number of the first name. */
  readonly first: number;
}

const bounds: readonly Bounds[] = [
  { min: 0, max: 59, names: [], first: 0 },
  { min: 0, max: 23, names: [], first: 0 },
  { min: 1, max: 31, names: [], first: 0 },
  { min: 1, max: 12, names: months, first: 1 },
  { min: 0, max: 6, names: days, first: 0 },
];

/** What is wrong with a cron schedule; undefined for a good one. */
export function scheduleProblem(schedule: string): string | undefined {
  const text = schedule.replace(/^(?:CRON_)?TZ=\S*\s+/, '');
  if (text.startsWith('@')) {
    if (macros.has(text)) return undefined;
    if (/^@every (\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$/.test(text)) return undefined;
    return text.startsWith('@every ')
      ? `failed to parse duration ${text}: time: invalid duration ${JSON.stringify(text.slice(7))}`
      : `unrecognized descriptor: ${text}`;
  }
  const fields = text.split(/\s+/).filter((field) => field !== '');
  if (fields.length !== 5) {
    return `expected exactly 5 fields, found ${fields.length}: [${fields.join(' ')}]`;
  }
  for (const [i, field] of fields.entries()) {
    const bound = bounds[i];
    if (bound === undefined) continue;
    for (const part of field.split(',')) {
      const problem = partProblem(part, bound);
      if (problem !== undefined) return problem;
    }
  }
  return undefined;
}

function partProblem(part: string, bound: Bounds): string | undefined {
  const [range = '', step, ...more] = part.split('/');
  if (more.length > 0) return `too many slashes: ${part}`;
  const [low = '', high, ...rest] = range.split('-');
  if (rest.length > 0) return `too many hyphens: ${part}`;
  const start = low === '*' || low === '?' ? bound.min : numberOf(low, bound);
  const end = high === undefined ? (low === '*' || low === '?' ? bound.max : start) : numberOf(high, bound);
  if (typeof start === 'string') return start;
  if (typeof end === 'string') return end;
  const every = step === undefined ? 1 : numberOf(step, { ...bound, names: [] });
  if (typeof every === 'string') return every;
  const last = step !== undefined && high === undefined ? bound.max : end;
  if (start < bound.min) return `beginning of range (${start}) below minimum (${bound.min}): ${part}`;
  if (last > bound.max) return `end of range (${last}) above maximum (${bound.max}): ${part}`;
  if (start > last) return `beginning of range (${start}) beyond end of range (${last}): ${part}`;
  return every === 0 ? `step of range should be a positive number: ${part}` : undefined;
}

/** A number, or why the text is none. */
function numberOf(text: string, bound: Bounds): number | string {
  const name = bound.names.indexOf(text.toLowerCase());
  if (name !== -1) return name + bound.first;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  if (/^-\d+$/.test(text)) return `negative number (${text}) not allowed: ${text}`;
  return `failed to parse int from ${text}: strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`;
}
