import { AppError } from '../../../base/errors.ts';

export function unreadable(name: string, why: string): AppError {
  return new AppError('UNSUPPORTED_FORMAT', `The array ${name} cannot be read: ${why}`, { object: name });
}
