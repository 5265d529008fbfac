import { BinaryReader } from '../../../base/binaryReader.ts';
import { CorruptDataError } from '../../../base/errors.ts';
import { readWholeRuns, type FileRun } from '../fileRuns.ts';
import type { StoredAttribute } from '../nodeDetails.ts';
import { isChecksumRight } from './checksum.ts';
import { extentRuns } from './extents.ts';
import type { Inode } from './inode.ts';
import type { XfsVolume } from './volume.ts';

const magics = { v5: { leaf: 0x3bee, node: 0x3ebe }, v4: { leaf: 0xfbee, node: 0xfebe } } as const;
const magicOffset = 8;
const checksumOffset = 12;
/** Bytes of the head that leaves and nodes have in common, and of the whole of each. */
const heads = { v5: { common: 56, leaf: 80, node: 64 }, v4: { common: 12, leaf: 32, node: 16 } } as const;
const flag = { local: 1, trusted: 2, security: 4, parent: 8, incomplete: 0x80 } as const;
const maxLevels = 5;
const maxLeaves = 10_000;
/** What the guest's other programs call differently than XFS does. */
const aclNames: ReadonlyMap<string, string> = new Map([
  ['SGI_ACL_FILE', 'system.posix_acl_access'],
  ['SGI_ACL_DEFAULT', 'system.posix_acl_default'],
]);

/**
 * The extended attributes of an inode: in the inode, in one leaf, or in leaves below an index by hashes, which is not needed.
 * @throws CORRUPT_DATA
 * @see XFS Algorithms & Data Structures, 3rd edition, "Extended Attributes"
 */
export async function readAttributes(
  volume: XfsVolume,
  inode: Inode,
  signal: AbortSignal,
): Promise<readonly StoredAttribute[]> {
  const { number, attributeFork: fork } = inode;
  if (fork === undefined) return [];
  if (fork.format === 'local') return [...shortForm(fork.bytes, number)];
  const mapped = { ...inode, format: fork.format, dataFork: fork.bytes, extentCount: fork.extentCount };
  const asFile: Inode = { ...mapped, isRealtime: false };
  const runs: FileRun[] = [];
  for await (const run of extentRuns(volume, asFile, 0, Number.MAX_SAFE_INTEGER, signal)) runs.push(run);
  if (runs.length === 0) return [];
  const found: StoredAttribute[] = [];
  let leaf = await firstLeaf(volume, runs, number, signal);
  for (let count = 1; ; count += 1) {
    found.push(...leafEntries(leaf.reader, leaf.isV5));
    const next = leaf.reader.u32be('next leaf', 0);
    if (next === 0) return found;
    if (count >= maxLeaves) throw leaf.reader.error('the leaves are without end');
    leaf = await readAttributeBlock(volume, runs, next, number, signal);
    if (leaf.isNode) throw leaf.reader.error('a leaf was expected');
  }
}

function* shortForm(bytes: Uint8Array, inode: number): Generator<StoredAttribute, void, undefined> {
  const reader = new BinaryReader(bytes, `attributes of XFS inode ${inode}`);
  const count = reader.u8('count', 2);
  for (let index = 0, at = 4; index < count; index += 1) {
    const nameBytes = reader.u8('name length', at);
    const sizeBytes = reader.u8('value length', at + 1);
    const flags = reader.u8('flags', at + 2);
    const value = reader.bytes('value', at + 3 + nameBytes, sizeBytes);
    yield* attribute(reader.bytes('name', at + 3, nameBytes), flags, sizeBytes, value);
    at += 3 + nameBytes + sizeBytes;
  }
}

interface AttributeBlock {
  readonly reader: BinaryReader;
  readonly isV5: boolean;
  readonly isNode: boolean;
}

/** Down the index, always to what comes first. */
async function firstLeaf(
  volume: XfsVolume,
  runs: readonly FileRun[],
  inode: number,
  signal: AbortSignal,
): Promise<AttributeBlock> {
  let block = await readAttributeBlock(volume, runs, 0, inode, signal);
  for (let level = 0; block.isNode; level += 1) {
    if (level >= maxLevels) throw block.reader.error('the index is too deep');
    const { node } = block.isV5 ? heads.v5 : heads.v4;
    block = await readAttributeBlock(
      volume,
      runs,
      block.reader.u32be('first child', node + 4),
      inode,
      signal,
    );
  }
  return block;
}

async function readAttributeBlock(
  { source, superblock }: XfsVolume,
  runs: readonly FileRun[],
  block: number,
  inode: number,
  signal: AbortSignal,
): Promise<AttributeBlock> {
  const { blockBytes, isV5 } = superblock;
  const startBytes = block * blockBytes;
  const what = `attribute block ${block} of XFS inode ${inode}`;
  if (!runs.some(run => run.offsetBytes <= startBytes && startBytes < run.offsetBytes + run.lengthBytes))
    throw new CorruptDataError(`the ${what} does not exist`);
  const bytes = await readWholeRuns(source, runs, startBytes, startBytes + blockBytes, signal);
  const reader = new BinaryReader(bytes, what);
  const { leaf, node } = isV5 ? magics.v5 : magics.v4;
  const magic = reader.u16be('magic', magicOffset);
  if (magic !== leaf && magic !== node) throw reader.error('it is neither leaf nor index', magicOffset);
  if (isV5 && !isChecksumRight(bytes, checksumOffset)) throw reader.error('the checksum does not match');
  return { reader, isV5, isNode: magic === node };
}

function* leafEntries(reader: BinaryReader, isV5: boolean): Generator<StoredAttribute, void, undefined> {
  const head = isV5 ? heads.v5 : heads.v4;
  const count = reader.u16be('count', head.common, { max: Math.floor((reader.sizeBytes - head.leaf) / 8) });
  for (let index = 0; index < count; index += 1) {
    const entry = head.leaf + index * 8;
    const at = reader.u16be('place', entry + 4);
    const flags = reader.u8('flags', entry + 6);
    if ((flags & flag.local) === 0) {
      const sizeBytes = reader.u32be('value length', at + 4);
      const name = reader.bytes('name', at + 9, reader.u8('name length', at + 8));
      yield* attribute(name, flags, sizeBytes, undefined);
    } else {
      const sizeBytes = reader.u16be('value length', at);
      const nameBytes = reader.u8('name length', at + 2);
      const value = reader.bytes('value', at + 3 + nameBytes, sizeBytes);
      yield* attribute(reader.bytes('name', at + 3, nameBytes), flags, sizeBytes, value);
    }
  }
}

/** One that was not whole when the guest stopped does not exist; what leads to parents is the file system's own. */
function* attribute(
  name: Uint8Array,
  flags: number,
  sizeBytes: number,
  value: Uint8Array | undefined,
): Generator<StoredAttribute, void, undefined> {
  if ((flags & (flag.incomplete | flag.parent)) !== 0) return;
  const isTrusted = (flags & flag.trusted) !== 0;
  const acl = isTrusted ? aclNames.get(Buffer.from(name).toString('latin1')) : undefined;
  const prefix = isTrusted ? 'trusted.' : (flags & flag.security) === 0 ? 'user.' : 'security.';
  const fullName = acl === undefined ? Buffer.concat([Buffer.from(prefix), name]) : Buffer.from(acl);
  yield { name: fullName, sizeBytes, value };
}
