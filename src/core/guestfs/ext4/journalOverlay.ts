import { begin, type BlockSource } from '../../block/blockSource.ts';
import type { JournalledBlock } from './journal.ts';
import { journalMagic } from './journalSuperblock.ts';

/** The volume as it will be after recovery: what the journal holds is read from there, everything else in place. */
export function journalOverlay(
  source: BlockSource,
  blockBytes: number,
  blocks: ReadonlyMap<number, JournalledBlock>,
): BlockSource {
  return {
    sizeBytes: source.sizeBytes,
    read: async (offsetBytes, target, signal) => {
      begin('volume', source.sizeBytes, offsetBytes, target, signal);
      await source.read(offsetBytes, target, signal);
      const endBytes = offsetBytes + target.byteLength;
      for (let block = Math.floor(offsetBytes / blockBytes); block * blockBytes < endBytes; block += 1) {
        const journalled = blocks.get(block);
        if (journalled === undefined) continue;
        const blockStart = block * blockBytes;
        const from = Math.max(offsetBytes, blockStart);
        const until = Math.min(endBytes, blockStart + blockBytes);
        const part = target.subarray(from - offsetBytes, until - offsetBytes);
        await source.read(journalled.offsetBytes + from - blockStart, part, signal);
        if (journalled.isEscaped) restoreMagic(part, from - blockStart);
      }
    },
    fingerprint: async (offsetBytes, lengthBytes, signal) => {
      const endBytes = offsetBytes + lengthBytes;
      for (let block = Math.floor(offsetBytes / blockBytes); block * blockBytes < endBytes; block += 1)
        if (blocks.has(block)) return undefined;
      return await source.fingerprint?.(offsetBytes, lengthBytes, signal);
    },
  };
}

function restoreMagic(part: Uint8Array, offsetInBlock: number): void {
  for (let index = 0; offsetInBlock + index < 4 && index < part.byteLength; index += 1) {
    part[index] = (journalMagic >>> (8 * (3 - offsetInBlock - index))) & 0xff;
  }
}
