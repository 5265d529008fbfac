import { readRange, type BlockSource } from './blockSource.ts';

/** What a disk or partition holds, as far as its first bytes tell. */
export interface ContentSignature {
  readonly kind: ContentKind;
  /** As a person calls it. */
  readonly title: string;
}

/** `member`: known by others to be a part of something that is listed elsewhere. */
export type ContentKind = (typeof signatures)[number]['kind'] | 'member';

interface Magic {
  readonly kind: string;
  readonly title: string;
  readonly offsetBytes: number;
  /** One character per byte. */
  readonly magic: string;
  /** What else must hold where the magic alone is too short to be believed. */
  readonly plausible?: (head: DataView) => boolean;
}

const headBytes = 68 * 1024;
const bootSector = (head: DataView) => head.getUint16(510, true) === 0xaa55;
const noBootSector = (head: DataView) => !bootSector(head);

/**
 * In the order of trust: containers before what they may leave visible of their former content. Offsets and magics as
 * in the formats' own documentation.
 */
const signatures = [
  { kind: 'luks', title: 'LUKS encryption', offsetBytes: 0, magic: 'LUKS\xba\xbe' },
  { kind: 'bitlocker', title: 'BitLocker encryption', offsetBytes: 3, magic: '-FVE-FS-' },
  // BitLocker To Go looks like FAT32 with a program that asks for the password: only these ids tell.
  {
    kind: 'bitlocker',
    title: 'BitLocker encryption',
    offsetBytes: 424,
    magic: '\x3b\xd6\x67\x49\x29\x2e\xd8\x4a\x83\x99\xf6\xa3\x39\xe3\xd0\x01',
    plausible: bootSector,
  },
  {
    kind: 'bitlocker',
    title: 'BitLocker encryption',
    offsetBytes: 424,
    magic: '\x3b\x4d\xa8\x92\x80\xdd\x0e\x4d\x9e\x4e\xb1\xe3\x28\x4e\xae\xd8',
    plausible: bootSector,
  },
  { kind: 'lvm2', title: 'LVM2 physical volume', offsetBytes: 512 + 24, magic: 'LVM2 001' },
  { kind: 'lvm2', title: 'LVM2 physical volume', offsetBytes: 24, magic: 'LVM2 001' },
  { kind: 'md', title: 'Linux software RAID', offsetBytes: 4096, magic: '\xfc\x4e\x2b\xa9' },
  { kind: 'md', title: 'Linux software RAID', offsetBytes: 0, magic: '\xfc\x4e\x2b\xa9' },
  { kind: 'vdo', title: 'VDO', offsetBytes: 0, magic: 'dmvdo001' },
  { kind: 'stratis', title: 'Stratis', offsetBytes: 512 + 4, magic: '!Stra0tis\x86\xff\x02^\x41rh' },
  {
    kind: 'bcache',
    title: 'bcache',
    offsetBytes: 4096 + 24,
    magic: '\xc6\x85\x73\xf6\x4e\x1a\x45\xca\x82\x65\xf5\x7f\x48\xba\x6d\x81',
  },
  // The label of a pool begins with a list whose first name is this.
  {
    kind: 'zfs',
    title: 'ZFS',
    offsetBytes: 16_384 + 24,
    magic: 'version\0',
    plausible: head => head.getUint8(16_384) === 1,
  },
  { kind: 'xfs', title: 'XFS', offsetBytes: 0, magic: 'XFSB' },
  { kind: 'btrfs', title: 'Btrfs', offsetBytes: 65_536 + 64, magic: '_BHRfS_M' },
  { kind: 'ntfs', title: 'NTFS', offsetBytes: 3, magic: 'NTFS    ' },
  { kind: 'refs', title: 'ReFS', offsetBytes: 3, magic: 'ReFS\0\0\0\0' },
  { kind: 'exfat', title: 'exFAT', offsetBytes: 3, magic: 'EXFAT   ' },
  { kind: 'fat', title: 'FAT32', offsetBytes: 82, magic: 'FAT32   ', plausible: bootSector },
  { kind: 'fat', title: 'FAT16', offsetBytes: 54, magic: 'FAT16   ', plausible: bootSector },
  { kind: 'fat', title: 'FAT12', offsetBytes: 54, magic: 'FAT12   ', plausible: bootSector },
  // Revision 0 or 1 and a block size up to 64 KiB: boot loaders fill these sectors, too.
  {
    kind: 'ext',
    title: 'ext2, ext3 or ext4',
    offsetBytes: 1024 + 56,
    magic: '\x53\xef',
    plausible: head => head.getUint32(1024 + 24, true) <= 6 && head.getUint32(1024 + 76, true) <= 1,
  },
  { kind: 'swap', title: 'Linux swap', offsetBytes: 4096 - 10, magic: 'SWAPSPACE2' },
  { kind: 'apfs', title: 'APFS', offsetBytes: 32, magic: 'NXSB' },
  { kind: 'hfs', title: 'HFS+', offsetBytes: 1024, magic: 'H+\0\x04' },
  { kind: 'f2fs', title: 'F2FS', offsetBytes: 1024, magic: '\x10\x20\xf5\xf2' },
  { kind: 'jfs', title: 'JFS', offsetBytes: 32_768, magic: 'JFS1' },
  { kind: 'reiserfs', title: 'ReiserFS', offsetBytes: 65_536 + 52, magic: 'ReIsEr' },
  { kind: 'ufs', title: 'UFS', offsetBytes: 8192 + 1372, magic: '\x54\x19\x01\0' },
  { kind: 'ufs', title: 'UFS', offsetBytes: 65_536 + 1372, magic: '\x19\x01\x54\x19' },
  { kind: 'erofs', title: 'EROFS', offsetBytes: 1024, magic: '\xe2\xe1\xf5\xe0' },
  { kind: 'squashfs', title: 'SquashFS', offsetBytes: 0, magic: 'hsqs' },
  { kind: 'iso9660', title: 'ISO 9660', offsetBytes: 32_769, magic: 'CD001' },
  // The second header, where the first one is damaged and nothing else took its place, such as a partition table.
  {
    kind: 'luks',
    title: 'LUKS encryption',
    offsetBytes: 16_384,
    magic: 'SKUL\xba\xbe',
    plausible: noBootSector,
  },
  {
    kind: 'luks',
    title: 'LUKS encryption',
    offsetBytes: 32_768,
    magic: 'SKUL\xba\xbe',
    plausible: noBootSector,
  },
  {
    kind: 'luks',
    title: 'LUKS encryption',
    offsetBytes: 65_536,
    magic: 'SKUL\xba\xbe',
    plausible: noBootSector,
  },
] as const satisfies readonly Magic[];

/** Recognizes what a source holds by its magic; undefined if it is nothing known. Reads the first 68 KiB. */
export async function identifyContent(
  source: BlockSource,
  signal: AbortSignal,
): Promise<ContentSignature | undefined> {
  const head = new Uint8Array(headBytes);
  head.set(await readRange(source, 0, Math.min(headBytes, source.sizeBytes), signal));
  const view = new DataView(head.buffer);
  const text = Buffer.from(head.buffer).toString('latin1');
  const found = (signatures as readonly (Magic & ContentSignature)[]).find(
    ({ magic, offsetBytes, plausible }) => text.startsWith(magic, offsetBytes) && (plausible?.(view) ?? true),
  );
  return found === undefined ? undefined : { kind: found.kind, title: found.title };
}
