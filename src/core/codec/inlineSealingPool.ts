import { CancelledError } from '../../base/errors.ts';
import type { Random } from '../../base/random.ts';
import { BlobCodec } from './blobCodec.ts';
import { blobIdOf } from './blobId.ts';
import type { Compression } from './compression.ts';
import type { MasterKey } from './masterKey.ts';
import { openSealer } from './sealer.ts';
import type { BlobProblem, SealingPool } from './sealingPool.ts';

/** A pool without threads: everything is done in the caller's, which it blocks meanwhile. */
export function inlineSealingPool(key: MasterKey, compression: Compression, random: Random): SealingPool {
  const codec = openSealer(key).then(sealer => new BlobCodec(sealer, compression, random));
  return {
    prepare: () => undefined,
    hash: async (plain, signal) => {
      await checked(signal);
      return { id: blobIdOf(plain), plain };
    },
    seal: async (hashed, signal) => {
      await checked(signal);
      return { ...(await codec).seal(hashed), plain: hashed.plain };
    },
    unseal: async (sealed, expected, signal) => {
      await checked(signal);
      return (await codec).unseal(sealed, expected);
    },
    verify: async (pack, blobs, signal) => {
      await checked(signal);
      return { sha256: blobIdOf(pack), problems: (await codec).problemsIn(pack, blobs) };
    },
    unsealTo: async (piece, blobs, target, signal) => {
      const problems: BlobProblem[] = [];
      for (const blob of blobs) {
        await checked(signal);
        const plain = new Uint8Array(blob.plainLengthBytes);
        const problem = (await codec).unsealEnclosed(piece, blob, plain);
        if (problem !== undefined) problems.push(problem);
        else for (const offsetBytes of blob.offsetsBytes) await target.write(offsetBytes, plain, signal);
      }
      return problems;
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
