import { deflateSync } from 'node:zlib';

import { formatDescriptor } from '../../core/disk/vmdk/descriptor.ts';
import type { StoredBlock } from '../disk/diskBytes.ts';
import { grainBytes } from '../disk/grainMap.ts';

const sectorBytes = 512;
const entriesPerTable = 512;
const zeros = Buffer.alloc(grainBytes);

/**
 * A streamOptimized VMDK as qemu-img writes it: grain directory and tables in front, no footer, an end mark of zeros.
 * Readers meet it when somebody has put a converted disk into an OVA. The tables come first, so the compressed grains
 * are kept in memory: for small disks only.
 * @param blocks  whole grains, ascending
 * @see VMware Virtual Disk Format 1.1, "Hosted Sparse Extents"
 */
export async function* writeQemuDialect(
  sizeBytes: number,
  blocks: AsyncIterable<StoredBlock>,
): AsyncGenerator<Uint8Array> {
  const tableCount = Math.ceil(sizeBytes / (grainBytes * entriesPerTable));
  const tableSectors = (entriesPerTable * 4) / sectorBytes;
  const directorySectors = Math.ceil((tableCount * 4) / sectorBytes);
  const descriptorSectors = 20;
  const directorySector = 1 + descriptorSectors;
  const firstTableSector = directorySector + directorySectors;
  const overheadSectors = Math.ceil((firstTableSector + tableCount * tableSectors) / 128) * 128;

  const tables = Buffer.alloc(tableCount * tableSectors * sectorBytes);
  const grains: Uint8Array[] = [];
  let sector = overheadSectors;
  for await (const block of blocks) {
    if (zeros.subarray(0, block.bytes.length).equals(block.bytes)) continue;
    const grain = compressedGrain(block);
    tables.writeUInt32LE(sector, (block.offsetBytes / grainBytes) * 4);
    grains.push(grain);
    sector += grain.length / sectorBytes;
  }

  const front = Buffer.alloc(overheadSectors * sectorBytes);
  front.write('KDMV', 0, 'latin1');
  front.writeUInt32LE(3, 4);
  front.writeUInt32LE(0x30003, 8);
  front.writeBigUInt64LE(BigInt(sizeBytes / sectorBytes), 12);
  front.writeBigUInt64LE(BigInt(grainBytes / sectorBytes), 20);
  front.writeBigUInt64LE(1n, 28);
  front.writeBigUInt64LE(BigInt(descriptorSectors), 36);
  front.writeUInt32LE(entriesPerTable, 44);
  front.writeBigUInt64LE(0n, 48);
  front.writeBigUInt64LE(BigInt(directorySector), 56);
  front.writeBigUInt64LE(BigInt(overheadSectors), 64);
  front.set([0x0a, 0x20, 0x0d, 0x0a], 73);
  front.writeUInt16LE(1, 77);
  front.write(
    formatDescriptor({
      capacityBytes: sizeBytes,
      contentId: 0x12345678,
      adapterType: 'lsilogic',
      hardwareVersion: 4,
      fileName: 'disk.vmdk',
    }),
    sectorBytes,
  );
  for (let table = 0; table < tableCount; table += 1)
    front.writeUInt32LE(firstTableSector + table * tableSectors, directorySector * sectorBytes + table * 4);
  front.set(tables, firstTableSector * sectorBytes);
  yield front;
  yield* grains;
  yield Buffer.alloc(sectorBytes);
}

function compressedGrain(block: StoredBlock): Uint8Array {
  const whole = Buffer.alloc(grainBytes);
  whole.set(block.bytes);
  const compressed = deflateSync(whole, { level: 1 });
  const grain = Buffer.alloc(Math.ceil((12 + compressed.length) / sectorBytes) * sectorBytes);
  grain.writeBigUInt64LE(BigInt(block.offsetBytes / sectorBytes), 0);
  grain.writeUInt32LE(compressed.length, 8);
  grain.set(compressed, 12);
  return grain;
}
