import { AppError } from '../../src/base/errors.ts';
import { noDetails } from '../../src/core/guestfs/nodeDetails.ts';
import type {
  DirectoryEntry,
  GuestFileSystem,
  NodeId,
  NodeKind,
  NodeStat,
} from '../../src/core/guestfs/guestFileSystem.ts';

/** A node of a made-up guest. A folder's entries are names and the keys of nodes, so that it may lie in itself. */
export interface FakeNode {
  readonly kind: NodeKind;
  readonly content?: Uint8Array;
  /** Content that is too large to be held; its size is in `facts`. */
  readonly pieces?: () => Iterable<Uint8Array>;
  /** Where a link leads; `somewhere` unless said. */
  readonly linkTarget?: string;
  /** Facts that matter. */
  readonly facts?: Partial<NodeStat>;
  readonly entries?: Readonly<Record<string, string>>;
  readonly problems?: readonly string[];
  /** What asking for its facts throws. */
  readonly damage?: AppError;
  /** What reading its content, or listing it, throws. */
  readonly contentDamage?: AppError;
}

export interface FakeGuest {
  readonly fileSystem: GuestFileSystem;
  idOf(key: string): NodeId;
}

/** A file system of the nodes given; `root` is its root. A node may be made when it is asked for. */
export function fakeGuest(
  nodes: Readonly<Record<string, FakeNode>> | ((key: string) => FakeNode),
): FakeGuest {
  const keys: string[] = [];
  const idOf = (key: string): NodeId => {
    if (!keys.includes(key)) keys.push(key);
    return keys.indexOf(key) as NodeId;
  };
  const nodeOf = (id: NodeId): FakeNode => {
    const key = keys[id] ?? '';
    const node = typeof nodes === 'function' ? nodes(key) : nodes[key];
    if (node === undefined) throw new AppError('NOT_FOUND', `no node ${key}`, { object: key });
    return node;
  };
  const entriesOf = (directory: NodeId): DirectoryEntry[] =>
    Object.entries(nodeOf(directory).entries ?? {}).map(([name, key]) => {
      const node = idOf(key);
      return { name, node, kind: nodeOf(node).kind };
    });
  const fileSystem: GuestFileSystem = {
    kind: 'fake',
    label: '',
    uuid: '',
    journal: 'none',
    problems: [],
    root: idOf('root'),
    lookup: async path =>
      path
        .split('/')
        .filter(name => name !== '' && name !== '.')
        .reduce((node, name) => {
          const entry = entriesOf(node).find(candidate => candidate.name === name);
          if (entry === undefined)
            throw new AppError('NOT_FOUND', `${path} does not exist`, { object: path });
          return entry.node;
        }, idOf('root')),
    list: async directory => {
      const { problems = [], contentDamage } = nodeOf(directory);
      if (contentDamage !== undefined) throw contentDamage;
      return { entries: entriesOf(directory), problems };
    },
    stat: async id => statOf(id, nodeOf(id)),
    readFile: async function* (id) {
      const { content = new Uint8Array(0), pieces = () => [content], contentDamage } = nodeOf(id);
      yield* pieces();
      if (contentDamage !== undefined) throw contentDamage;
    },
    fingerprints: async function* () {
      yield undefined;
    },
    details: async () => noDetails,
    readlink: async id => nodeOf(id).linkTarget ?? 'somewhere',
  };
  return { fileSystem, idOf };
}

function statOf(node: NodeId, { kind, content, damage, facts }: FakeNode): NodeStat {
  if (damage !== undefined) throw damage;
  const at = { seconds: 1_700_000_000, nanoseconds: 0 };
  return {
    ...{ node, kind, mode: 0o640, uid: 0, gid: 0, linkCount: 1, sizeBytes: content?.byteLength ?? 0 },
    ...{ accessedAt: at, modifiedAt: at, changedAt: at, createdAt: undefined },
    ...facts,
  };
}
