import { BinaryReader } from '../../base/binaryReader.ts';

/** How a file system stores the entries: as the kernel hands them out, or in a way of its own. */
export type PosixAclForm = 'kernel' | 'ext4' | 'xfs';

const aclNames = ['system.posix_acl_access', 'system.posix_acl_default'] as const;

export function isAclName(name: string): name is (typeof aclNames)[number] {
  return aclNames.some(aclName => aclName === name);
}

const tag = { owner: 1, user: 2, owningGroup: 4, group: 8, mask: 16, other: 32 } as const;
const versions = { kernel: 2, ext4: 1 } as const;
/** More than any file system stores. */
const maxEntries = 10_000;

/**
 * The entries of an access control list as getfacl tells them, with numbers instead of names.
 * @throws CORRUPT_DATA
 */
export function parsePosixAcl(bytes: Uint8Array, form: PosixAclForm): string[] {
  const reader = new BinaryReader(bytes, 'access control list');
  return form === 'xfs' ? xfsEntries(reader) : littleEndianEntries(reader, form);
}

function littleEndianEntries(reader: BinaryReader, form: 'kernel' | 'ext4'): string[] {
  const version = versions[form];
  reader.u32le('version', 0, { min: version, max: version });
  const entries: string[] = [];
  for (let at = 4; at < reader.sizeBytes;) {
    const entryTag = reader.u16le('tag', at);
    const permissions = reader.u16le('permissions', at + 2);
    // ext4 leaves out numbers that mean nothing.
    const hasId = form === 'kernel' || entryTag === tag.user || entryTag === tag.group;
    const id = hasId ? reader.u32le('id', at + 4) : 0;
    entries.push(entryText(reader, entryTag, id, permissions));
    if (entries.length > maxEntries) throw reader.error('it has entries without end', at);
    at += hasId ? 8 : 4;
  }
  return entries;
}

function xfsEntries(reader: BinaryReader): string[] {
  const count = reader.u32be('count', 0, { max: maxEntries });
  return Array.from({ length: count }, (_, index) => {
    const at = 4 + index * 12;
    const id = reader.u32be('id', at + 4);
    return entryText(reader, reader.u32be('tag', at), id, reader.u16be('permissions', at + 8));
  });
}

function entryText(reader: BinaryReader, entryTag: number, id: number, permissions: number): string {
  const rights = ['r', 'w', 'x'].map((letter, index) => ((permissions & (4 >> index)) === 0 ? '-' : letter));
  return `${who(reader, entryTag, id)}:${rights.join('')}`;
}

function who(reader: BinaryReader, entryTag: number, id: number): string {
  switch (entryTag) {
    case tag.owner:
      return 'user:';
    case tag.user:
      return `user:${id}`;
    case tag.owningGroup:
      return 'group:';
    case tag.group:
      return `group:${id}`;
    case tag.mask:
      return 'mask:';
    case tag.other:
      return 'other:';
    default:
      throw reader.error(`an entry is for ${entryTag}, which is nobody`);
  }
}
