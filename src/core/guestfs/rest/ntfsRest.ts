import type { BlockSource } from '../../block/blockSource.ts';
import { readBootSector } from '../ntfs/bootSector.ts';
import { FileRecords } from '../ntfs/records.ts';
import { readVolumeState } from '../ntfs/volumeState.ts';
import type { RestState } from './restState.ts';

/**
 * Windows marks a volume as dirty when it is to be checked, and closes the log of one that it unmounts. A log that was
 * left open is that of a volume in use, or of one that VSS held: VSS leaves it so. An empty log says nothing; that is how
 * programs other than Windows leave it.
 * @throws CORRUPT_DATA, UNSUPPORTED_FORMAT
 * @see libyal, "New Technologies File System (NTFS)", attribute $VOLUME_INFORMATION; Linux-NTFS, "$LogFile", restart area
 */
export async function readNtfsRest(source: BlockSource, signal: AbortSignal): Promise<RestState> {
  const boot = await readBootSector(source, signal);
  const clusters = { source, clusterBytes: boot.clusterBytes, sizeBytes: boot.sizeBytes };
  const records = await FileRecords.open(clusters, boot, signal);
  const { isDirty, log } = await readVolumeState(clusters, records, signal);
  if (isDirty) return { state: 'in-use', isConclusive: true, finding: 'it is marked as dirty' };
  switch (log) {
    case 'open':
      return {
        state: 'in-use',
        isConclusive: false,
        finding: 'its log was left open, as that of a volume in use, or of one that VSS held',
      };
    case 'closed':
      return {
        state: 'clean',
        isConclusive: true,
        finding: 'its log was closed, as it was unmounted cleanly',
      };
    case 'empty':
      return {
        state: 'unknown',
        isConclusive: false,
        finding:
          'it is not marked as dirty, and its log was emptied, which says nothing of whether it is in use',
      };
  }
}
