import { AppError } from '../../../base/errors.ts';

/** Undefined for what the guest does not have. */
export async function optional<Value>(found: Promise<Value>): Promise<Value | undefined> {
  return await found.catch((error: unknown) => {
    if (AppError.is(error, 'NOT_FOUND')) return undefined;
    throw error;
  });
}
