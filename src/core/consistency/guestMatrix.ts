import type { HostProduct } from '../inventory/assessmentFacts.ts';
import type { ConsistencyLevel } from './level.ts';
import type { Certainty, GuestTraits, Mechanism } from './rule.ts';

/** Generations of hosts between which VMware changed what quiescing does. */
export const hostGenerations = ['35U1', '35U2', '41', '60', '65'] as const;
export type HostGeneration = (typeof hostGenerations)[number];

interface Cell {
  readonly level: ConsistencyLevel;
  readonly mechanism: Mechanism;
  readonly certainty: Certainty;
}

/** A row of the matrix: guests that are quiesced alike. */
export interface GuestRow {
  /** Part of the id of its cells: `OS-W2008-41`. */
  readonly id: string;
  /** As a person calls it. */
  readonly name: string;
  readonly guestIds: RegExp;
  readonly traits: GuestTraits;
  /** From old hosts to new ones; undefined where the guest does not exist. */
  readonly cells: readonly (Cell | undefined)[];
}

const absent = undefined;
const crash: Cell = { level: 'crash', mechanism: 'none', certainty: 'certain' };
const unlisted: Cell = { ...crash, certainty: 'likely' };
const sync: Cell = { level: 'filesystem', mechanism: 'sync-driver', certainty: 'certain' };
const volumes: Cell = { level: 'filesystem', mechanism: 'vss-without-writers', certainty: 'certain' };
const likelyVolumes: Cell = { ...volumes, certainty: 'likely' };
const writers: Cell = { level: 'application', mechanism: 'vss', certainty: 'certain' };
const likelyWriters: Cell = { ...writers, certainty: 'likely' };
const frozen: Cell = { level: 'filesystem', mechanism: 'freeze', certainty: 'certain' };

const plainWindows: GuestTraits = { family: 'windows', needsNewTools: false, usesHardwareProvider: false };
const server: GuestTraits = { ...plainWindows, usesHardwareProvider: true };
const newServer: GuestTraits = { ...server, needsNewTools: true };
const linux: GuestTraits = { family: 'linux', needsNewTools: false, usesHardwareProvider: false };
const otherGuest: GuestTraits = { family: 'other', needsNewTools: false, usesHardwareProvider: false };

const linuxIds =
  /^(alma|amazon|asianux|centos|coreos|debian|fedora|genericLinux|kylin|mandr|miracle|nld|oes|opensuse|oracleLinux|other\w*Linux|pardus|prolinux|redhat|rhel|rocky|sjds|sles|suse|turboLinux|ubuntu|vmwarePhoton)/;

/**
 * What each guest can reach on each generation of hosts, from VMware's tables. The first row that knows the guest id
 * counts; the last one knows all.
 */
export const guestMatrix: readonly GuestRow[] = [
  row('W9X', 'Windows before 2000', /^win(31|95|98|Me|NT)Guest$/, plainWindows, [crash]),
  row('W2000', 'Windows 2000', /^win2000(Pro|Serv|AdvServ)Guest$/, plainWindows, [sync]),
  row('WXP', 'Windows XP', /^winXP(Home|Pro)Guest$/, plainWindows, [sync]),
  row('WXPX64', 'Windows XP (64-bit)', /^winXPPro64Guest$/, plainWindows, [crash, unlisted]),
  row(
    'W2003X64',
    'Windows Server 2003 (64-bit)',
    /^winNet(Standard|Enterprise|Datacenter)64Guest$/,
    plainWindows,
    [crash, writers],
  ),
  row('W2003', 'Windows Server 2003', /^winNet\w+Guest$/, plainWindows, [sync, writers]),
  row('WVISTA', 'Windows Vista', /^winVista(64)?Guest$/, plainWindows, [crash, volumes]),
  row('W2008', 'Windows Server 2008', /^winLonghorn(64)?Guest$/, server, [crash, volumes, writers]),
  row('W2008R2', 'Windows Server 2008 R2', /^windows7Server64Guest$/, server, [absent, volumes, writers]),
  row('W7', 'Windows 7', /^windows7(_64)?Guest$/, plainWindows, [absent, volumes]),
  row('W2012', 'Windows Server 2012', /^windows8Server64Guest$/, server, [absent, absent, writers]),
  row('W2016', 'Windows Server 2016', /^windows9Server64Guest$/, newServer, [
    absent,
    absent,
    absent,
    writers,
  ]),
  row('W2019', 'Windows Server 2019', /^windows2019srv_64Guest$/, newServer, [
    absent,
    absent,
    absent,
    absent,
    writers,
  ]),
  row('W2022', 'Windows Server 2022', /^windows2019srvNext_64Guest$/, newServer, [
    absent,
    absent,
    absent,
    absent,
    writers,
  ]),
  row('W2025', 'Windows Server 2025', /^windows2022srvNext_64Guest$/, newServer, [
    absent,
    absent,
    absent,
    absent,
    likelyWriters,
  ]),
  row('WCLIENT', 'Windows client', /^windows(8|9|11|12)(_64)?Guest$/, plainWindows, [likelyVolumes]),
  row('WOTHER', 'Windows', /^win/, plainWindows, [unlisted]),
  row('LINUX24', 'Linux with an old kernel', /^(other24xLinux|rhel[23]|redhat)(64|_64)?Guest$/, linux, [
    crash,
  ]),
  row('LINUX-FIFREEZE', 'Linux', linuxIds, linux, [frozen]),
  row('OTHER', 'Other guest', /^/, otherGuest, [crash]),
];

/** A cell that is not given is like the one of the generation before. */
function row(
  id: string,
  name: string,
  guestIds: RegExp,
  traits: GuestTraits,
  cells: readonly (Cell | undefined)[],
): GuestRow {
  const last = cells.at(-1);
  return {
    ...{ id, name, guestIds, traits },
    cells: hostGenerations.map((_, at) => (at < cells.length ? cells[at] : last)),
  };
}

/** A guest on a host that is older than itself. */
export const absentCell: Cell = { ...crash, certainty: 'uncertain' };

export function guestRowOf(guestId: string): GuestRow | undefined {
  return guestMatrix.find(({ guestIds }) => guestIds.test(guestId));
}

export function cellOf({ cells }: GuestRow, generation: HostGeneration): Cell | undefined {
  return cells[hostGenerations.indexOf(generation)];
}

/** Build of ESX 3.5 Update 2, the first one with VSS. */
const firstVssBuild = 103_908;

export function hostGeneration({ version, build }: HostProduct): HostGeneration {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const number = major * 100 + minor;
  if (number >= 605) return '65';
  if (number >= 600) return '60';
  if (number >= 401) return '41';
  if (number >= 400) return '35U2';
  return number === 305 && build !== undefined && build >= firstVssBuild ? '35U2' : '35U1';
}
