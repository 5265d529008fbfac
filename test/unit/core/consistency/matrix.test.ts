import { describe, expect, test } from 'vitest';

import { assess, rules } from '../../../../src/core/consistency/assess.ts';
import { cellOf, guestRowOf, hostGeneration } from '../../../../src/core/consistency/matrix/guestMatrix.ts';
import { guestRows } from '../../../../src/core/consistency/matrix/guestRows.ts';
import { hostGenerations } from '../../../../src/core/consistency/matrix/matrixCell.ts';
import { seedTable } from '../../../../src/core/consistency/matrix/seedTable.ts';
import { linuxGuest, perfectServer } from '../../../support/assessmentFacts.ts';

/**
 * The table as a person reads it, a letter for each generation of hosts: C crash, S sync driver, V volumes by VSS, A
 * applications by VSS, F frozen; small where no cell is listed and the nearest one counts with little certainty. Beside
 * it the ids of the cells.
 */
const table: readonly (readonly [guestIds: readonly string[], levels: string, ids: readonly string[]])[] = [
  [['win95Guest', 'winNTGuest'], 'CCCCC', ['OS-OTHER', 'OS-W9X']],
  [['win2000ServGuest', 'win2000ProGuest'], 'SSSSS', ['OS-W2000-35U1', 'OS-W2000-35U2', 'OS-W2000-41']],
  [['winXPProGuest', 'winXPHomeGuest'], 'SSSSS', ['OS-WXP-35U1', 'OS-WXP-35U2', 'OS-WXP-41']],
  [['winXPPro64Guest'], 'CCCCC', ['OS-OTHER', 'OS-WXPX64']],
  [
    ['winNetWebGuest', 'winNetStandardGuest', 'winNetBusinessGuest'],
    'SAAAA',
    ['OS-W2003-35U1', 'OS-W2003-35U2', 'OS-W2003-41'],
  ],
  [
    ['winNetStandard64Guest', 'winNetEnterprise64Guest'],
    'CAAAA',
    ['OS-W2003X64-35U1', 'OS-W2003X64-35U2', 'OS-W2003X64-41'],
  ],
  [['winVistaGuest', 'winVista64Guest'], 'CVVVV', ['OS-WVISTA-35U1', 'OS-WVISTA-35U2', 'OS-WVISTA-41']],
  [['winLonghornGuest', 'winLonghorn64Guest'], 'CVAAA', ['OS-W2008-35U1', 'OS-W2008-35U2', 'OS-W2008-41']],
  [['windows7Guest', 'windows7_64Guest'], 'cVVVV', ['OS-OTHER', 'OS-W7']],
  [['windows7Server64Guest'], 'cVAAA', ['OS-OTHER', 'OS-W2008R2-35U2', 'OS-W2008R2-41']],
  [
    ['windows8Guest', 'windows8_64Guest', 'windows9_64Guest', 'windows11_64Guest', 'windows12_64Guest'],
    'ccVVV',
    ['OS-OTHER', 'OS-WCLIENT'],
  ],
  [['windows8Server64Guest'], 'ccAAA', ['OS-OTHER', 'OS-W2012']],
  [['windows9Server64Guest'], 'ccaAA', ['OS-OTHER', 'OS-W2016']],
  [['windows2019srv_64Guest'], 'ccaaA', ['OS-OTHER', 'OS-W2019']],
  [['windows2019srvNext_64Guest'], 'ccaaA', ['OS-OTHER', 'OS-W2022']],
  [['windows2022srvNext_64Guest'], 'ccaaA', ['OS-OTHER', 'OS-W2025']],
  [['windows2031srv_64Guest'], 'ccaaA', ['OS-OTHER', 'OS-WSERVERNEXT']],
  [['windows14_64Guest'], 'ccvvV', ['OS-OTHER', 'OS-WCLIENTNEXT']],
  [['windowsHyperVGuest'], 'CCCCC', ['OS-WOTHER']],
  [
    ['ubuntu64Guest', 'rhel9_64Guest', 'debian12_64Guest', 'vmwarePhoton64Guest'],
    'CCFFF',
    [...['OS-OTHER', 'OS-LINUX-FIFREEZE']],
  ],
  [['rhel5_64Guest', 'sles10Guest', 'other26xLinux64Guest'], 'CCFFF', ['OS-OTHER', 'OS-LINUX-VMSYNC']],
  [['other24xLinuxGuest', 'rhel3_64Guest'], 'CCCCC', ['OS-OTHER', 'OS-LINUX24']],
  [
    ['freebsd14_64Guest', 'solaris11_64Guest', 'darwin23_64Guest', 'netware6Guest', 'os2Guest'],
    'CCCCC',
    ['OS-OTHER'],
  ],
  [['vmkernel8Guest', 'crxPod1Guest'], 'CCCCC', ['OS-VMKERNEL']],
];

