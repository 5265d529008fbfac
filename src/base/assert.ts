import { AppError } from './errors.ts';

/** For what the code itself guarantees; bad input from outside gets a typed error of its own instead. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AppError('INTERNAL', `assertion failed: ${message}`);
}

/** Closes a `switch` over a union: adding a case to the union breaks the build here. */
export function never(value: never): never {
  throw new AppError('INTERNAL', `unhandled case: ${JSON.stringify(value)}`);
}

/** The value, which the code itself guarantees to be there. */
export function defined<T>(value: T | undefined | null, what: string): T {
  if (value === undefined || value === null) throw new AppError('INTERNAL', `${what} is missing`);
  return value;
}
