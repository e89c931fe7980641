const minuteSeconds = 60;
const hourMinutes = 60;
const dayHours = 24;
const yearHours = 365 * dayHours;

/** A duration as kubectl prints it: two units at most, and only while the second still matters ("3m5s", "25m", "2d2h", "2y1d"). */
export function durationText(ms: number): string {
  const seconds = Math.trunc(ms / 1000);
  if (seconds < -1) return '<invalid>';
  if (seconds < 0) return '0s';
  if (seconds < 2 * minuteSeconds) return `${seconds}s`;
  const minutes = Math.floor(seconds / minuteSeconds);
  if (minutes < 10) return pair(minutes, 'm', seconds % minuteSeconds, 's');
  if (minutes < 3 * hourMinutes) return `${minutes}m`;
  return hoursText(Math.floor(minutes / hourMinutes), minutes % hourMinutes);
}

function hoursText(hours: number, minutes: number): string {
  if (hours < 8) return pair(hours, 'h', minutes, 'm');
  if (hours < 2 * dayHours) return `${hours}h`;
  const days = Math.floor(hours / dayHours);
  if (hours < 8 * dayHours) return pair(days, 'd', hours % dayHours, 'h');
  if (hours < 2 * yearHours) return `${days}d`;
  if (hours < 8 * yearHours) return pair(Math.floor(days / 365), 'y', days % 365, 'd');
  return `${Math.floor(days / 365)}y`;
}

/** How long ago an RFC 3339 time was; `<unknown>` when there is none. */
export function ageText(time: string | null | undefined, now: number): string {
  if (time === undefined || time === null || time === '') return '<unknown>';
  return durationText(now - Date.parse(time));
}

function pair(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large}${largeUnit}` : `${large}${largeUnit}${small}${smallUnit}`;
}
