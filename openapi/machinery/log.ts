export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
export type LogFacts = Readonly<Record<string, string | number | boolean | undefined>>;

/** Structured lines for people: time, level, area, message, key=value. Values are escaped, so that no input can forge a line. */
export interface Logger {
  log(level: LogLevel, message: string, facts?: LogFacts): void;
  /** The same sink, with `area` in each line. */
  child(area: string): Logger;
}

const order: Record<LogLevel, number> = { debug: 0, info: 1, warn: 2, error: 3 };

/** A logger that writes one line a call to `write`, from `level` up. */
export function lineLogger(
  write: (line: string) => void,
  now: () => number,
  level: LogLevel,
  area = '',
): Logger {
  return {
    log(at, message, facts = {}) {
      if (order[at] < order[level]) return;
      const pairs = Object.entries(facts)
        .filter(([, value]) => value !== undefined)
        .map(
          ([key, value]) => ` ${key}=${typeof value === 'string' ? JSON.stringify(value) : String(value)}`,
        );
      const text = JSON.stringify(message).slice(1, -1).replaceAll('\\"', '"');
      const where = area === '' ? '' : ` ${area}:`;
      write(
        `${new Date(now()).toISOString()} ${at.toUpperCase().padEnd(5)}${where} ${text}${pairs.join('')}\n`,
      );
    },
    child(name) {
      return lineLogger(write, now, level, area === '' ? name : `${area}/${name}`);
    },
  };
}

export const silentLogger: Logger = {
  log: () => undefined,
  child: () => silentLogger,
};
