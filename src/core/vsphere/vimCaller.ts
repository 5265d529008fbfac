import { isSubtype } from './schema/schema.ts';
import type { MoRef } from './schema/moRef.ts';
import type { VimOperations, VimTypes } from './vimTypes.generated.ts';

export type OperationName = keyof VimOperations;
export type Arguments<Name extends OperationName> = VimOperations[Name]['parameters'];
export type Answer<Name extends OperationName> = VimOperations[Name]['returns'];

/** A data object of the API in plain form. `_type` tells its actual type where that derives from the declared one. */
export type Vim<Name extends keyof VimTypes> = VimTypes[Name];

/** Something that performs operations of the API: the SOAP client, a session around it, or a test's script. */
export interface VimCaller {
  /**
   * Performs one operation on `target`. Repeated fields of the answer are always arrays, numbers, booleans and dates
   * have their types, missing fields are missing.
   * @throws VimFaultError for what the server refuses; UNREACHABLE, AUTHENTICATION or CANCELLED for what never got
   *         that far. No error holds the arguments: they may be secrets
   */
  call<Name extends OperationName>(
    operation: Name,
    target: MoRef,
    args: Arguments<Name>,
    signal: AbortSignal,
  ): Promise<Answer<Name>>;
}

/** Whether a received value is of the type or derives from it. */
export function isVim<Name extends keyof VimTypes>(
  value: { readonly _type?: string | undefined } | undefined,
  type: Name,
): value is VimTypes[Name] & { readonly _type: string } {
  return value?._type !== undefined && isSubtype(value._type, type);
}
