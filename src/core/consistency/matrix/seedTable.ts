import type { ConsistencyLevel } from '../level.ts';
import type { Mechanism } from '../rule.ts';
import type { MatrixCell } from './matrixCell.ts';

/** A cell in the words of the talk. */
interface SeedCell {
  readonly component: 'SYNC driver' | 'VMware VSS component' | undefined;
  readonly quiescing: string;
}

const sync: SeedCell = { component: 'SYNC driver', quiescing: 'File-system consistent quiescing' };
const writers: SeedCell = {
  component: 'VMware VSS component',
  quiescing: 'Application-consistent quiescing for application that have a vss driver/writer.',
};
const volumes: SeedCell = {
  component: 'VMware VSS component',
  quiescing: 'File-system consistent quiescing',
};
const crash: SeedCell = { component: undefined, quiescing: 'Crash-consistent quiescing' };

/** The table of the talk that this product grew from, as it stands there. Its columns are the first two generations. */
export const seedTable = {
  columns: [
    'ESX Server 3.5 U1 or Earlier and Corresponding VMware Tools',
    'ESX Server 3.5 U2 or Later and Corresponding VMware Tools',
  ],
  rows: {
    windows2000AndXp: { guests: ['Windows 2000 32-bit', 'Windows XP 32-bit'], cells: [sync, sync] },
    windows2003: { guests: ['Windows 2003 32-bit'], cells: [sync, writers] },
    windows2003x64: { guests: ['Windows 2003 64-bit'], cells: [crash, writers] },
    windowsVista: { guests: ['Windows Vista 32-bit/64-bit'], cells: [crash, volumes] },
    windows2008: { guests: ['Windows 2008 32-bit/64-bit'], cells: [crash, volumes] },
    others: { guests: ['Other guest operating systems'], cells: [crash, crash] },
  },
} as const satisfies {
  readonly columns: readonly [string, string];
  readonly rows: Readonly<
    Record<string, { readonly guests: readonly string[]; readonly cells: readonly [SeedCell, SeedCell] }>
  >;
};

export type SeedRow = keyof typeof seedTable.rows;

/** A row's two cells as cells of the matrix. */
export function seedCells(row: SeedRow): readonly [MatrixCell, MatrixCell] {
  const [first, second] = seedTable.rows[row].cells;
  return [matrixCell(first), matrixCell(second)];
}

function matrixCell({ component, quiescing }: SeedCell): MatrixCell {
  const level = levelOf(quiescing);
  return {
    level,
    mechanism: mechanismOf(component, level),
    conditions: [],
    source: 'seed',
    certainty: 'certain',
  };
}

function levelOf(words: string): ConsistencyLevel {
  if (words.startsWith('Application')) return 'application';
  return words.startsWith('File-system') ? 'filesystem' : 'crash';
}

/** Using the VSS component and being application-consistent are two things: writers take part in the latter only. */
function mechanismOf(component: SeedCell['component'], level: ConsistencyLevel): Mechanism {
  if (component === undefined) return 'none';
  if (component === 'SYNC driver') return 'sync-driver';
  return level === 'application' ? 'vss' : 'vss-without-writers';
}
