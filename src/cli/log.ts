import type { Clock } from '../base/clock.ts';
import { type LogFields, type Logger, silentLogger } from '../base/logger.ts';

/** Lines on standard error: time, level, message, fields. Warnings and errors are always shown. */
export function createLogger(verbose: boolean, clock: Clock): Logger {
  const write =
    (level: string) =>
    (message: string, fields: LogFields = {}) => {
      const details = Object.entries(fields)
        .filter(([, value]) => value !== undefined)
        .map(([field, value]) => ` ${field}=${String(value)}`);
      process.stderr.write(`${clock.now().toISOString()} ${level} ${message}${details.join('')}\n`);
    };
  const always = { warn: write('warn '), error: write('error') };
  return verbose
    ? { ...always, debug: write('debug'), info: write('info ') }
    : { ...silentLogger, ...always };
}
