import { pbkdf2, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { AppError } from '../../../base/errors.ts';
import type { Secret } from '../../../base/secret.ts';
import { MiB } from '../../../base/units.ts';
import { readRange, type BlockSource } from '../../block/blockSource.ts';
import { joinStripes, spreadHashes } from './antiForensic.ts';
import {
  unsupportedLuks,
  type Argon2Derivation,
  type KeyDerivation,
  type KeyDigest,
  type Keyslot,
  type LuksHeader,
  type Pbkdf2Derivation,
} from './luksHeader.ts';
import { sectorCipher } from './sectorCipher.ts';

/** Derives a key by Argon2, somewhere where it may take seconds and all the memory it was given. */
export type Argon2 = (
  passphrase: Secret,
  derivation: Argon2Derivation,
  keyBytes: number,
  signal: AbortSignal,
) => Promise<Uint8Array>;

/** What cryptsetup takes at most unless it is told otherwise; a header may not ask for the machine's memory. */
const maxArgon2KiB = 1024 * 1024;
/** Passes over 1 MiB: about half an hour. */
const maxArgon2Work = 1024 * 1024;
const maxLanes = 64;
const areaSectorBytes = 512;
const pbkdf2Async = promisify(pbkdf2);

/**
 * The key of the volume, of the first keyslot that the passphrase opens; undefined if it opens none.
 * @throws UNSUPPORTED_FORMAT if no keyslot can be tried, naming why; CORRUPT_DATA, CANCELLED
 */
export async function openKeyslot(
  volume: BlockSource,
  { keyslots, digest }: LuksHeader,
  passphrase: Secret,
  argon2: Argon2,
  signal: AbortSignal,
): Promise<Uint8Array | undefined> {
  let refusal: AppError | undefined;
  let triedCount = 0;
  for (const keyslot of keyslots) {
    try {
      const key = await keyOf(volume, keyslot, passphrase, argon2, signal);
      if (await isKey(key, digest, signal)) return key;
      triedCount += 1;
    } catch (error) {
      if (!AppError.is(error, 'UNSUPPORTED_FORMAT')) throw error;
      refusal ??= error;
    }
  }
  if (keyslots.length === 0) throw unsupportedLuks('it has no keyslot for passphrases');
  if (triedCount === 0 && refusal !== undefined) throw refusal;
  return undefined;
}

async function keyOf(
  volume: BlockSource,
  keyslot: Keyslot,
  passphrase: Secret,
  argon2: Argon2,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const { derivation, keyBytes, stripes, spreadHash, areaOffsetBytes, areaKeyBytes, cipher } = keyslot;
  if (!spreadHashes.has(spreadHash)) throw unsupportedLuks(`its keys are spread by ${named(spreadHash)}`);
  // What cannot be read is refused before anything takes its time.
  sectorCipher(cipher, new Uint8Array(areaKeyBytes), areaSectorBytes);
  const derived = await derive(passphrase, derivation, areaKeyBytes, argon2, signal);
  const usedBytes = keyBytes * stripes;
  const area = await readRange(
    volume,
    areaOffsetBytes,
    Math.ceil(usedBytes / areaSectorBytes) * areaSectorBytes,
    signal,
  );
  sectorCipher(cipher, derived, areaSectorBytes).decrypt(0, area);
  return joinStripes(area.subarray(0, usedBytes), keyBytes, spreadHash);
}

async function derive(
  passphrase: Secret,
  derivation: KeyDerivation,
  keyBytes: number,
  argon2: Argon2,
  signal: AbortSignal,
): Promise<Uint8Array> {
  if (derivation.kind === 'pbkdf2') {
    return await derivePbkdf2(Buffer.from(passphrase.reveal()), derivation, keyBytes, signal);
  }
  const { memoryKiB, passes, lanes } = derivation;
  if (memoryKiB > maxArgon2KiB || (memoryKiB / 1024) * passes > maxArgon2Work || lanes > maxLanes) {
    throw unsupportedLuks(
      `its passphrase takes ${Math.ceil((memoryKiB * 1024) / MiB)} MiB of memory, ${passes} times over by ${lanes} threads`,
    );
  }
  return await argon2(passphrase, derivation, keyBytes, signal);
}

/** Whether a key is that of the volume. */
async function isKey(
  key: Uint8Array,
  { derivation, digest }: KeyDigest,
  signal: AbortSignal,
): Promise<boolean> {
  return timingSafeEqual(await derivePbkdf2(key, derivation, digest.byteLength, signal), digest);
}

async function derivePbkdf2(
  password: Uint8Array,
  { hash, salt, iterations }: Pbkdf2Derivation,
  keyBytes: number,
  signal: AbortSignal,
): Promise<Uint8Array> {
  if (!spreadHashes.has(hash)) throw unsupportedLuks(`its keys are derived by ${named(hash)}`);
  const key = await pbkdf2Async(password, salt, iterations, keyBytes, hash);
  signal.throwIfAborted();
  return key;
}

function named(algorithm: string): string {
  return /^[\w:.-]{1,64}$/.test(algorithm) ? algorithm : 'something without a proper name';
}
