import { writeStreamOptimized } from '../../../../src/core/disk/vmdk/streamOptimizedWriter.ts';
import { readStreamOptimized } from '../../../../src/core/disk/vmdk/streamOptimizedReader.ts';
import type { BlockCut, IsWanted } from '../../../../src/core/disk/diskTransport.ts';
import type { DiskBlock } from '../../../../src/core/block/diskBlock.ts';
import { anySignal } from '../../../support/anySignal.ts';
import { collect } from '../../../support/collect.ts';
import { fillPattern } from '../../../support/pattern.ts';

/** A disk of zeros but for patterned areas, given as `[start, end)` in bytes. */
export function patternedDisk(
  sizeBytes: number,
  ...areas: readonly (readonly [number, number])[]
): Uint8Array {
  const disk = new Uint8Array(sizeBytes);
  for (const [start, end] of areas) fillPattern(disk.subarray(start, end), start);
  return disk;
}

export async function* blocksOf(disk: Uint8Array, blockBytes: number): AsyncGenerator<DiskBlock> {
  for (let offsetBytes = 0; offsetBytes < disk.byteLength; offsetBytes += blockBytes) {
    yield { offsetBytes, bytes: disk.slice(offsetBytes, offsetBytes + blockBytes) };
  }
}

export async function vmdkOf(disk: Uint8Array, blockBytes = 1 << 20): Promise<Buffer> {
  return await joined(writeStreamOptimized(disk.byteLength, blocksOf(disk, blockBytes), {}, anySignal));
}

export async function joined(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  return Buffer.concat(await collect(source));
}

export async function* inPieces(bytes: Uint8Array, pieceBytes: number): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.byteLength; start += pieceBytes)
    yield bytes.slice(start, start + pieceBytes);
}

/** The whole disk a VMDK holds, and where its blocks lay, whose memory is given back. */
export async function readBack(
  source: AsyncIterable<Uint8Array>,
  cut?: BlockCut,
  isWanted?: IsWanted,
): Promise<{ readonly disk: Uint8Array; readonly offsets: readonly number[] }> {
  await using vmdk = await readStreamOptimized(source, 'disk-0.vmdk', anySignal);
  const disk = new Uint8Array(vmdk.header.capacityBytes);
  const offsets: number[] = [];
  for await (const block of vmdk.blocks(isWanted, cut)) {
    disk.set(block.bytes, block.offsetBytes);
    offsets.push(block.offsetBytes);
    cut?.memory.give(block.bytes);
  }
  return { disk, offsets };
}
