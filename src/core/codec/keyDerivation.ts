import { scrypt } from 'node:crypto';
import { AppError, CorruptDataError } from '../../base/errors.ts';
import type { Secret } from '../../base/secret.ts';
import { MiB } from '../../base/units.ts';
import { masterKeyBytes, masterKeyOf, type MasterKey } from './masterKey.ts';

/** Cost of scrypt: `blocks` is N, `blockSize` r, `parallel` p of RFC 7914. */
export interface ScryptCost {
  readonly blocks: number;
  readonly blockSize: number;
  readonly parallel: number;
}

/** What new key files get: 32 MiB of memory and about a tenth of a second. */
export const defaultScryptCost: ScryptCost = { blocks: 2 ** 15, blockSize: 8, parallel: 1 };

/** A key file is read before anything proves who wrote it: it may not take the machine's memory or an hour. */
const maxMemoryBytes = 512 * MiB;
const maxWork = 2 ** 26;

/**
 * The key that a password opens a key file with.
 * @throws CorruptDataError if the cost is not one of scrypt or beyond 512 MiB or about half a minute
 */
export async function deriveKey(password: Secret, salt: Uint8Array, cost: ScryptCost): Promise<MasterKey> {
  assertCost(cost);
  const { blocks: N, blockSize: r, parallel: p } = cost;
  return await new Promise((resolve, reject) => {
    const onKey = (error: Error | null, material: Buffer) => {
      if (error === null) resolve(masterKeyOf(new Uint8Array(material)));
      else reject(new AppError('INTERNAL', 'scrypt failed', { cause: error }));
    };
    scrypt(password.reveal(), salt, masterKeyBytes, { N, r, p, maxmem: memoryBytes(cost) + 1 * MiB }, onKey);
  });
}

function assertCost(cost: ScryptCost): void {
  const { blocks, blockSize, parallel } = cost;
  const wellFormed =
    [blocks, blockSize, parallel].every(value => Number.isSafeInteger(value) && value >= 1) &&
    blocks >= 2 &&
    Number.isInteger(Math.log2(blocks));
  if (!wellFormed || memoryBytes(cost) > maxMemoryBytes || blocks * blockSize * parallel > maxWork) {
    throw new CorruptDataError(
      `key file: scrypt with N ${blocks}, r ${blockSize}, p ${parallel} is not accepted`,
      { remedy: 'Add a key with common parameters and remove this one' },
    );
  }
}

function memoryBytes({ blocks, blockSize, parallel }: ScryptCost): number {
  return 128 * blockSize * (blocks + parallel);
}
