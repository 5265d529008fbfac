import { BinaryReader } from '../../../base/binaryReader.ts';
import { CorruptDataError } from '../../../base/errors.ts';
import { readRange } from '../../block/blockSource.ts';
import { isChecksumRight } from './checksum.ts';
import { extentRuns } from './extents.ts';
import { localContent, type Inode } from './inode.ts';
import type { XfsVolume } from './volume.ts';

const maxLinkBytes = 1024;
const magic = 0x5853_4c4d;
const headerBytes = 56;
const checksumOffset = 12;

/**
 * The target of a symbolic link. Each extent of version 5 begins with a header.
 * @see XFS Algorithms & Data Structures, 3rd edition, "Symbolic Links"
 */
export async function readLinkTarget(
  volume: XfsVolume,
  inode: Inode,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const { sizeBytes } = inode.stat;
  if (sizeBytes > maxLinkBytes) {
    throw new CorruptDataError(`symbolic link inode ${inode.number} has ${sizeBytes} bytes`);
  }
  if (inode.format === 'local') return localContent(inode);
  const { isV5, blockBytes } = volume.superblock;
  const maxBytes = (maxLinkBytes + headerBytes) * 2 + blockBytes;
  const parts: Uint8Array[] = [];
  let left = sizeBytes;
  for await (const run of extentRuns(volume, inode, 0, maxBytes, signal)) {
    if (left <= 0) break;
    if (run.volumeOffsetBytes === undefined || run.lengthBytes > maxBytes) {
      throw new CorruptDataError(`symbolic link inode ${inode.number} has an extent that no link has`);
    }
    const bytes = await readRange(volume.source, run.volumeOffsetBytes, run.lengthBytes, signal);
    const text = isV5 ? textBehindHeader(bytes, inode, sizeBytes - left) : bytes;
    const part = text.subarray(0, left);
    parts.push(part);
    left -= part.byteLength;
  }
  if (left > 0) throw new CorruptDataError(`symbolic link inode ${inode.number} lacks ${left} bytes`);
  return Buffer.concat(parts);
}

function textBehindHeader(bytes: Uint8Array, inode: Inode, offset: number): Uint8Array {
  const reader = new BinaryReader(bytes, `XFS symbolic link of inode ${inode.number}`);
  reader.u32be('magic', 0, { min: magic, max: magic });
  if (!isChecksumRight(bytes, checksumOffset))
    throw reader.error('the checksum does not match', checksumOffset);
  reader.u32be('offset', 4, { min: offset, max: offset });
  return reader.bytes('text', headerBytes, reader.u32be('length', 8, { min: 1, max: maxLinkBytes }));
}
