import { NotificationType, RequestType } from 'vscode-jsonrpc';

import type { WireError } from './wireError.ts';

/**
 * What survives JSON unchanged. Numbers are safe integers or plain fractions, times RFC 3339 text in UTC, bytes base64.
 * Anything else (bigint, bytes, dates, maps, functions) becomes `never`, so that a message with it does not compile.
 */
export type Plain<T> = T extends string | number | boolean | null | undefined
  ? T
  : T extends bigint | symbol | Date | ArrayBufferView | ReadonlyMap<unknown, unknown> | ReadonlySet<unknown>
    ? never
    : T extends (...args: never) => unknown
      ? never
      : T extends object
        ? { readonly [K in keyof T]: Plain<T[K]> }
        : never;

/** For requests without parameters and answers without content. */
export type Empty = Readonly<Record<string, never>>;

/** `Name` if the message types survive JSON; otherwise nothing can be given for it. */
type MethodOf<T, Name = `${string}/${string}`> = [T] extends [Plain<T>] ? Name : never;

/** A request named `noun/verb`. It fails with a ResponseError whose data is a WireError. */
export function request<P, R>(method: MethodOf<readonly [P, R]>): RequestType<P, R, WireError> {
  return new RequestType(method);
}

/** Told to every client, without an answer. */
export function notification<P>(method: MethodOf<P>): NotificationType<P> {
  return new NotificationType(method);
}
