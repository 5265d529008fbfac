import { createHash } from 'node:crypto';
import {
  closeSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  type BigIntStats,
} from 'node:fs';
import { isZero } from '../../src/core/block/zeros.ts';
import type { GuestFileSystem, NodeId, Timestamp } from '../../src/core/guestfs/guestFileSystem.ts';
import { decodeName, decodePath } from '../../src/core/guestfs/names.ts';

/** All there is to know of one node, as one line of a manifest. */
export interface ManifestLine {
  readonly path: string;
  readonly kind: string;
  readonly mode: string;
  readonly owner: string;
  readonly links: number;
  readonly size: number;
  readonly modified: string;
  readonly changed: string;
  /** Of a file: hash of its pieces of 1 MiB that are not zeros, with their positions. */
  readonly content?: string;
  readonly target?: string;
}

const pieceBytes = 1024 * 1024;
const signal = new AbortController().signal;

/** What the operating system says of a folder, as far as it is wanted: the truth. */
export function manifestOfFolder(
  folder: string,
  isWanted: (path: string) => boolean = () => true,
): ManifestLine[] {
  const lines: ManifestLine[] = [];
  const visit = (osPath: Buffer, path: string) => {
    const stat = lstatSync(osPath, { bigint: true });
    const kind = kindOf(stat);
    lines.push({
      path,
      kind,
      mode: (Number(stat.mode) & 0o7777).toString(8),
      owner: `${stat.uid}:${stat.gid}`,
      links: Number(stat.nlink),
      size: Number(stat.size),
      modified: time(stat.mtimeNs),
      changed: time(stat.ctimeNs),
      ...(kind === 'file' ? { content: hashOfFile(osPath) } : {}),
      ...(kind === 'symlink' ? { target: decodePath(readlinkSync(osPath, 'buffer')) } : {}),
    });
    if (kind !== 'directory') return;
    for (const name of readdirSync(osPath, 'buffer')) {
      const childPath = `${path}/${decodeName(name)}`;
      if (isWanted(childPath)) visit(Buffer.concat([osPath, Buffer.from('/'), name]), childPath);
    }
  };
  visit(Buffer.from(folder), '');
  return sorted(lines);
}

/** A line that ntfs-3g told: NTFS has no modes and owners like these, and directories have no sizes there. */
export function asOfNtfs(line: ManifestLine): ManifestLine {
  const isDirectory = line.kind === 'directory';
  return { ...line, mode: isDirectory ? '755' : '644', owner: '0:0', size: isDirectory ? 0 : line.size };
}

/** What our reader says of a file system, as far as it is wanted; what lies in a folder that is not, is not either. */
export async function manifestOfGuest(
  fileSystem: GuestFileSystem,
  isWanted: (path: string) => boolean = () => true,
): Promise<ManifestLine[]> {
  const lines: ManifestLine[] = [];
  const visit = async (node: NodeId, path: string) => {
    const stat = await fileSystem.stat(node, signal);
    lines.push({
      path,
      kind: stat.kind,
      mode: stat.mode.toString(8),
      owner: `${stat.uid}:${stat.gid}`,
      links: stat.linkCount,
      size: stat.sizeBytes,
      modified: time(nanoseconds(stat.modifiedAt)),
      changed: time(nanoseconds(stat.changedAt)),
      ...(stat.kind === 'file' ? { content: await hashOfGuestFile(fileSystem, node) } : {}),
      ...(stat.kind === 'symlink' ? { target: await fileSystem.readlink(node, signal) } : {}),
    });
    if (stat.kind !== 'directory') return;
    const { entries, problems } = await fileSystem.list(node, signal);
    if (problems.length > 0) throw new Error(`${path}: ${problems.join('; ')}`);
    for (const entry of entries) {
      if ((await fileSystem.stat(entry.node, signal)).kind !== entry.kind)
        throw new Error(`${entry.name}: kind`);
      if (isWanted(`${path}/${entry.name}`)) await visit(entry.node, `${path}/${entry.name}`);
    }
  };
  await visit(fileSystem.root, '');
  return sorted(lines);
}

function kindOf(stat: BigIntStats): string {
  if (stat.isFile()) return 'file';
  if (stat.isDirectory()) return 'directory';
  if (stat.isSymbolicLink()) return 'symlink';
  if (stat.isFIFO()) return 'fifo';
  if (stat.isSocket()) return 'socket';
  if (stat.isCharacterDevice()) return 'character-device';
  return stat.isBlockDevice() ? 'block-device' : 'unknown';
}

function hashOfFile(osPath: Buffer): string {
  const file = openSync(osPath, 'r');
  try {
    const hash = new PieceHash();
    const piece = Buffer.alloc(pieceBytes);
    for (let offset = 0; ;) {
      const length = readSync(file, piece, 0, pieceBytes, offset);
      if (length === 0) return hash.digest();
      hash.add(piece.subarray(0, length));
      offset += length;
    }
  } finally {
    closeSync(file);
  }
}

async function hashOfGuestFile(fileSystem: GuestFileSystem, node: NodeId): Promise<string> {
  const hash = new PieceHash();
  for await (const piece of fileSystem.readFile(node, { offsetBytes: 0 }, signal)) hash.add(piece);
  return hash.digest();
}

class PieceHash {
  readonly #hash = createHash('sha256');
  #offset = 0;

  add(piece: Uint8Array): void {
    if (!isZero(piece)) this.#hash.update(`${this.#offset}:`).update(piece);
    this.#offset += piece.byteLength;
  }

  digest(): string {
    return this.#hash.update(`${this.#offset}`).digest('hex');
  }
}

function time(ns: bigint): string {
  return ns.toString();
}

function nanoseconds({ seconds, nanoseconds: rest }: Timestamp): bigint {
  return BigInt(seconds) * 1_000_000_000n + BigInt(rest);
}

function sorted(lines: ManifestLine[]): ManifestLine[] {
  return lines.toSorted((one, other) => (one.path < other.path ? -1 : 1));
}
