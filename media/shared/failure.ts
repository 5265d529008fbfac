import { toAppError } from '../../src/base/errors.ts';

/** Why something cannot be shown, as a person reads it. */
export interface Failure {
  readonly text: string;
  /** What helps is a password. */
  readonly needsPassword: boolean;
}

/** Something that is waited for, is there, or could not be had. */
export type Loadable<T> =
  | { readonly kind: 'loading' }
  | { readonly kind: 'ready'; readonly value: T }
  | { readonly kind: 'failed'; readonly failure: Failure };

export const loading = { kind: 'loading' } as const;

export function failureOf(thrown: unknown): Failure {
  const { code, message, remedy } = toAppError(thrown);
  const what = `${message.charAt(0).toUpperCase()}${message.slice(1)}`;
  return {
    text: remedy === undefined ? `${what}.` : `${what}. ${remedy}.`,
    needsPassword: code === 'AUTHENTICATION',
  };
}
