import { AppError } from '../../../base/errors.ts';
import { MiB } from '../../../base/units.ts';
import { begin, readRange, type BlockSource } from '../../block/blockSource.ts';
import { sliceSource } from '../../block/sliceSource.ts';
import type { Payload } from './luksHeader.ts';
import { sectorCipher } from './sectorCipher.ts';

/** Decrypted at a time: nothing else in the process waits longer than for this. */
const pieceBytes = MiB;

/**
 * The bytes of an encrypted volume. What is not told of them is told by the encrypted ones: with one key, bytes at one
 * place are equal where their encryptions are.
 * @param key       of the volume
 * @param identity  of the key, for fingerprints: bytes under different keys are never taken for equal
 * @throws UNSUPPORTED_FORMAT if the cipher is not read; INVALID_INPUT if the payload leaves the volume
 */
export function decryptedSource(
  volume: BlockSource,
  { offsetBytes: payloadOffset, sizeBytes: declaredBytes, cipher: name, sectorBytes, firstSector }: Payload,
  key: Uint8Array,
  identity: string,
): BlockSource {
  const what = 'encrypted volume';
  const cipher = sectorCipher(name, key, sectorBytes);
  const restBytes = volume.sizeBytes - payloadOffset;
  if (restBytes <= 0) {
    throw new AppError('CORRUPT_DATA', 'the encrypted volume begins behind the end of what holds it');
  }
  const availableBytes = restBytes - (restBytes % sectorBytes);
  const sizeBytes = Math.min(declaredBytes ?? availableBytes, availableBytes);
  const encrypted = sliceSource(volume, payloadOffset, sizeBytes, what);
  return {
    sizeBytes,
    read: async (offsetBytes, target, signal) => {
      begin(what, sizeBytes, offsetBytes, target, signal);
      const endBytes = offsetBytes + target.byteLength;
      for (let from = offsetBytes; from < endBytes;) {
        const until = Math.min(endBytes, from - (from % pieceBytes) + pieceBytes);
        const start = from - (from % sectorBytes);
        const end = Math.ceil(until / sectorBytes) * sectorBytes;
        const bytes = await readRange(encrypted, start, end - start, signal);
        cipher.decrypt(firstSector + start / 512, bytes);
        target.set(bytes.subarray(from - start, until - start), from - offsetBytes);
        from = until;
      }
    },
    fingerprint: async (offsetBytes, lengthBytes, signal) => {
      const start = offsetBytes - (offsetBytes % sectorBytes);
      const end = Math.ceil((offsetBytes + lengthBytes) / sectorBytes) * sectorBytes;
      const found = await encrypted.fingerprint?.(start, end - start, signal);
      return found === undefined ? undefined : `${identity}@${offsetBytes} ${found}`;
    },
  };
}
