import { AppError } from '../../base/errors.ts';
import { readRange, type BlockSource } from '../block/blockSource.ts';
import { identifyContent, type ContentSignature } from '../block/contentSignature.ts';
import { sliceSource } from '../block/sliceSource.ts';
import { isZero } from '../block/zeros.ts';
import { readGpt, readPrimaryGpt } from './gpt.ts';
import { isOfDynamicDisk, readDynamicDisk } from './ldm/dynamicDisk.ts';
import { hasProtectiveMbr, readMbr } from './mbr.ts';
import type { PartitionEntry, PartitionScheme, PartitionTable, Volume, VolumeListing } from './volume.ts';

const ofDynamicDisk = { kind: 'member', title: 'part of a dynamic disk' } as const;

/**
 * Finds the volumes of a disk: by GUID partition table, as a file system on the bare disk, or by classic partition
 * table. In this order, because boot sectors of file systems can be read as classic tables that make no sense.
 * @throws what the source throws; what is wrong with the disk's content is in `problems`
 */
export async function listVolumes(source: BlockSource, signal: AbortSignal): Promise<VolumeListing> {
  if (source.sizeBytes < 1024) return { scheme: 'none', volumes: [], problems: [] };

  const primary = await readPrimaryGpt(source, signal);
  if (primary !== undefined) return await listing('gpt', primary, source, signal);

  const content = await identifyContent(source, signal);
  const isProtected = await hasProtectiveMbr(source, signal);
  if (content !== undefined && !isProtected) {
    return { scheme: 'none', volumes: [wholeDisk(source, content)], problems: [] };
  }
  const classic = isProtected ? undefined : await readMbr(source, signal);
  if (classic !== undefined) return await listing('mbr', classic, source, signal);

  const backup = await readGpt(source, signal);
  if (backup !== undefined) return await listing('gpt', backup, source, signal);
  if (isProtected) {
    const problem = 'Both GUID partition tables are damaged, at the start and at the end of the disk';
    return { scheme: 'gpt', volumes: [], problems: [problem] };
  }
  const isBlank = isZero(await readRange(source, 0, Math.min(source.sizeBytes, 1024 * 1024), signal));
  const problems = isBlank ? [] : ['The disk holds neither a partition table nor a known file system'];
  return { scheme: 'none', volumes: [], problems };
}

async function listing(
  scheme: PartitionScheme,
  table: PartitionTable,
  source: BlockSource,
  signal: AbortSignal,
): Promise<VolumeListing> {
  const volumes: Volume[] = [];
  const problems = [...table.problems, ...overlaps(table.entries)];
  for (const entry of table.entries) {
    const what = `partition ${entry.index}`;
    const part = sliceSource(source, entry.offsetBytes, entry.sizeBytes, what);
    let content: ContentSignature | undefined;
    try {
      content = await identifyContent(part, signal);
    } catch (error) {
      // One unreadable partition must not hide the others.
      if (!AppError.is(error) || error.code === 'CANCELLED') throw error;
      problems.push(`Partition ${entry.index} cannot be read: ${error.message}`);
    }
    volumes.push({ ...entry, source: part, content: isOfDynamicDisk(entry) ? ofDynamicDisk : content });
  }
  const dynamicDisk = await readDynamicDisk(source, table.entries, problems, signal);
  return { scheme, volumes, problems, ...(dynamicDisk !== undefined && { dynamicDisk }) };
}

function overlaps(entries: readonly PartitionEntry[]): string[] {
  const byOffset = entries.toSorted((one, other) => one.offsetBytes - other.offsetBytes);
  return byOffset.flatMap((entry, position) => {
    const next = byOffset[position + 1];
    const isApart = next === undefined || entry.offsetBytes + entry.sizeBytes <= next.offsetBytes;
    return isApart ? [] : [`Partitions ${entry.index} and ${next.index} overlap`];
  });
}

function wholeDisk(source: BlockSource, content: ContentSignature): Volume {
  return {
    index: 0,
    name: '',
    role: 'data',
    typeId: undefined,
    uuid: undefined,
    offsetBytes: 0,
    sizeBytes: source.sizeBytes,
    source,
    content,
  };
}
