import type { GuestTraits } from '../rule.ts';
import type { HostGeneration, MatrixCell } from './matrixCell.ts';
import { seedCells, type SeedRow } from './seedTable.ts';

/** A cell, and the first generation of hosts it holds for. */
export type CellFrom = readonly [HostGeneration, MatrixCell];

/** A row of the matrix: guests that are quiesced alike. */
export interface GuestRow {
  /** Part of the ids of its cells: `OS-W2008-41`. */
  readonly id: string;
  /** As a person calls it. */
  readonly name: string;
  readonly guestIds: RegExp;
  readonly traits: GuestTraits;
  /** Each from its generation of hosts on, up to the next one. */
  readonly cells: readonly CellFrom[];
  /** What is not known of guests in this row. */
  readonly question?: string;
}

/** What the hardware snapshot provider of Windows takes: the four conditions of the guide. */
const providerConditions = ['DSK-07', 'DSK-08', 'DSK-09', 'DSK-10', 'DSK-11', 'DSK-12'];

const crash: MatrixCell = {
  level: 'crash',
  mechanism: 'none',
  conditions: [],
  source: 'vddk-guide',
  certainty: 'certain',
};
const unlisted: MatrixCell = { ...crash, certainty: 'likely', source: 'inference' };
const volumes: MatrixCell = { ...crash, level: 'filesystem', mechanism: 'vss-without-writers' };
const earlyVolumes: MatrixCell = { ...volumes, source: 'vdr-guide' };
const clientVolumes: MatrixCell = { ...volumes, source: 'guest-validation', certainty: 'likely' };
const guessedVolumes: MatrixCell = { ...clientVolumes, source: 'inference', certainty: 'uncertain' };
const writers: MatrixCell = {
  ...crash,
  level: 'application',
  mechanism: 'vss',
  conditions: providerConditions,
};
const newWriters: MatrixCell = {
  ...writers,
  conditions: [...providerConditions, 'DSK-13', 'TLS-05', 'ENC-01'],
};
const likelyWriters: MatrixCell = { ...newWriters, source: 'guest-validation', certainty: 'likely' };
const guessedWriters: MatrixCell = { ...newWriters, source: 'inference', certainty: 'uncertain' };
const frozen: MatrixCell = {
  level: 'filesystem',
  mechanism: 'freeze',
  conditions: ['TLS-01', 'TLS-02', 'CFG-02'],
  source: 'open-vm-tools',
  certainty: 'certain',
  vendorLevel: 'crash',
};
const experimentallyFrozen: MatrixCell = { ...frozen, source: 'vddk-linux', certainty: 'uncertain' };
const synced: MatrixCell = { ...crash, source: 'open-vm-tools' };

const windows: GuestTraits = { family: 'windows', needsNewTools: false, usesHardwareProvider: false };
const server: GuestTraits = { ...windows, usesHardwareProvider: true };
const newServer: GuestTraits = { ...server, needsNewTools: true };
const linux: GuestTraits = { family: 'linux', needsNewTools: false, usesHardwareProvider: false };
const other: GuestTraits = { family: 'other', needsNewTools: false, usesHardwareProvider: false };

const linuxIds =
  /^(alma|amazon|asianux|centos|coreos|debian|fedora|genericLinux|kylin|mandr|miracle|nld|oes|opensuse|oracleLinux|other\w*Linux|pardus|prolinux|redhat|rhel|rocky|sjds|sles|suse|turboLinux|ubuntu|vmwarePhoton)/;

/** In the first two generations everything that the talk does not name. */
export const seedOthers: CellFrom = ['35U1', seedCells('others')[0]];

