import { assertRange, begin, type BlockSource } from './blockSource.ts';

/**
 * A part of a source, as a source of its own: a partition of a disk. Reads cannot leave it.
 * @param what  names the part in errors
 * @throws INVALID_INPUT if the part leaves the source
 */
export function sliceSource(
  source: BlockSource,
  startBytes: number,
  sizeBytes: number,
  what: string,
): BlockSource {
  assertRange(what, source.sizeBytes, startBytes, sizeBytes);
  return {
    sizeBytes,
    read: async (offsetBytes, target, signal) => {
      begin(what, sizeBytes, offsetBytes, target, signal);
      await source.read(startBytes + offsetBytes, target, signal);
    },
    fingerprint: async (offsetBytes, lengthBytes, signal) => {
      assertRange(what, sizeBytes, offsetBytes, lengthBytes);
      return await source.fingerprint?.(startBytes + offsetBytes, lengthBytes, signal);
    },
  };
}
