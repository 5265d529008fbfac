import type { AppError, ErrorCode } from '../base/errors.ts';

/** Where results go. Text for people or, with `--json`, one JSON value on standard output and nothing else there. */
export interface Output {
  readonly json: boolean;
  /** The command's result; called once. `text` is made only if it is shown. */
  result(value: unknown, text: () => string): void;
  /** A line of a result that comes bit by bit; with `--json` all of it comes in `result`. */
  line(text: string): void;
  /** A line beside the result: standard error, never part of JSON. */
  note(line: string): void;
}

export function createOutput(json: boolean): Output {
  return {
    json,
    result: (value, text) => {
      const shown = json ? JSON.stringify(value, undefined, 2) : text();
      if (shown !== '') process.stdout.write(`${shown}\n`);
    },
    line: text => {
      if (!json) process.stdout.write(`${text}\n`);
    },
    note: line => {
      process.stderr.write(`${line}\n`);
    },
  };
}

/** Columns as wide as their widest cell; `right` names the columns of numbers. */
export function table(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  right: ReadonlySet<number> = new Set(),
): string {
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map(row => (row[column] ?? '').length)),
  );
  return [header, ...rows]
    .map(row =>
      row
        .map((cell, column) => {
          const width = widths[column] ?? 0;
          return right.has(column) ? cell.padStart(width) : cell.padEnd(width);
        })
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** What went wrong, with which object, why, and what to do. */
export function describeError(error: AppError): string {
  const lines = [`Error: ${error.message}`];
  for (let cause = error.cause; cause instanceof Error; cause = cause.cause) {
    if (!lines.some(line => line.includes(cause instanceof Error ? cause.message : '')))
      lines.push(`  because ${cause.message}`);
  }
  const remedy = remedyOf(error);
  if (remedy !== undefined) lines.push(`  What to do: ${remedy}`);
  return lines.join('\n');
}

export function errorValue(error: AppError): unknown {
  return {
    error: {
      code: error.code,
      message: error.message,
      ...(error.object !== undefined && { object: error.object }),
      ...(remedyOf(error) !== undefined && { remedy: remedyOf(error) }),
      retryable: error.retryable,
    },
  };
}

/** Where the error itself knows best, its own remedy; else what helps with all errors of its code. */
function remedyOf({ code, remedy }: AppError): string | undefined {
  return remedy ?? usualRemedies[code];
}

const usualRemedies: Readonly<Record<ErrorCode, string | undefined>> = {
  CANCELLED: undefined,
  UNREACHABLE: 'Try again; if it fails again, look at the server and the network',
  AUTHENTICATION: 'Check the user name and the password',
  UNTRUSTED_SERVER: 'Compare the fingerprint with the one shown on the server',
  PERMISSION: 'Grant what is missing, or use another account',
  NOT_FOUND: 'Check the name; the listing commands show what there is',
  CONFLICT: 'Look at what is in the way, then try again',
  INVALID_INPUT: 'Add --help to the command to see what it expects',
  QUIESCE_FAILED: 'Look for the reason in the guest',
  CORRUPT_DATA: 'Use another restore point or copy, and check the device that holds this one',
  UNSUPPORTED_FORMAT: 'Use a version of Quiesce that knows it',
  STORAGE_FULL: 'Free space and try again',
  WORKER_LOST: 'Try again',
  INTERNAL: 'This is a fault of Quiesce: report it with what the command says with --verbose',
};
