import { writeStreamOptimized } from '../../core/disk/vmdk/streamOptimizedWriter.ts';
import { blocksAt } from '../disk/diskBytes.ts';
import type { ExportedDisk } from '../model/lease.ts';
import { writeQemuDialect } from './qemuDialect.ts';

/** The disk as it was at its position, as the stream a host would send. */
export function exportedVmdk(
  { disk, position }: ExportedDisk,
  dialect: 'vsphere' | 'qemu',
  signal: AbortSignal,
): AsyncIterable<Uint8Array> {
  const blocks = blocksAt(disk, position, signal);
  return dialect === 'vsphere'
    ? writeStreamOptimized(disk.sizeBytes, blocks, {}, signal)
    : writeQemuDialect(disk.sizeBytes, blocks);
}
