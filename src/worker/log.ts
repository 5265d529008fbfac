import type { Clock } from '../base/clock.ts';
import type { LogFields, Logger } from '../base/logger.ts';
import type { JobLogLine } from '../protocol/job.ts';

/** A logger that makes lines and hands them on. */
export function lineLogger(clock: Clock, write: (line: JobLogLine) => void): Logger {
  const at =
    (level: JobLogLine['level']) =>
    (message: string, fields: LogFields = {}) => {
      const details = Object.entries(fields)
        .filter(([, value]) => value !== undefined)
        .map(([field, value]) => ` ${field}=${String(value)}`);
      write({ at: clock.now().toISOString(), level, text: `${message}${details.join('')}` });
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/** Standard error, which whoever started the worker has led into a file. */
export function stderrLogger(clock: Clock): Logger {
  return lineLogger(clock, ({ at, level, text }) => {
    if (level !== 'debug') process.stderr.write(`${at} ${level.padEnd(5)} ${text}\n`);
  });
}
