import { BinaryReader } from '../../../base/binaryReader.ts';
import { type BlockSource, readRange } from '../../block/blockSource.ts';
import type { RestState } from './restState.ts';

const superblockOffset = 1024;
const magic = 0xef53;
const hasJournal = 0x4;
const needsRecovery = 0x4;
const cleanlyUnmounted = 0x1;

/**
 * A mounted ext3 or ext4 has "needs recovery" set in its superblock; freezing and unmounting empty the journal and clear
 * it. ext2 has no journal and clears "cleanly unmounted" while it is mounted, frozen or not.
 * @throws CORRUPT_DATA
 * @see ext4 Data Structures and Algorithms, "Super Block"
 */
export async function readExt4Rest(volume: BlockSource, signal: AbortSignal): Promise<RestState> {
  const bytes = await readRange(volume, superblockOffset, 1024, signal);
  const reader = new BinaryReader(bytes, 'ext4 superblock', superblockOffset);
  reader.u16le('magic', 0x38, { min: magic, max: magic });
  if ((reader.u32le('compatible features', 0x5c) & hasJournal) === 0) {
    return (reader.u16le('state', 0x3a) & cleanlyUnmounted) !== 0
      ? { state: 'clean', isConclusive: true, finding: 'it was unmounted cleanly' }
      : { state: 'in-use', isConclusive: true, finding: 'it has no journal and was not unmounted' };
  }
  return (reader.u32le('incompatible features', 0x60) & needsRecovery) === 0
    ? {
        state: 'clean',
        isConclusive: true,
        finding: 'nothing waits in its journal, as it was frozen or unmounted',
      }
    : { state: 'in-use', isConclusive: true, finding: 'it needs recovery from its journal' };
}
