import { AppError } from '../../base/errors.ts';
import { MiB } from '../../base/units.ts';
import type { Compression } from '../codec/compression.ts';

/** How what is stored from now on is compressed and packed; what is stored already stays as it is. */
export interface Storing {
  readonly compression: Compression;
  /** Size at which a pack is closed. Larger ones suit object stores, and take memory while they are filled. */
  readonly packBytes: number;
}

/** What restic takes for the size of a pack, too. */
export const packMiBRange = { min: 4, max: 128 } as const;

export const usualStoring: Storing = { compression: 'auto', packBytes: 16 * MiB };

/** @throws INVALID_INPUT naming `object` for a size that other clients would not take */
export function packBytesOf(packMiB: number, object: string): number {
  const { min, max } = packMiBRange;
  if (Number.isSafeInteger(packMiB) && packMiB >= min && packMiB <= max) return packMiB * MiB;
  throw new AppError('INVALID_INPUT', `packs of ${packMiB} MiB cannot be had`, {
    object,
    remedy: `Choose a whole number from ${min} to ${max}`,
  });
}
