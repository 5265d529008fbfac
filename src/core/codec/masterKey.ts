/**
 * The keys that everything in a repository is sealed with. Plain byte arrays, so that they can be handed to a worker
 * thread; never logged, never in an error.
 */
export interface MasterKey {
  /** AES-256, 32 bytes. */
  readonly encrypt: Uint8Array;
  /** AES-128 key of the Poly1305-AES authenticator, 16 bytes. */
  readonly macK: Uint8Array;
  /** The authenticator's `r`, 16 bytes, not yet masked. */
  readonly macR: Uint8Array;
}
