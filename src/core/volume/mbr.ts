import { BinaryReader } from '../../base/binaryReader.ts';
import { readRange, type BlockSource } from '../block/blockSource.ts';
import type { PartitionEntry, PartitionRole, PartitionTable } from './volume.ts';

const sectorBytes = 512;
const protectiveType = 0xee;
const extendedTypes: ReadonlySet<number> = new Set([0x05, 0x0f, 0x85]);
const firstLogicalIndex = 5;
const maxLogicalPartitions = 128;

const roles: Readonly<Record<number, PartitionRole>> = {
  0x06: 'data',
  0x07: 'data',
  0x0b: 'data',
  0x0c: 'data',
  0x0e: 'data',
  0x83: 'data',
  0x27: 'recovery',
  0x82: 'swap',
  0x8e: 'lvm',
  0xef: 'efi-system',
  0xfd: 'raid',
};

interface RawEntry {
  readonly slot: number;
  readonly type: number;
  readonly firstSector: number;
  readonly sectorCount: number;
}

/** Whether the first sector says that the disk belongs to a GUID partition table. */
export async function hasProtectiveMbr(source: BlockSource, signal: AbortSignal): Promise<boolean> {
  const entries = await readSector(source, 0, signal);
  return entries?.some(entry => entry.type === protectiveType) ?? false;
}

/**
 * Reads the classic partition table with its chain of logical partitions.
 * @returns undefined if the first sector is no partition table: without signature, or with entries none can have
 */
export async function readMbr(source: BlockSource, signal: AbortSignal): Promise<PartitionTable | undefined> {
  const raw = await readSector(source, 0, signal);
  if (raw === undefined || raw.length === 0) return undefined;

  const entries: PartitionEntry[] = [];
  const problems: string[] = [];
  const add = (index: number, type: number, firstSector: number, sectorCount: number) => {
    const offsetBytes = firstSector * sectorBytes;
    const sizeBytes = sectorCount * sectorBytes;
    if (firstSector === 0 || offsetBytes + sizeBytes > source.sizeBytes) {
      problems.push(`Partition ${index} leaves the disk: ${sectorCount} sectors from ${firstSector}`);
      return;
    }
    const typeId = type.toString(16).padStart(2, '0').toUpperCase();
    const role = roles[type] ?? 'unknown';
    entries.push({ index, name: '', role, typeId, uuid: undefined, offsetBytes, sizeBytes });
  };

  const extended: RawEntry[] = [];
  for (const entry of raw) {
    if (extendedTypes.has(entry.type)) extended.push(entry);
    else add(entry.slot + 1, entry.type, entry.firstSector, entry.sectorCount);
  }
  let index = firstLogicalIndex;
  for (const container of extended) {
    for await (const logical of logicalPartitions(source, container.firstSector, problems, signal)) {
      add(index, logical.type, logical.firstSector, logical.sectorCount);
      index += 1;
    }
  }
  return { entries, problems };
}

/** Follows the chain of extended boot records: each names one partition and the next record. */
async function* logicalPartitions(
  source: BlockSource,
  containerSector: number,
  problems: string[],
  signal: AbortSignal,
): AsyncGenerator<RawEntry, void, undefined> {
  const seen = new Set<number>();
  for (let record = containerSector; ;) {
    if (seen.has(record) || seen.size >= maxLogicalPartitions) {
      problems.push('The chain of logical partitions runs in a circle or is too long; the rest was left out');
      return;
    }
    seen.add(record);
    const entries = await readSector(source, record, signal);
    if (entries === undefined) {
      problems.push('The chain of logical partitions is broken; the rest was left out');
      return;
    }
    const partition = entries.find(entry => !extendedTypes.has(entry.type));
    if (partition !== undefined) yield { ...partition, firstSector: record + partition.firstSector };
    const next = entries.find(entry => extendedTypes.has(entry.type));
    if (next === undefined) return;
    record = containerSector + next.firstSector;
  }
}

/** The used entries of a boot record; undefined if the sector is none. */
async function readSector(
  source: BlockSource,
  sector: number,
  signal: AbortSignal,
): Promise<readonly RawEntry[] | undefined> {
  const offsetBytes = sector * sectorBytes;
  if (offsetBytes + sectorBytes > source.sizeBytes) return undefined;
  const bytes = await readRange(source, offsetBytes, sectorBytes, signal);
  const reader = new BinaryReader(bytes, 'boot record', offsetBytes);
  if (reader.u16le('signature', 510) !== 0xaa55) return undefined;
  const entries: RawEntry[] = [];
  for (let slot = 0; slot < 4; slot += 1) {
    const offset = 446 + slot * 16;
    const type = reader.u8('type', offset + 4);
    if (type === 0) continue;
    // Boot code of file systems ends with the same signature; its bytes make no boot flags.
    if ((reader.u8('boot flag', offset) & 0x7f) !== 0) return undefined;
    const firstSector = reader.u32le('first sector', offset + 8);
    entries.push({ slot, type, firstSector, sectorCount: reader.u32le('sector count', offset + 12) });
  }
  return entries;
}
