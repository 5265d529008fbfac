import { BinaryReader } from '../../../base/binaryReader.ts';
import { AppError, CorruptDataError } from '../../../base/errors.ts';
import { readRange, type BlockSource } from '../../block/blockSource.ts';
import { uuidText } from '../uuid.ts';
import { checksumKinds, isChecksumRight, type ChecksumKind } from './checksum.ts';

/** What the file system is made of, as one of its devices tells it. */
export interface Superblock {
  /** Counts the commits; the device with the highest one is up to date. */
  readonly generation: number;
  readonly nodeBytes: number;
  readonly sectorBytes: number;
  readonly rootTree: TreeRoot;
  readonly chunkTree: TreeRoot;
  /** The chunks that hold the chunk tree, as in its leaves: keys of 17 bytes, each with its chunk. */
  readonly systemChunks: Uint8Array;
  /** What was forced to the disk since the last commit: the trees in which it stands, by subvolume. */
  readonly logTree: TreeRoot | undefined;
  /** Holes in files have no items; without this they may, too. */
  readonly holesHaveNoItems: boolean;
  readonly checksumKind: ChecksumKind;
  readonly deviceId: number;
  readonly deviceCount: number;
  readonly label: string;
  readonly uuid: string;
  /** What all nodes carry as the file system's id. */
  readonly structureUuid: Uint8Array;
  readonly problems: readonly string[];
}

/** Where the topmost node of a tree lies, in the address space of the file system. */
export interface TreeRoot {
  readonly logicalBytes: number;
  readonly level: number;
  readonly generation: number;
}

export const maxLevel = 7;

const superblockBytes = 4096;
/** The first copy and those behind it, where the device is large enough. */
const copies = [64 * 1024, 64 * 1024 ** 2, 256 * 1024 ** 3] as const;
const magic = '_BHRfS_M';
const magicOffset = 64;
const systemChunksOffset = 811;
const maxSystemChunksBytes = 2048;
const noHolesFlag = 0x200n;
const structureUuidFlag = 0x400n;
/**
 * Mixed references, default subvolume, mixed groups, LZO, ZSTD, large nodes, extended references, RAID 5 and 6, skinny
 * extents, no holes, structure id, RAID 1 of three and four, simple quotas. None of the others may be read.
 */
const knownIncompat =
  0x1n | 0x2n | 0x4n | 0x8n | 0x10n | 0x20n | 0x40n | 0x80n | 0x100n | 0x200n | 0x400n | 0x800n | 0x10000n;

/**
 * Reads the superblock of a device: its first copy, or the next one that is whole.
 * @throws CORRUPT_DATA, UNSUPPORTED_FORMAT
 * @see Btrfs documentation, "On-disk Format", "Superblock"
 */
export async function readSuperblock(device: BlockSource, signal: AbortSignal): Promise<Superblock> {
  for (const [index, offsetBytes] of copies.entries()) {
    if (offsetBytes + superblockBytes > device.sizeBytes) break;
    const bytes = await readRange(device, offsetBytes, superblockBytes, signal);
    const reader = new BinaryReader(bytes, 'Btrfs superblock', offsetBytes);
    if (reader.ascii('magic', magicOffset, magic.length) !== magic) continue;
    const kind = checksumKinds[reader.u16le('checksum kind', 196)];
    if (kind === undefined) throw unsupported('an unknown kind of checksum');
    if (!isChecksumRight(kind, bytes) || reader.u64le('own position', 48) !== offsetBytes) continue;
    const superblock = parse(reader, kind);
    if (index === 0) return superblock;
    const problem = 'The first superblock is damaged; a copy of it was read';
    return { ...superblock, problems: [problem, ...superblock.problems] };
  }
  throw new CorruptDataError('Btrfs superblock: no copy of it is whole');
}

function parse(reader: BinaryReader, checksumKind: ChecksumKind): Superblock {
  const incompat = reader.bits64le('incompatible features', 188);
  const unknown = incompat & ~knownIncompat;
  if (unknown !== 0n) throw unsupported(`unknown Btrfs features 0x${unknown.toString(16)}`);
  const powerOfTwo = (field: string, offset: number) => {
    const value = reader.u32le(field, offset, { min: 512, max: 65_536 });
    if (!Number.isInteger(Math.log2(value))) throw reader.error(`${field} is ${value}`, offset);
    return value;
  };
  const generation = reader.u64le('generation', 72);
  const uuid = reader.bytes('uuid', 32, 16);
  const hasStructureUuid = (incompat & structureUuidFlag) !== 0n;
  const logTreeBytes = reader.u64le('log tree', 96);
  const systemChunksBytes = reader.u32le('system chunks', 160, { max: maxSystemChunksBytes });
  return {
    generation,
    nodeBytes: powerOfTwo('node size', 148),
    sectorBytes: powerOfTwo('sector size', 144),
    rootTree: {
      logicalBytes: reader.u64le('root tree', 80),
      level: reader.u8('level of the root tree', 198, { max: maxLevel }),
      generation,
    },
    chunkTree: {
      logicalBytes: reader.u64le('chunk tree', 88),
      level: reader.u8('level of the chunk tree', 199, { max: maxLevel }),
      generation: reader.u64le('generation of the chunk tree', 164),
    },
    systemChunks: reader.bytes('system chunks', systemChunksOffset, systemChunksBytes),
    logTree:
      logTreeBytes === 0
        ? undefined
        : {
            logicalBytes: logTreeBytes,
            level: reader.u8('level of the log tree', 200, { max: maxLevel }),
            // It belongs to the commit that never came.
            generation: generation + 1,
          },
    holesHaveNoItems: (incompat & noHolesFlag) !== 0n,
    checksumKind,
    deviceId: reader.u64le('device id', 201),
    deviceCount: reader.u64le('device count', 136, { min: 1, max: 4096 }),
    label:
      Buffer.from(reader.bytes('label', 299, 256))
        .toString('utf8')
        .split('\0', 1)[0] ?? '',
    uuid: uuidText(uuid),
    structureUuid: hasStructureUuid ? reader.bytes('structure uuid', 571, 16) : uuid,
    problems: [],
  };
}

/** Where a tree lies, as its item in another tree tells. */
export function parseRoot(bytes: Uint8Array, what: string): TreeRoot {
  const reader = new BinaryReader(bytes, what);
  return {
    logicalBytes: reader.u64le('tree', 176),
    level: reader.u8('level', 238, { max: maxLevel }),
    generation: reader.u64le('generation', 160),
  };
}

function unsupported(what: string): AppError {
  return new AppError('UNSUPPORTED_FORMAT', what, {
    remedy: 'Restore the whole disk and read the files in a guest that knows this file system',
  });
}
