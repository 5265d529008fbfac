import { settleAll } from '../../../base/async/settleAll.ts';
import { BinaryReader } from '../../../base/binaryReader.ts';
import { AppError } from '../../../base/errors.ts';
import { begin, readRange, type BlockSource } from '../../block/blockSource.ts';

const headerBytes = 16;
const magic = 0x7041_6e53;
const version = 1;
const sectorBytes = 512;
const entryBytes = 16;
const maxChunkBytes = 16 * 1024 * 1024;
/** What is kept in memory, some hundred megabytes: 8 GiB of changes in the chunks that LVM2 makes. */
const maxChanges = 2 ** 21;

/**
 * A volume as it was when the snapshot was made: what has changed since was copied aside, the rest is in the origin.
 * @param changes  the volume with the copies
 * @param name     for errors
 * @throws UNSUPPORTED_FORMAT if the snapshot is full or not of this kind; CORRUPT_DATA
 * @see Linux, drivers/md/dm-snap-persistent.c
 */
export async function snapshotSource(
  origin: BlockSource,
  changes: BlockSource,
  name: string,
  signal: AbortSignal,
): Promise<BlockSource> {
  const { sizeBytes } = origin;
  const { chunkBytes, places } = await readChanges(changes, name, signal);
  return {
    sizeBytes,
    read: async (offsetBytes, target, readSignal) => {
      begin(name, sizeBytes, offsetBytes, target, readSignal);
      const endBytes = offsetBytes + target.byteLength;
      const reads: Promise<void>[] = [];
      for (let from = offsetBytes; from < endBytes;) {
        const chunk = Math.floor(from / chunkBytes);
        const until = Math.min(endBytes, (chunk + 1) * chunkBytes);
        const piece = target.subarray(from - offsetBytes, until - offsetBytes);
        const place = places.get(chunk);
        const inChunk = from - chunk * chunkBytes;
        reads.push(
          place === undefined
            ? origin.read(from, piece, readSignal)
            : changes.read(place * chunkBytes + inChunk, piece, readSignal),
        );
        from = until;
      }
      // Nobody writes into the target once the read has ended.
      await settleAll(reads);
    },
  };
}

/** Where the chunks that were copied aside lie, by their numbers. */
async function readChanges(changes: BlockSource, name: string, signal: AbortSignal) {
  const head = new BinaryReader(await readRange(changes, 0, headerBytes, signal), `snapshot ${name}`);
  if (head.u32le('magic', 0) !== magic || head.u32le('version', 8) !== version) {
    throw unreadable(name, 'its changes are kept in a way that is not known');
  }
  if (head.u32le('valid', 4) !== 1) throw unreadable(name, 'the snapshot had run full');
  const chunkBytes = head.u32le('chunk size', 12, { min: 1, max: maxChunkBytes / sectorBytes }) * sectorBytes;
  const perArea = Math.floor(chunkBytes / entryBytes);
  const chunkCount = Math.floor(changes.sizeBytes / chunkBytes);
  const places = new Map<number, number>();
  // Areas with places, each followed by the chunks that it tells of.
  for (let area = 1; area < chunkCount; area += perArea + 1) {
    const bytes = await readRange(changes, area * chunkBytes, chunkBytes, signal);
    const reader = new BinaryReader(bytes, `snapshot ${name}`, area * chunkBytes);
    for (let index = 0; index < perArea; index += 1) {
      const place = reader.u64le('new chunk', index * entryBytes + 8, { max: chunkCount - 1 });
      if (place === 0) return { chunkBytes, places };
      places.set(reader.u64le('old chunk', index * entryBytes), place);
      if (places.size > maxChanges) throw unreadable(name, 'too much has changed since it was made');
    }
  }
  return { chunkBytes, places };
}

function unreadable(name: string, why: string): AppError {
  return new AppError('UNSUPPORTED_FORMAT', `The logical volume ${name} cannot be read: ${why}`, {
    object: name,
  });
}
