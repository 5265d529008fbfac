import { BinaryReader } from '../../../base/binaryReader.ts';

const control = {
  hasDacl: 0x4,
  hasSacl: 0x10,
  daclMustInherit: 0x100,
  saclMustInherit: 0x200,
  daclInherited: 0x400,
  saclInherited: 0x800,
  daclProtected: 0x1000,
  saclProtected: 0x2000,
} as const;

/** Kinds of entries that consist of rights and an account; the others hold more, and are told by their number. */
const entryKinds: ReadonlyMap<number, string> = new Map([
  [0, 'A'],
  [1, 'D'],
  [2, 'AU'],
  [3, 'AL'],
  [0x11, 'ML'],
]);
const mandatoryLabel = 0x11;

const entryFlags = [
  [0x1, 'OI'],
  [0x2, 'CI'],
  [0x4, 'NP'],
  [0x8, 'IO'],
  [0x10, 'ID'],
  [0x40, 'SA'],
  [0x80, 'FA'],
] as const;

const wholeRights: ReadonlyMap<number, string> = new Map([
  [0x1f_01ff, 'FA'],
  [0x12_0089, 'FR'],
  [0x12_0116, 'FW'],
  [0x12_00a0, 'FX'],
]);
const singleRights = [
  [0x1, 'CC'],
  [0x2, 'DC'],
  [0x4, 'LC'],
  [0x8, 'SW'],
  [0x10, 'RP'],
  [0x20, 'WP'],
  [0x40, 'DT'],
  [0x80, 'LO'],
  [0x100, 'CR'],
  [0x1_0000, 'SD'],
  [0x2_0000, 'RC'],
  [0x4_0000, 'WD'],
  [0x8_0000, 'WO'],
  [0x1000_0000, 'GA'],
  [0x2000_0000, 'GX'],
  [0x4000_0000, 'GW'],
  [0x8000_0000, 'GR'],
] as const;
const labelRights = [
  [0x1, 'NW'],
  [0x2, 'NR'],
  [0x4, 'NX'],
] as const;

/** Accounts that every Windows knows, by the letters it writes for them. */
const knownAccounts: ReadonlyMap<string, string> = new Map([
  ['S-1-1-0', 'WD'],
  ['S-1-3-0', 'CO'],
  ['S-1-3-1', 'CG'],
  ['S-1-3-4', 'OW'],
  ['S-1-5-2', 'NU'],
  ['S-1-5-4', 'IU'],
  ['S-1-5-6', 'SU'],
  ['S-1-5-7', 'AN'],
  ['S-1-5-9', 'ED'],
  ['S-1-5-10', 'PS'],
  ['S-1-5-11', 'AU'],
  ['S-1-5-12', 'RC'],
  ['S-1-5-18', 'SY'],
  ['S-1-5-19', 'LS'],
  ['S-1-5-20', 'NS'],
  ['S-1-5-32-544', 'BA'],
  ['S-1-5-32-545', 'BU'],
  ['S-1-5-32-546', 'BG'],
  ['S-1-5-32-547', 'PU'],
  ['S-1-5-32-548', 'AO'],
  ['S-1-5-32-549', 'SO'],
  ['S-1-5-32-550', 'PO'],
  ['S-1-5-32-551', 'BO'],
  ['S-1-5-32-552', 'RE'],
  ['S-1-5-32-554', 'RU'],
  ['S-1-5-32-555', 'RD'],
  ['S-1-5-32-556', 'NO'],
  ['S-1-15-2-1', 'AC'],
  ['S-1-16-4096', 'LW'],
  ['S-1-16-8192', 'ME'],
  ['S-1-16-8448', 'MP'],
  ['S-1-16-12288', 'HI'],
  ['S-1-16-16384', 'SI'],
]);

const maxSubAuthorities = 15;

