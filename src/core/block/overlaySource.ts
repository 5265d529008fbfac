import { begin, type BlockSource } from './blockSource.ts';

/**
 * A source with some of its blocks replaced by others from memory; the source itself is not touched.
 * @param blockBytes  size of every replacement; block `n` covers `[n * blockBytes, (n + 1) * blockBytes)`
 */
export function overlaySource(
  source: BlockSource,
  blockBytes: number,
  replacements: ReadonlyMap<number, Uint8Array>,
): BlockSource {
  if (replacements.size === 0) return source;
  return {
    sizeBytes: source.sizeBytes,
    read: async (offsetBytes, target, signal) => {
      begin('overlay', source.sizeBytes, offsetBytes, target, signal);
      await source.read(offsetBytes, target, signal);
      const endBytes = offsetBytes + target.byteLength;
      for (let block = Math.floor(offsetBytes / blockBytes); block * blockBytes < endBytes; block += 1) {
        const replacement = replacements.get(block);
        if (replacement === undefined) continue;
        const blockStart = block * blockBytes;
        const from = Math.max(offsetBytes, blockStart);
        const until = Math.min(endBytes, blockStart + blockBytes);
        target.set(replacement.subarray(from - blockStart, until - blockStart), from - offsetBytes);
      }
    },
  };
}
