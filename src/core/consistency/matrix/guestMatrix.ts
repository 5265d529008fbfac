import type { HostProduct } from '../../inventory/assessmentFacts.ts';
import { leastCertain } from '../rule.ts';
import { type GuestRow, guestRows, seedOthers } from './guestRows.ts';
import { type HostGeneration, hostGenerations, type MatrixCell } from './matrixCell.ts';

/** A cell with its id, which is a stable name; cells of one id say the same. */
export interface FoundCell extends MatrixCell {
  readonly id: string;
  /** The nearest one, because the guest is younger than the host. */
  readonly isNearest: boolean;
}

export function guestRowOf(guestId: string): GuestRow | undefined {
  return guestRows.find(({ guestIds }) => guestIds.test(guestId));
}

/**
 * In the first two generations a guest that is not listed is one of the talk's "other guest operating systems"; later
 * the nearest cell counts, with little certainty.
 */
export function cellOf(row: GuestRow, generation: HostGeneration): FoundCell {
  const column = hostGenerations.indexOf(generation);
  const listed = row.cells.findLast(([from]) => hostGenerations.indexOf(from) <= column);
  if (listed !== undefined) return { ...listed[1], id: cellId(row, listed), isNearest: false };
  if (column < hostGenerations.indexOf('41'))
    return { ...seedOthers[1], id: cellId(row, seedOthers), certainty: 'likely', isNearest: true };
  const nearest = row.cells[0] ?? seedOthers;
  return {
    ...nearest[1],
    id: cellId(row, nearest),
    certainty: leastCertain([nearest[1].certainty, 'uncertain']),
    isNearest: true,
  };
}

function cellId({ id, cells }: GuestRow, cell: GuestRow['cells'][number]): string {
  if (cell === seedOthers) return 'OS-OTHER';
  const own = cells.filter(one => one !== seedOthers);
  return own.length === 1 ? `OS-${id}` : `OS-${id}-${cell[0]}`;
}

/** Build of ESX 3.5 Update 2, the first one with VSS. */
const firstVssBuild = 103_908;

export function hostGeneration({ version, build }: HostProduct): HostGeneration {
  const number = versionNumber(version);
  if (number >= 605) return '65';
  if (number >= 600) return '60';
  if (number >= 401) return '41';
  if (number >= 400) return '35U2';
  return number === 305 && build !== undefined && build >= firstVssBuild ? '35U2' : '35U1';
}

/** The tables end with version 8. */
export function isNewerThanTables({ version }: HostProduct): boolean {
  return versionNumber(version) >= 900;
}

function versionNumber(version: string): number {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major * 100 + minor;
}
