import type { Argon2Derivation } from '../luksHeader.ts';

/** What a thread that derives a key is started with; it answers with the key. */
export interface Argon2Task extends Argon2Derivation {
  readonly passphrase: string;
  readonly keyBytes: number;
}
