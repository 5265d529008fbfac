import { AppError } from '../../../base/errors.ts';

/** What a volume encrypted with LUKS says of itself, in either version of the format. */
export interface LuksHeader {
  readonly version: 1 | 2;
  readonly uuid: string;
  /** As it was given; often empty. */
  readonly label: string;
  readonly keyslots: readonly Keyslot[];
  readonly payload: Payload;
  /** By which the key of the volume is known. */
  readonly digest: KeyDigest;
  readonly problems: readonly string[];
}

/** A copy of the volume's key, encrypted with a key that is derived from a passphrase. */
export interface Keyslot {
  readonly derivation: KeyDerivation;
  /** Of the volume's key. */
  readonly keyBytes: number;
  /** Where the copy lies, spread over so many stripes. */
  readonly areaOffsetBytes: number;
  readonly stripes: number;
  readonly spreadHash: string;
  readonly cipher: string;
  readonly areaKeyBytes: number;
}

export type KeyDerivation = Pbkdf2Derivation | Argon2Derivation;

export interface Pbkdf2Derivation {
  readonly kind: 'pbkdf2';
  readonly hash: string;
  readonly salt: Uint8Array;
  readonly iterations: number;
}

export interface Argon2Derivation {
  readonly kind: 'argon2i' | 'argon2id';
  readonly salt: Uint8Array;
  readonly memoryKiB: number;
  readonly passes: number;
  readonly lanes: number;
}

/** Where the encrypted bytes lie and how they are encrypted. */
export interface Payload {
  readonly offsetBytes: number;
  /** To the end of the volume if undefined. */
  readonly sizeBytes: number | undefined;
  readonly cipher: string;
  readonly sectorBytes: number;
  /** The number of the first sector, in units of 512 bytes. */
  readonly firstSector: number;
}

export interface KeyDigest {
  readonly derivation: Pbkdf2Derivation;
  readonly digest: Uint8Array;
}

export const maxKeyBytes = 128;
export const maxStripes = 4000;
/** A header is read before anything proves who wrote it: it may not keep a thread busy for hours. */
export const maxIterations = 100_000_000;

export function unsupportedLuks(what: string): AppError {
  return new AppError('UNSUPPORTED_FORMAT', `The encrypted volume cannot be read: ${what}`, {
    remedy: 'Restore the whole disk and read the files in a guest',
  });
}