const letters = {
  none: 'C',
  'sync-driver': 'S',
  'vss-without-writers': 'V',
  vss: 'A',
  freeze: 'F',
  cold: '?',
} as const;

describe.each(table)('%j', (guestIds, levels, ids) => {
  test.each(guestIds)('%s is as the table says on every generation of hosts', guestId => {
    const row = guestRowOf(guestId)!;
    const cells = hostGenerations.map(generation => cellOf(row, generation));
    const read = cells.map(({ mechanism, isNearest }) =>
      isNearest ? letters[mechanism].toLowerCase() : letters[mechanism],
    );
    expect(read.join('')).toBe(levels);
    expect([...new Set(cells.map(({ id }) => id))]).toEqual(ids);
    for (const { level, mechanism, isNearest, certainty } of cells) {
      expect(level).toBe(
        { C: 'crash', A: 'application', '?': undefined, S: 'filesystem', V: 'filesystem', F: 'filesystem' }[
          letters[mechanism]
        ],
      );
      if (isNearest) expect(certainty).not.toBe('certain');
    }
  });
});

test('every cell has its case, by its id', () => {
  const all = guestRows.flatMap(row => hostGenerations.map(generation => cellOf(row, generation).id));
  expect([...new Set(table.flatMap(([, , ids]) => ids))].sort()).toEqual([...new Set(all)].sort());
  expect(new Set(table.map(([[guestId = '']]) => guestRowOf(guestId)?.id)).size).toBe(guestRows.length);
});

test('what a cell takes is checked by rules that exist', () => {
  const ids = new Set(rules.map(({ id }) => id));
  for (const { cells } of guestRows)
    for (const [, { conditions }] of cells) for (const id of conditions) expect(ids).toContain(id);
});

describe('the talk’s table', () => {
  /** A guest id for each guest of the talk. */
  const guestIds: Readonly<Record<string, readonly string[]>> = {
    windows2000AndXp: ['win2000ServGuest', 'winXPProGuest'],
    windows2003: ['winNetStandardGuest'],
    windows2003x64: ['winNetStandard64Guest'],
    windowsVista: ['winVistaGuest', 'winVista64Guest'],
    windows2008: ['winLonghornGuest', 'winLonghorn64Guest'],
    others: ['winNTGuest', 'winXPPro64Guest', 'ubuntu64Guest', 'solaris10Guest', 'netware6Guest'],
  };

  test.each(Object.entries(seedTable.rows))('%s is the first two generations, word for word', (name, row) => {
    for (const guestId of guestIds[name] ?? []) {
      for (const [column, generation] of (['35U1', '35U2'] as const).entries()) {
        const words = row.cells[column]!;
        const { level, mechanism, source, certainty } = cellOf(guestRowOf(guestId)!, generation);
        expect([level, mechanism === 'none', source, certainty]).toEqual([
          words.quiescing.startsWith('Application')
            ? 'application'
            : words.quiescing.startsWith('File-system')
              ? 'filesystem'
              : 'crash',
          words.component === undefined,
          ...['seed', 'certain'],
        ]);
      }
    }
  });
});

test.each([
  ['3.5.0', 82_663, '35U1'],
  ['3.5.0', 110_268, '35U2'],
  ['3.5.0', undefined, '35U1'],
  ['4.0.0', 1, '35U2'],
  ['4.1.0', 1, '41'],
  ['5.5.0', 1, '41'],
  ['6.0.0', 1, '60'],
  ['6.5.0', 1, '65'],
  ['6.7.0', 1, '65'],
  ['8.0.3', 1, '65'],
] as const)('ESXi %s build %s is of generation %s', (version, build, generation) => {
  expect(hostGeneration({ version, build })).toBe(generation);
});

test('a host that is newer than the tables takes the last generation, less certainly, and says so', () => {
  const known = assess(perfectServer({ guestId: 'winNTGuest', reportedGuestId: 'winNTGuest' }));
  const newer = assess(
    perfectServer({
      ...{ guestId: 'winNTGuest', reportedGuestId: 'winNTGuest' },
      host: { version: '9.1.0', build: 1 },
    }),
  );
  expect([known.certainty, newer.certainty, newer.level]).toEqual(['certain', 'likely', known.level]);
  expect(newer.unknowns.map(({ question }) => question)).toContain(
    'how ESXi 9.1.0 quiesces guests: it is newer than the tables',
  );
});

test('a guest that is newer than the tables takes the last server or client, and says so', () => {
  const guestId = 'windows2031srv_64Guest';
  const { level, certainty, unknowns } = assess(perfectServer({ guestId, reportedGuestId: guestId }));
  expect([
    level,
    certainty,
    unknowns.some(({ question }) => question.includes('newer than the tables')),
  ]).toEqual(['application', 'uncertain', true]);
});

test('of Linux the technical level and the vendor’s statement stand side by side', () => {
  expect(assess(linuxGuest()).base).toMatchObject({ level: 'filesystem', vendorLevel: 'crash' });
});
