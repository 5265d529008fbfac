import type { ParityLayout } from '../../block/paritySource.ts';
import { unreadable } from './unreadable.ts';

/** How the parity moves from row to row, and where the data begin beside it. */
const turns = {
  leftAsymmetric: 0,
  rightAsymmetric: 1,
  leftSymmetric: 2,
  rightSymmetric: 3,
  first: 4,
  last: 5,
} as const;
/** A RAID 6 that was made of a RAID 5: its second parity stays on the last disk. */
const withLastAside = 16;

/**
 * How RAID 4, 5 and 6 lay out their disks.
 * @throws UNSUPPORTED_FORMAT for a layout that is not read
 * @see Linux, drivers/md/raid5.c, "raid5_compute_sector", "raid6_idx_to_slot"
 */
export function parityLayout(
  level: 'raid4' | 'raid5' | 'raid6',
  layout: number,
  diskCount: number,
  name: string,
): ParityLayout {
  const isAside = level === 'raid6' && layout >= withLastAside;
  const turn = level === 'raid4' ? turns.last : isAside ? layout - withLastAside : layout;
  const ownParities = level === 'raid6' && !isAside ? 2 : 1;
  const turningDisks = isAside ? diskCount - 1 : diskCount;
  if (turn > turns.last) throw unreadable(name, `its layout ${layout} is not read`);
  if (diskCount < ownParities + (isAside ? 1 : 0) + 1) throw unreadable(name, 'it has too few disks');
  const dataColumns = turningDisks - ownParities;
  const parityOf = (row: number) => {
    if (turn === turns.first) return 0;
    if (turn === turns.last) return dataColumns;
    const turned = row % turningDisks;
    return turn === turns.rightAsymmetric || turn === turns.rightSymmetric
      ? turned
      : turningDisks - 1 - turned;
  };
  const otherParityOf = (row: number) => (isAside ? diskCount - 1 : (parityOf(row) + 1) % turningDisks);
  const isSymmetric = turn === turns.leftSymmetric || turn === turns.rightSymmetric;
  return {
    dataColumns,
    dataColumn: (row, position) => {
      const parity = parityOf(row);
      if (isSymmetric) return (parity + ownParities + position) % turningDisks;
      // Data fill the disks from the first on, around the parities; of two, the second one may lie on the first disk.
      const wrapped = ownParities === 2 && parity === turningDisks - 1 ? 1 : 0;
      const disk = position + wrapped;
      return disk >= parity ? disk + ownParities : disk;
    },
    sumColumn: parityOf,
    ...(level === 'raid6' && {
      weightedSum: (row: number) => {
        const column = otherParityOf(row);
        // Weights grow from the disk behind the second parity on, and round.
        const disks = Array.from({ length: diskCount }, (_, index) => (column + 1 + index) % diskCount);
        return { column, byWeight: disks.filter(disk => disk !== column && disk !== parityOf(row)) };
      },
    }),
  };
}
