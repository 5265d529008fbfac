import type { Brand } from '../../base/brand.ts';

/** The name of a key file: SHA-256 of its bytes, lower-case hexadecimal. */
export type KeyId = Brand<string, 'KeyId'>;

/** A password that opens the repository, as far as its key file tells without it. */
export interface KeyEntry {
  readonly id: KeyId;
  /** Who made it, and where. */
  readonly username: string;
  readonly hostname: string;
  /** Undefined if the file does not say. */
  readonly createdAt: Date | undefined;
  /** It is the one on the printed recovery kit. */
  readonly isRecoveryKit: boolean;
  /** This handle was opened with it. */
  readonly isCurrent: boolean;
}
