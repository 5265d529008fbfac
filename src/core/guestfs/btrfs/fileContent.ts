import { BinaryReader } from '../../../base/binaryReader.ts';
import { AppError, CorruptDataError } from '../../../base/errors.ts';
import { readRange } from '../../block/blockSource.ts';
import { readPieces, type Stretch } from '../filePieces.ts';
import { decompressExtent, type Algorithm } from './decompress.ts';
import type { Inode } from './inode.ts';
import { keyTypes, maxOffset, type Key } from './keys.ts';
import type { Item } from './tree.ts';
import type { BtrfsVolume } from './volume.ts';

/** A stretch of a file's content, as one item tells it. What lies between two is a hole. */
interface Extent extends Stretch {
  readonly content: ExtentContent;
}

type ExtentContent =
  | { readonly kind: 'zeros' }
  | { readonly kind: 'inline'; readonly bytes: Uint8Array; readonly packing: Packing | undefined }
  | { readonly kind: 'stored'; readonly logicalBytes: number }
  | {
      readonly kind: 'packed';
      readonly logicalBytes: number;
      readonly storedBytes: number;
      /** Where the stretch begins in what the extent unpacks to. */
      readonly startBytes: number;
      readonly packing: Packing;
    };

interface Packing {
  readonly algorithm: Algorithm;
  readonly unpackedBytes: number;
}

const headBytes = 21;
/** Writers pack at most 128 KiB at a time; sectors of 64 KiB do not change that. */
const maxPackedBytes = 1024 * 1024;
const algorithms: readonly (Algorithm | undefined)[] = [undefined, 'zlib', 'lzo', 'zstd'];
const types = { inline: 0, regular: 1, preallocated: 2 } as const;

/**
 * The content from `startBytes` up to `endBytes`, which must lie in the file, in pieces of 1 MiB but for the last. Reads a
 * few pieces ahead.
 */
export async function* readContent(
  volume: BtrfsVolume,
  inode: Inode,
  startBytes: number,
  endBytes: number,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const extents = extentsFrom(inode, startBytes, signal);
  const fill = async ({ content }: Extent, inExtentBytes: number, target: Uint8Array) => {
    await readExtent(volume, content, inExtentBytes, target, signal);
  };
  yield* readPieces(extents, startBytes, endBytes, fill, signal);
}

/** The extents from the one that holds a byte on, ascending. */
async function* extentsFrom(
  inode: Inode,
  startBytes: number,
  signal: AbortSignal,
): AsyncGenerator<Extent, void, undefined> {
  const { tree } = inode.subvolume;
  const start: Key = { objectId: inode.number, type: keyTypes.extentData, offset: startBytes };
  const from = (await tree.last(start, signal))?.key ?? start;
  let endBytes = 0;
  for await (const items of tree.items(from, { ...start, offset: maxOffset }, signal)) {
    for (const item of items) {
      const extent = parseExtent(item, inode.number);
      if (extent.offsetBytes < endBytes) {
        throw new CorruptDataError(`extents of Btrfs inode ${inode.number} overlap at ${extent.offsetBytes}`);
      }
      endBytes = extent.offsetBytes + extent.lengthBytes;
      yield extent;
    }
  }
}

/** @see Btrfs documentation, "On-disk Format", "EXTENT_DATA" */
function parseExtent({ key, bytes }: Item, inode: number): Extent {
  const reader = new BinaryReader(bytes, `Btrfs extent of inode ${inode} at ${key.offset}`);
  const unpackedBytes = reader.u64le('unpacked size', 8);
  if (reader.u8('encryption', 17) !== 0 || reader.u16le('other encoding', 18) !== 0) {
    throw new AppError(
      'UNSUPPORTED_FORMAT',
      `Btrfs inode ${inode} is encrypted or encoded in an unknown way`,
    );
  }
  const algorithmNumber = reader.u8('compression', 16);
  const algorithm = algorithms[algorithmNumber];
  if (algorithm === undefined && algorithmNumber !== 0) {
    throw new AppError('UNSUPPORTED_FORMAT', `Btrfs inode ${inode} is compressed in an unknown way`);
  }
  if (algorithm !== undefined && unpackedBytes > maxPackedBytes) {
    throw reader.error(`unpacked size is ${unpackedBytes}`, 8);
  }
  const packing = algorithm === undefined ? undefined : { algorithm, unpackedBytes };
  const type = reader.u8('type', 20, { max: types.preallocated });
  if (type === types.inline) {
    const inline = bytes.subarray(headBytes);
    const lengthBytes = packing === undefined ? inline.byteLength : unpackedBytes;
    return { offsetBytes: key.offset, lengthBytes, content: { kind: 'inline', bytes: inline, packing } };
  }
  const logicalBytes = reader.u64le('address', 21);
  const storedBytes = reader.u64le('stored size', 29);
  const startBytes = reader.u64le('offset in the extent', 37);
  const lengthBytes = reader.u64le('length', 45);
  const place = { offsetBytes: key.offset, lengthBytes };
  if (logicalBytes === 0 || type === types.preallocated) return { ...place, content: { kind: 'zeros' } };
  if (packing === undefined) {
    return { ...place, content: { kind: 'stored', logicalBytes: logicalBytes + startBytes } };
  }
  if (storedBytes > maxPackedBytes) throw reader.error(`stored size is ${storedBytes}`, 29);
  if (startBytes + lengthBytes > unpackedBytes) throw reader.error('it leaves what it unpacks to', 37);
  return { ...place, content: { kind: 'packed', logicalBytes, storedBytes, startBytes, packing } };
}

/** Fills `target` from a stretch, `inExtentBytes` after its start; `target` is zeros. */
async function readExtent(
  { space, superblock }: BtrfsVolume,
  content: ExtentContent,
  inExtentBytes: number,
  target: Uint8Array,
  signal: AbortSignal,
): Promise<void> {
  if (content.kind === 'zeros') return;
  if (content.kind === 'stored') {
    await space.read(content.logicalBytes + inExtentBytes, target, signal);
    return;
  }
  const from = inExtentBytes + (content.kind === 'packed' ? content.startBytes : 0);
  const stored =
    content.kind === 'inline'
      ? content.bytes
      : await readRange(space, content.logicalBytes, content.storedBytes, signal);
  const { packing } = content;
  const plain =
    packing === undefined ? stored : await decompressExtent(stored, packing, superblock.sectorBytes);
  target.set(plain.subarray(from, from + target.byteLength));
}
