import { CancelledError } from '../../base/errors.ts';
import type { Random } from '../../base/random.ts';
import { BlobCodec } from './blobCodec.ts';
import { blobIdOf } from './blobId.ts';
import type { Compression } from './compression.ts';
import type { MasterKey } from './masterKey.ts';
import { openSealer } from './sealer.ts';
import type { SealingPool } from './sealingPool.ts';

/** A pool without threads: everything is done in the caller's, which it blocks meanwhile. */
export function inlineSealingPool(key: MasterKey, compression: Compression, random: Random): SealingPool {
  const codec = openSealer(key).then(sealer => new BlobCodec(sealer, compression, random));
  return {
    hash: async (plain, signal) => {
      await checked(signal);
      return { id: blobIdOf(plain), plain };
    },
    seal: async (hashed, signal) => {
      await checked(signal);
      return (await codec).seal(hashed);
    },
    unseal: async (sealed, expected, signal) => {
      await checked(signal);
      return (await codec).unseal(sealed, expected);
    },
    [Symbol.asyncDispose]: async () => {
      await codec;
    },
  };
}

/** Lets others run first, as a real queue does. */
async function checked(signal: AbortSignal): Promise<void> {
  await Promise.resolve();
  if (signal.aborted) throw new CancelledError();
}