/** The first row that knows a guest id counts; the last one knows all. */
export const guestRows: readonly GuestRow[] = [
  row('W9X', 'Windows before 2000', /^win(31|95|98|Me|NT)Guest$/, windows, [seedOthers, ['41', crash]]),
  row('W2000', 'Windows 2000', /^win2000(Pro|Serv|AdvServ)Guest$/, windows, legacy('windows2000AndXp')),
  row('WXP', 'Windows XP', /^winXP(Home|Pro)Guest$/, windows, legacy('windows2000AndXp')),
  row('WXPX64', 'Windows XP (64-bit)', /^winXPPro64Guest$/, windows, [seedOthers, ['41', unlisted]]),
  row(
    'W2003X64',
    'Windows Server 2003 (64-bit)',
    /^winNet(Standard|Enterprise|Datacenter)64Guest$/,
    windows,
    legacy('windows2003x64'),
  ),
  row('W2003', 'Windows Server 2003', /^winNet\w+Guest$/, windows, legacy('windows2003')),
  row('WVISTA', 'Windows Vista', /^winVista(64)?Guest$/, windows, legacy('windowsVista')),
  row('W2008', 'Windows Server 2008', /^winLonghorn(64)?Guest$/, server, [
    ...fromSeed('windows2008'),
    ['41', writers],
  ]),
  row('W2008R2', 'Windows Server 2008 R2', /^windows7Server64Guest$/, server, [
    ['35U2', earlyVolumes],
    ['41', writers],
  ]),
  row('W7', 'Windows 7', /^windows7(_64)?Guest$/, windows, [['35U2', volumes]]),
  row('W2012', 'Windows Server 2012', /^windows8Server64Guest$/, server, [['41', writers]]),
  row('W2016', 'Windows Server 2016', /^windows9Server64Guest$/, newServer, [['60', newWriters]]),
  row('W2019', 'Windows Server 2019', /^windows2019srv_64Guest$/, newServer, [['65', newWriters]]),
  row('W2022', 'Windows Server 2022', /^windows2019srvNext_64Guest$/, newServer, [['65', newWriters]]),
  row('W2025', 'Windows Server 2025', /^windows2022srvNext_64Guest$/, newServer, [['65', likelyWriters]]),
  {
    ...row('WSERVERNEXT', 'Windows Server', /^windows\d+srv/, newServer, [['65', guessedWriters]]),
    question: 'how this version of Windows Server is quiesced, which is newer than the tables',
  },
  row('WCLIENT', 'Windows client', /^windows(8|9|11|12)(_64)?Guest$/, windows, [['41', clientVolumes]]),
  {
    ...row('WCLIENTNEXT', 'Windows client', /^windows\d+(_64)?Guest$/, windows, [['65', guessedVolumes]]),
    question: 'how this version of Windows is quiesced, which is newer than the tables',
  },
  row('WOTHER', 'Windows', /^win/, windows, [['35U1', unlisted]]),
  row('LINUX24', 'Linux with an old kernel', /^(other24xLinux|rhel[23]|redhat)(64|_64)?Guest$/, linux, [
    seedOthers,
    ['41', synced],
  ]),
  {
    ...row(
      'LINUX-VMSYNC',
      'Linux with a kernel of its time',
      /^(other26xLinux|rhel[45]|sles(10)?|debian[45])(64|_64)?Guest$/,
      linux,
      [seedOthers, ['41', experimentallyFrozen]],
    ),
    question: 'whether the guest’s kernel can freeze file systems (2.6.29 or later, or the module vmsync)',
  },
  row('LINUX-FIFREEZE', 'Linux', linuxIds, linux, [seedOthers, ['41', frozen]]),
  row('VMKERNEL', 'Nested ESXi or a pod', /^(vmkernel|crx)/i, other, [['35U1', unlisted]]),
  row('OTHER', 'Other guest', /^/, other, [seedOthers, ['41', crash]]),
];

function row(
  id: string,
  name: string,
  guestIds: RegExp,
  traits: GuestTraits,
  cells: GuestRow['cells'],
): GuestRow {
  return { id, name, guestIds, traits, cells };
}

function fromSeed(seedRow: SeedRow): readonly CellFrom[] {
  const [first, second] = seedCells(seedRow);
  return [
    ['35U1', first],
    ['35U2', second],
  ];
}

/** Rows that later guides repeat word for word, though nobody supports these guests any more. */
function legacy(seedRow: SeedRow): readonly CellFrom[] {
  const [, second] = seedCells(seedRow);
  return [...fromSeed(seedRow), ['41', { ...second, source: 'vddk-guide', isLegacy: true }]];
}
