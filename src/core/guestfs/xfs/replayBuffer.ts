import { readRange } from '../../block/blockSource.ts';
import type { SectorOverlay } from '../sectorOverlay.ts';
import { updateChecksum } from './checksum.ts';
import { logBlockBytes } from './logRecord.ts';
import type { BufferItem } from './logItems.ts';
import type { Superblock } from './superblock.ts';

/** Where a structure of version 5 keeps its checksum, its last position in the log and the file system's id. */
interface StructureFields {
  readonly checksum: number;
  readonly sequence: number;
  readonly uuid: number;
}

const shortTree: StructureFields = { checksum: 52, sequence: 24, uuid: 32 };
const longTree: StructureFields = { checksum: 64, sequence: 32, uuid: 40 };
const directoryBlock: StructureFields = { checksum: 4, sequence: 16, uuid: 24 };
const hashBlock: StructureFields = { checksum: 12, sequence: 24, uuid: 32 };

/** By the first four bytes. */
const structures: Readonly<Record<string, StructureFields>> = {
  XFSB: { checksum: 224, sequence: 240, uuid: 32 },
  XAGF: { checksum: 216, sequence: 208, uuid: 64 },
  XAGI: { checksum: 312, sequence: 320, uuid: 296 },
  XAFL: { checksum: 32, sequence: 24, uuid: 8 },
  AB3B: shortTree,
  AB3C: shortTree,
  IAB3: shortTree,
  FIB3: shortTree,
  RMB3: shortTree,
  R3FC: shortTree,
  BMA3: longTree,
  XDB3: directoryBlock,
  XDD3: directoryBlock,
  XDF3: directoryBlock,
  XSLM: { checksum: 12, sequence: 48, uuid: 16 },
};
/** By two bytes at offset 8: leaves and nodes of directories and attributes. */
const hashStructures: ReadonlySet<number> = new Set([0x3df1, 0x3dff, 0x3bee, 0x3ebe]);
const noSequence = 0xffff_ffff_ffff_ffffn;

/**
 * Changes a buffer as the log says, unless what is in place is newer: structures of version 5 say when they were last
 * changed.
 */
export async function replayBuffer(
  overlay: SectorOverlay,
  superblock: Superblock,
  item: BufferItem,
  sequence: bigint,
  signal: AbortSignal,
): Promise<void> {
  const offsetBytes = item.firstSector * logBlockBytes;
  const bytes = await readRange(overlay, offsetBytes, item.sectorCount * logBlockBytes, signal);
  if (superblock.isV5 && isNewer(bytes, superblock, sequence)) return;
  for (const { offsetBytes: at, bytes: changed } of item.changes) bytes.set(changed, at);
  const fields = fieldsOf(bytes);
  if (superblock.isV5 && fields !== undefined) updateChecksum(bytes, fields.checksum);
  await overlay.patch(offsetBytes, bytes, signal);
}

function isNewer(bytes: Uint8Array, superblock: Superblock, sequence: bigint): boolean {
  const fields = fieldsOf(bytes);
  if (fields === undefined) return false;
  const own = bytes.subarray(fields.uuid, fields.uuid + 16);
  // A superblock carries the id a person knows; all others the one that never changes.
  const isSuperblock = fields === structures['XFSB'];
  if (!isSuperblock && Buffer.compare(own, superblock.structureUuid) !== 0) return false;
  const found = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(fields.sequence, false);
  return found !== 0n && found !== noSequence && found >= sequence;
}

function fieldsOf(bytes: Uint8Array): StructureFields | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const magic = String.fromCharCode(...bytes.subarray(0, 4));
  const found = Object.hasOwn(structures, magic) ? structures[magic] : undefined;
  return found ?? (hashStructures.has(view.getUint16(8, false)) ? hashBlock : undefined);
}