/**
 * A self-relative security descriptor in Microsoft's language for them. Kinds of entries that hold conditions, objects or
 * attributes are left out and told.
 * @throws CORRUPT_DATA
 * @see MS-DTYP 2.4.6 "SECURITY_DESCRIPTOR" and 2.5.1 "Security Descriptor Definition Language"
 */
export function sddlOf(bytes: Uint8Array): { readonly text: string; readonly problems: readonly string[] } {
  const reader = new BinaryReader(bytes, 'security descriptor');
  reader.u8('revision', 0, { min: 1, max: 1 });
  const flags = reader.u16le('control', 2);
  const problems: string[] = [];
  const part = (letter: string, field: string, offset: number) => {
    const at = reader.u32le(field, offset);
    return at === 0 ? '' : `${letter}:${accountAt(reader, at)}`;
  };
  const list = (field: string, offset: number) => {
    const at = reader.u32le(field, offset);
    return at === 0 ? 'NO_ACCESS_CONTROL' : entriesAt(reader, at, problems);
  };
  const has = (bit: number, letters: string) => ((flags & bit) === 0 ? '' : letters);
  const dacl =
    has(control.daclProtected, 'P') + has(control.daclMustInherit, 'AR') + has(control.daclInherited, 'AI');
  const sacl =
    has(control.saclProtected, 'P') + has(control.saclMustInherit, 'AR') + has(control.saclInherited, 'AI');
  const text = [
    part('O', 'owner', 4),
    part('G', 'group', 8),
    (flags & control.hasDacl) === 0 ? '' : `D:${dacl}${list('rights', 16)}`,
    (flags & control.hasSacl) === 0 || reader.u32le('auditing', 12) === 0
      ? ''
      : `S:${sacl}${list('auditing', 12)}`,
  ].join('');
  return { text, problems };
}

function entriesAt(reader: BinaryReader, listOffset: number, problems: string[]): string {
  const size = reader.u16le('list size', listOffset + 2, { min: 8 });
  const count = reader.u16le('entries', listOffset + 4, { max: Math.floor((size - 8) / 8) });
  let text = '';
  let at = listOffset + 8;
  for (let index = 0; index < count; index += 1) {
    const type = reader.u8('entry type', at);
    const size = reader.u16le('entry size', at + 2, { min: 8, max: reader.sizeBytes - at });
    const kind = entryKinds.get(type);
    if (kind === undefined) problems.push(`an entry of type ${type} of the security descriptor is not shown`);
    else {
      const inheritance = lettersOf(entryFlags, reader.u8('entry flags', at + 1));
      const mask = reader.u32le('rights', at + 4);
      const rights = type === mandatoryLabel ? rightsText(labelRights, mask) : fileRightsText(mask);
      text += `(${kind};${inheritance};${rights};;;${accountAt(reader, at + 8)})`;
    }
    at += size;
  }
  return text;
}

type Letters = readonly (readonly [bit: number, letters: string])[];

function lettersOf(table: Letters, value: number): string {
  return table.map(([bit, letters]) => ((value & bit) === 0 ? '' : letters)).join('');
}

function fileRightsText(mask: number): string {
  return wholeRights.get(mask) ?? rightsText(singleRights, mask);
}

/** As a number where a bit has no letters. */
function rightsText(table: Letters, mask: number): string {
  const known = table.reduce((bits, [bit]) => bits | bit, 0);
  return (mask & ~known) === 0 ? lettersOf(table, mask) : `0x${mask.toString(16)}`;
}

function accountAt(reader: BinaryReader, at: number): string {
  reader.u8('account revision', at, { min: 1, max: 1 });
  const count = reader.u8('account parts', at + 1, { max: maxSubAuthorities });
  const authority = reader.u16be('authority', at + 2) * 2 ** 32 + reader.u32be('authority', at + 4);
  const parts = Array.from({ length: count }, (_, index) => reader.u32le('account part', at + 8 + index * 4));
  const sid = ['S-1', authority, ...parts].join('-');
  return knownAccounts.get(sid) ?? sid;
}
