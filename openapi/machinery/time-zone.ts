/** What the clocks of a place show. */
export interface WallTime {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  /** 0 is Sunday. */
  readonly weekday: number;
}

const formats = new Map<string, Intl.DateTimeFormat>();
const formatsMax = 64;

function formatOf(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone);
  if (known !== undefined) return known;
  if (formats.size >= formatsMax) formats.clear();
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  formats.set(zone, format);
  return format;
}

/** True for a zone of the IANA database. */
export function isTimeZone(zone: string): boolean {
  if (!/^[A-Za-z0-9_+/-]+$/.test(zone)) return false;
  try {
    formatOf(zone);
    return true;
  } catch {
    return false;
  }
}

/** The zone of the process. */
export function localTimeZone(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone;
}

export function wallTime(ms: number, zone: string): WallTime {
  if (zone === 'UTC') return ofUtc(new Date(ms));
  const parts: Record<string, number> = {};
  for (const { type, value } of formatOf(zone).formatToParts(ms)) parts[type] = Number(value);
  const { year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0 } = parts;
  const weekday = new Date(Date.UTC(year, month - 1, day)).getUTCDay();
  return { year, month, day, hour, minute, second, weekday };
}

function ofUtc(date: Date): WallTime {
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
    second: date.getUTCSeconds(),
    weekday: date.getUTCDay(),
  };
}

/** How far the zone's clocks are ahead of UTC, in ms. */
export function zoneOffsetMs(ms: number, zone: string): number {
  const { year, month, day, hour, minute, second } = wallTime(ms, zone);
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(ms / 1000) * 1000;
}

/** The moment at which a day begins; a month or day beyond the calendar's is counted on. Where clocks skip midnight it is a little later. */
export function firstOfDay(
  { year, month, day }: Pick<WallTime, 'year' | 'month' | 'day'>,
  zone: string,
): number {
  const asUtcMs = Date.UTC(year, month - 1, day);
  // The offset of before the day holds at its begin, unless clocks change just then.
  const early = asUtcMs - zoneOffsetMs(asUtcMs - 24 * 3_600_000, zone);
  const late = asUtcMs - zoneOffsetMs(asUtcMs + 24 * 3_600_000, zone);
  const wanted = new Date(asUtcMs).getUTCDate();
  const [first = early, second = late] = [early, late].sort((a, b) => a - b);
  return wallTime(first, zone).day === wanted ? first : second;
}

/** RFC 3339 with the zone's offset: "2026-07-01T09:00:00+02:00", "…Z" for UTC. */
export function zonedTimeText(ms: number, zone: string): string {
  const offsetMinutes = Math.round(zoneOffsetMs(ms, zone) / 60_000);
  const text = new Date(ms + offsetMinutes * 60_000).toISOString().slice(0, 19);
  if (offsetMinutes === 0) return `${text}Z`;
  const size = Math.abs(offsetMinutes);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${text}${offsetMinutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}
