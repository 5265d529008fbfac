import { settleAll } from '../../../base/async/settleAll.ts';
import { AppError, CorruptDataError } from '../../../base/errors.ts';
import { begin, type BlockSource } from '../../block/blockSource.ts';

interface Raid10 {
  readonly layout: number;
  readonly chunkBytes: number;
  readonly diskCount: number;
  readonly usedBytes: number;
}

/** How the copies of a chunk lie to each other. */
interface Geometry extends Raid10 {
  /** Side by side, on the next disks. */
  readonly nearCopies: number;
  /** Further back on the disks, or in the next row. */
  readonly farCopies: number;
  readonly isInNextRow: boolean;
  /** Far copies stay within so many disks. */
  readonly farSetDisks: number;
  /** From one far copy to the next, on a disk. */
  readonly strideBytes: number;
}

/**
 * The bytes of an array of RAID 10: of each chunk the first copy whose disk is there.
 * @param columns  the shares of the disks, undefined for those that are missing
 * @see Linux, drivers/md/raid10.c, "__raid10_find_phys"
 */
export function raid10Source(
  columns: readonly (BlockSource | undefined)[],
  raid10: Raid10,
  name: string,
): BlockSource {
  const geometry = geometryOf(raid10, name);
  const { chunkBytes, diskCount, nearCopies, farCopies, usedBytes } = geometry;
  const rows = Math.floor(Math.floor(usedBytes / chunkBytes) / farCopies);
  const sizeBytes = Math.floor((rows * diskCount) / nearCopies) * chunkBytes;
  return {
    sizeBytes,
    read: async (offsetBytes, target, signal) => {
      begin(name, sizeBytes, offsetBytes, target, signal);
      const endBytes = offsetBytes + target.byteLength;
      const reads: Promise<void>[] = [];
      for (let from = offsetBytes; from < endBytes;) {
        const chunk = Math.floor(from / chunkBytes);
        const until = Math.min(endBytes, (chunk + 1) * chunkBytes);
        const copy = firstPresent(columns, geometry, chunk);
        if (copy === undefined) throw missing(name, from);
        const piece = target.subarray(from - offsetBytes, until - offsetBytes);
        reads.push(copy.column.read(copy.atBytes + from - chunk * chunkBytes, piece, signal));
        from = until;
      }
      // Nobody writes into the target once the read has ended.
      await settleAll(reads);
    },
  };
}

function geometryOf(raid10: Raid10, name: string): Geometry {
  const { layout, chunkBytes, diskCount, usedBytes } = raid10;
  const nearCopies = layout & 0xff;
  const farCopies = (layout >>> 8) & 0xff;
  const isInNextRow = (layout & 0x1_0000) !== 0;
  const farSetKind = layout >>> 17;
  const copies = nearCopies * farCopies;
  if (chunkBytes === 0 || copies === 0 || copies > diskCount || farSetKind > 2) {
    throw new CorruptDataError(`the array ${name} has an impossible layout 0x${layout.toString(16)}`);
  }
  const farSetDisks = [diskCount, Math.floor(diskCount / farCopies), copies][farSetKind] ?? diskCount;
  const rows = Math.floor(Math.floor(usedBytes / chunkBytes) / farCopies);
  const chunks = Math.floor((rows * diskCount) / nearCopies);
  const usedChunks = Math.ceil((chunks * copies) / diskCount);
  const strideBytes = isInNextRow ? chunkBytes : Math.floor(usedChunks / farCopies) * chunkBytes;
  return { ...raid10, nearCopies, farCopies, isInNextRow, farSetDisks, strideBytes };
}

function firstPresent(columns: readonly (BlockSource | undefined)[], geometry: Geometry, chunk: number) {
  for (const { disk, atBytes } of copiesOf(geometry, chunk)) {
    const column = columns[disk];
    if (column !== undefined) return { column, atBytes };
  }
  return undefined;
}

function* copiesOf(geometry: Geometry, chunk: number) {
  const { chunkBytes, diskCount, nearCopies, farCopies, isInNextRow, strideBytes } = geometry;
  const position = chunk * nearCopies;
  let row = Math.floor(position / diskCount) * (isInNextRow ? farCopies : 1);
  let disk = position % diskCount;
  for (let near = 0; near < nearCopies; near += 1) {
    let farDisk = disk;
    for (let far = 0; far < farCopies; far += 1) {
      yield { disk: farDisk, atBytes: row * chunkBytes + far * strideBytes };
      farDisk = nextFarDisk(geometry, farDisk);
    }
    disk += 1;
    if (disk < diskCount) continue;
    disk = 0;
    row += 1;
  }
}

/** The last set takes what is left over where the disks do not divide evenly. */
function nextFarDisk({ diskCount, nearCopies, farSetDisks }: Geometry, disk: number): number {
  const lastStart = (Math.floor(diskCount / farSetDisks) - 1) * farSetDisks;
  const leftOver = diskCount % farSetDisks;
  const next = disk + nearCopies;
  if (leftOver !== 0 && next > lastStart) {
    return ((next - lastStart) % (farSetDisks + leftOver)) + lastStart;
  }
  return (next % farSetDisks) + farSetDisks * Math.floor(disk / farSetDisks);
}

function missing(name: string, offsetBytes: number): AppError {
  return new AppError(
    'UNSUPPORTED_FORMAT',
    `The array ${name} cannot be read at ${offsetBytes}: the disks with its copies are missing`,
    { object: name },
  );
}
