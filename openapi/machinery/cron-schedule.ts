import { firstOfDay, wallTime } from './time-zone.ts';

/**
 * When something is due, as Kubernetes reads schedules: five fields (minute, hour, day of the month, month, day of the week),
 * a macro such as "@daily", or "@every 1h30m". Our own reader, since packages differ from it where clocks change, in what a "?" or a
 * step makes of the two kinds of days, and in what they refuse.
 */
export interface CronSchedule {
  /** The first time after `afterMs` that is due by the clocks of `zone`; undefined when there is none within five years. */
  next(afterMs: number, zone: string): number | undefined;
}

const macros: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};
const months = 'jan feb mar apr may jun jul aug sep oct nov dec'.split(' ');
const days = 'sun mon tue wed thu fri sat'.split(' ');
const minuteMs = 60_000;
const yearsMax = 5;

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

/** What is wrong with a schedule; undefined for a good one. */
export function scheduleProblem(text: string): string | undefined {
  const parsed = parseSchedule(text);
  return typeof parsed === 'string' ? parsed : undefined;
}

/** The zone that a schedule names itself, "TZ=Europe/Berlin 0 5 * * *", which Kubernetes tolerates in old objects. */
export function zoneOfSchedule(text: string): string | undefined {
  return /^(?:CRON_)?TZ=(\S*)\s/.exec(text)?.[1];
}

/** A schedule, or what is wrong with its text. */
export function parseSchedule(text: string): CronSchedule | string {
  const plain = text.replace(/^(?:CRON_)?TZ=\S*\s+/, '');
  if (plain.startsWith('@every ')) return parseEvery(plain);
  const spelled = plain.startsWith('@') && Object.hasOwn(macros, plain) ? macros[plain] : plain;
  if (spelled === undefined || spelled.startsWith('@')) return `unrecognized descriptor: ${plain}`;
  const texts = spelled.split(/\s+/).filter((field) => field !== '');
  if (texts.length !== 5) return `expected exactly 5 fields, found ${texts.length}: [${texts.join(' ')}]`;
  const fields: Field[] = [];
  for (const [i, bound] of bounds.entries()) {
    const field = parseField(texts[i] ?? '', bound);
    if (typeof field === 'string') return field;
    fields.push(field);
  }
  const [minute, hour, dayOfMonth, month, dayOfWeek] = fields as [Field, Field, Field, Field, Field];
  const spec = { minute, hour, dayOfMonth, month, dayOfWeek };
  return { next: (afterMs, zone) => nextOf(spec, afterMs, zone) };
}

/** The numbers that a field allows. `isStar`: all of them, without having named any. */
interface Field {
  readonly allowed: ReadonlySet<number>;
  readonly isStar: boolean;
}

function parseField(text: string, bound: Bounds): Field | string {
  const allowed = new Set<number>();
  let isStar = false;
  for (const part of text.split(',')) {
    const range = parseRange(part, bound);
    if (typeof range === 'string') return range;
    for (let value = range.start; value <= range.end; value += range.step) allowed.add(value);
    isStar ||= range.isStar;
  }
  return { allowed, isStar };
}

interface Range {
  readonly start: number;
  readonly end: number;
  readonly step: number;
  readonly isStar: boolean;
}

function parseRange(part: string, bound: Bounds): Range | string {
  const [range = '', stepText, ...more] = part.split('/');
  if (more.length > 0) return `too many slashes: ${part}`;
  const [low = '', high, ...rest] = range.split('-');
  if (rest.length > 0) return `too many hyphens: ${part}`;
  const isStar = low === '*' || low === '?';
  const start = isStar ? bound.min : numberOf(low, bound);
  const stated = high === undefined ? (isStar ? bound.max : start) : numberOf(high, bound);
  if (typeof start === 'string') return start;
  if (typeof stated === 'string') return stated;
  const step = stepText === undefined ? 1 : numberOf(stepText, { ...bound, names: [] });
  if (typeof step === 'string') return step;
  const end = stepText !== undefined && high === undefined ? bound.max : stated;
  if (start < bound.min) return `beginning of range (${start}) below minimum (${bound.min}): ${part}`;
  if (end > bound.max) return `end of range (${end}) above maximum (${bound.max}): ${part}`;
  if (start > end) return `beginning of range (${start}) beyond end of range (${end}): ${part}`;
  if (step === 0) return `step of range should be a positive number: ${part}`;
  return { start, end, step, isStar: isStar && step === 1 };
}

/** A number, or why the text is none. */
function numberOf(text: string, bound: Bounds): number | string {
  const name = bound.names.indexOf(text.toLowerCase());
  if (name !== -1) return name + bound.first;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  if (/^-\d+$/.test(text)) return `negative number (${text}) not allowed: ${text}`;
  return `failed to parse int from ${text}: strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`;
}

const unitMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: minuteMs,
  h: 60 * minuteMs,
};

function parseEvery(text: string): CronSchedule | string {
  const duration = text.slice('@every '.length);
  const parts = /^(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h))+$/.test(duration)
    ? [...duration.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g)]
    : [];
  if (parts.length === 0)
    return `failed to parse duration ${text}: time: invalid duration ${JSON.stringify(duration)}`;
  const delayMs = parts.reduce((sum, [, count, unit]) => sum + Number(count) * (unitMs[unit ?? ''] ?? 0), 0);
  const wholeMs = Math.max(1000, Math.floor(delayMs / 1000) * 1000);
  return { next: (afterMs) => Math.floor(afterMs / 1000) * 1000 + wholeMs };
}

interface Spec {
  readonly minute: Field;
  readonly hour: Field;
  readonly dayOfMonth: Field;
  readonly month: Field;
  readonly dayOfWeek: Field;
}

/**
 * Walks from the next minute on, by the largest step that the first field that does not match allows. Hours and minutes pass as they
 * really do: a time that the clocks leave out is not due, one that they show twice is due twice.
 */
function nextOf(spec: Spec, afterMs: number, zone: string): number | undefined {
  let ms = (Math.floor(afterMs / minuteMs) + 1) * minuteMs;
  const lastYear = wallTime(ms, zone).year + yearsMax;
  for (;;) {
    const wall = wallTime(ms, zone);
    if (wall.year > lastYear) return undefined;
    if (!spec.month.allowed.has(wall.month))
      ms = Math.max(ms + minuteMs, firstOfDay({ year: wall.year, month: wall.month + 1, day: 1 }, zone));
    else if (!isDay(spec, wall))
      ms = Math.max(ms + minuteMs, firstOfDay({ ...wall, day: wall.day + 1 }, zone));
    else if (!spec.hour.allowed.has(wall.hour)) ms += (60 - wall.minute) * minuteMs;
    else if (!spec.minute.allowed.has(wall.minute)) ms += minuteMs;
    else return ms;
  }
}

/** When both kinds of days are restricted, one of them is enough. */
function isDay(
  { dayOfMonth, dayOfWeek }: Spec,
  wall: { readonly day: number; readonly weekday: number },
): boolean {
  const inMonth = dayOfMonth.allowed.has(wall.day);
  const inWeek = dayOfWeek.allowed.has(wall.weekday);
  return dayOfMonth.isStar || dayOfWeek.isStar ? inMonth && inWeek : inMonth || inWeek;
}
