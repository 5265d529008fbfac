import { BinaryReader } from '../../../base/binaryReader.ts';
import { AppError } from '../../../base/errors.ts';
import type { NodeKind } from '../guestFileSystem.ts';
import { decodePath } from '../names.ts';
import { decodeUtf16 } from './fileName.ts';

/** What makes a file or directory more than its content: a link, a compression, a place elsewhere. */
export interface ReparsePoint {
  readonly tag: number;
  readonly payload: Uint8Array;
}

/** @see [MS-FSCC] 2.1.2.1 "Reparse Tags" */
export const reparseTag = {
  mountPoint: 0xa000_0003,
  symlink: 0xa000_000c,
  deduplicated: 0x8000_0013,
  compressed: 0x8000_0017,
  linuxSymlink: 0xa000_001d,
  linuxSocket: 0x8000_0023,
  linuxFifo: 0x8000_0024,
  linuxCharacterDevice: 0x8000_0025,
  linuxBlockDevice: 0x8000_0026,
} as const;

const kinds: ReadonlyMap<number, NodeKind> = new Map<number, NodeKind>([
  [reparseTag.mountPoint, 'symlink'],
  [reparseTag.symlink, 'symlink'],
  [reparseTag.linuxSymlink, 'symlink'],
  [reparseTag.linuxSocket, 'socket'],
  [reparseTag.linuxFifo, 'fifo'],
  [reparseTag.linuxCharacterDevice, 'character-device'],
  [reparseTag.linuxBlockDevice, 'block-device'],
]);
const cloudTag = 0x9000_001a;
const cloudTagMask = 0xffff_0fff;

/** The kind a reparse point gives its node; undefined where it stays what it is. */
export function kindOfReparsePoint({ tag }: ReparsePoint): NodeKind | undefined {
  return kinds.get(tag);
}

/** @throws CORRUPT_DATA */
export function parseReparsePoint(bytes: Uint8Array): ReparsePoint {
  const reader = new BinaryReader(bytes, 'NTFS reparse point');
  const payloadBytes = reader.u16le('length', 4);
  return { tag: reader.u32le('tag', 0), payload: reader.bytes('payload', 8, payloadBytes) };
}

/**
 * The target as the guest writes it, with `/` for `\` and without the prefix of the kernel: `C:/Users`, `../sibling`.
 * @throws CORRUPT_DATA
 */
export function linkTarget({ tag, payload }: ReparsePoint): string {
  const reader = new BinaryReader(payload, 'NTFS reparse point');
  if (tag === reparseTag.linuxSymlink) return decodePath(payload.subarray(4));
  const namesOffset = tag === reparseTag.symlink ? 12 : 8;
  const start = namesOffset + reader.u16le('substitute name', 0);
  const name = decodeUtf16(reader.bytes('substitute name', start, reader.u16le('substitute name length', 2)));
  return name.replace(/^\\\?\?\\/, '').replaceAll('\\', '/');
}

/**
 * What must hold for the content to be what the guest reads.
 * @throws UNSUPPORTED_FORMAT if the content lies elsewhere, or nobody knows
 */
export function requireLocalContent({ tag }: ReparsePoint, isElsewhere: boolean): void {
  const isCloud = (tag & cloudTagMask) >>> 0 === cloudTag;
  if (isCloud && !isElsewhere) return;
  const what = isCloud
    ? 'the content of the file is in the cloud, not on this disk'
    : tag === reparseTag.deduplicated
      ? 'the content of the file is deduplicated by Windows'
      : `the file has an unknown reparse point 0x${tag.toString(16).toUpperCase()}`;
  throw new AppError('UNSUPPORTED_FORMAT', what, { remedy: 'Restore the disk and read the file in a guest' });
}
