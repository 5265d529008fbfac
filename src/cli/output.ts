import type { AppError } from '../base/errors.ts';

/** Where results go. Text for people or, with `--json`, one JSON value on standard output and nothing else there. */
export interface Output {
  readonly json: boolean;
  /** The command's result; called once. `text` is made only if it is shown. */
  result(value: unknown, text: () => string): void;
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
  if (error.remedy !== undefined) lines.push(`  What to do: ${error.remedy}`);
  return lines.join('\n');
}

export function errorValue(error: AppError): unknown {
  return {
    error: {
      code: error.code,
      message: error.message,
      ...(error.object !== undefined && { object: error.object }),
      ...(error.remedy !== undefined && { remedy: error.remedy }),
      retryable: error.retryable,
    },
  };
}
