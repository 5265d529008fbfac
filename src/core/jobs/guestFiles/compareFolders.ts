import { AppError } from '../../../base/errors.ts';
import { pieceBytes } from '../../guestfs/filePieces.ts';
import type { DirectoryEntry, NodeKind, NodeStat } from '../../guestfs/guestFileSystem.ts';
import { unlessDamaged, walkTree } from './guestTree.ts';
import type { GuestLocation } from './guestVolumes.ts';

/** Something that is not the same in two states of a folder. */
export interface FolderChange {
  /** `attributes`: the content is the same; owner or permissions are not. */
  readonly kind: 'added' | 'removed' | 'content' | 'attributes';
  /** Below the folder, with `/` in front. */
  readonly path: string;
  /** Of the newer one, where there is one. */
  readonly nodeKind: NodeKind;
  /** Of the newer one, where there is one; 0 for what is no file. */
  readonly sizeBytes: number;
}

/** A state of the folder: the file system of a restore point, and the folder in it. */
export type FolderState = Pick<GuestLocation, 'fileSystem' | 'node' | 'path'>;

interface Pair {
  readonly path: string;
  readonly older: DirectoryEntry;
  readonly newer: DirectoryEntry;
}

/** Deeper than any path can be. */
const maxDepth = 2048;

/**
 * What is different in two states of a folder, in the order of names, with everything in a folder that was added or removed.
 * Contents that lie in the same chunks of the repository are known to be equal and not read. Times alone are no change.
 * @param onProblem  called with what cannot be compared, and why; the rest is compared all the same
 * @throws INVALID_INPUT for what is no folder; what the volumes throw
 */
export async function* compareFolders(
  older: FolderState,
  newer: FolderState,
  onProblem: (path: string, problem: string) => void,
  signal: AbortSignal,
): AsyncGenerator<FolderChange, void, undefined> {
  const comparison = new Comparison(older, newer, onProblem, signal);
  for (const { fileSystem, node, path } of [older, newer]) {
    const { kind } = await fileSystem.stat(node, signal);
    if (kind !== 'directory')
      throw new AppError('INVALID_INPUT', `${path} is a ${kind}, not a folder`, { object: path });
  }
  const top = { name: '', kind: 'directory' as const };
  const waiting: Pair[] = [
    { path: '', older: { ...top, node: older.node }, newer: { ...top, node: newer.node } },
  ];
  for (let pair = waiting.pop(); pair !== undefined; pair = waiting.pop()) {
    if (pair.path.split('/').length > maxDepth) onProblem(pair.path, 'lies too deep, which is not followed');
    else {
      const inside: Pair[] = [];
      yield* comparison.folder(pair, inside);
      waiting.push(...inside.toReversed());
    }
  }
}

class Comparison {
  readonly #older: FolderState;
  readonly #newer: FolderState;
  readonly #onProblem: (path: string, problem: string) => void;
  readonly #signal: AbortSignal;

  constructor(
    older: FolderState,
    newer: FolderState,
    onProblem: (path: string, problem: string) => void,
    signal: AbortSignal,
  ) {
    this.#older = older;
    this.#newer = newer;
    this.#onProblem = onProblem;
    this.#signal = signal;
  }

  /** @param inside  gets the folders that both have */
  async *folder({ path, older, newer }: Pair, inside: Pair[]): AsyncGenerator<FolderChange, void, undefined> {
    const before = await this.#entries(this.#older, path, older);
    const after = await this.#entries(this.#newer, path, newer);
    // Whoever cannot be listed says nothing of what was added or removed.
    if (before === undefined || after === undefined) return;
    const names = [...new Set([...before.keys(), ...after.keys()])].sort();
    for (const name of names) {
      this.#signal.throwIfAborted();
      const [was, is] = [before.get(name), after.get(name)];
      const at = `${path}/${name}`;
      if (was !== undefined && is?.kind === was.kind) {
        const pair = { path: at, older: was, newer: is };
        const change = await this.#change(pair);
        if (change !== undefined) yield change;
        if (is.kind === 'directory') inside.push(pair);
      } else {
        if (was !== undefined) yield* this.#all('removed', this.#older, at, was);
        if (is !== undefined) yield* this.#all('added', this.#newer, at, is);
      }
    }
  }

  async #entries(
    { fileSystem }: FolderState,
    path: string,
    { node }: DirectoryEntry,
  ): Promise<ReadonlyMap<string, DirectoryEntry> | undefined> {
    const list = async () => await fileSystem.list(node, this.#signal);
    const listing = await unlessDamaged(path === '' ? '/' : path, this.#onProblem, list);
    for (const problem of listing?.problems ?? []) this.#onProblem(path === '' ? '/' : path, problem);
    return listing === undefined ? undefined : new Map(listing.entries.map(entry => [entry.name, entry]));
  }

  async #change({ path, older, newer }: Pair): Promise<FolderChange | undefined> {
    return await unlessDamaged(path, this.#onProblem, async () => {
      const [was, is] = [
        await this.#older.fileSystem.stat(older.node, this.#signal),
        await this.#newer.fileSystem.stat(newer.node, this.#signal),
      ];
      const change = { path, nodeKind: is.kind, sizeBytes: sizeOf(is) };
      if (!(await this.#hasSameContent(was, is))) return { kind: 'content', ...change };
      const isSame = was.mode === is.mode && was.uid === is.uid && was.gid === is.gid;
      return isSame ? undefined : { kind: 'attributes', ...change };
    });
  }

  async #hasSameContent(was: NodeStat, is: NodeStat): Promise<boolean> {
    if (is.kind === 'symlink')
      return (
        (await this.#older.fileSystem.readlink(was.node, this.#signal)) ===
        (await this.#newer.fileSystem.readlink(is.node, this.#signal))
      );
    if (is.kind !== 'file') return true;
    if (was.sizeBytes !== is.sizeBytes) return false;
    const others = this.#newer.fileSystem.fingerprints(is.node, this.#signal)[Symbol.asyncIterator]();
    try {
      let index = 0;
      for await (const fingerprint of this.#older.fileSystem.fingerprints(was.node, this.#signal)) {
        const { value: other } = (await others.next()) as { value: string | undefined };
        const isKnown = fingerprint !== undefined && fingerprint === other;
        if (!isKnown && !(await this.#hasSamePiece(was, is, index))) return false;
        index += 1;
      }
      return true;
    } finally {
      await others.return?.();
    }
  }

  async #hasSamePiece(was: NodeStat, is: NodeStat, index: number): Promise<boolean> {
    const offsetBytes = index * pieceBytes;
    const range = { offsetBytes, lengthBytes: Math.min(pieceBytes, is.sizeBytes - offsetBytes) };
    const before = await whole(this.#older.fileSystem.readFile(was.node, range, this.#signal));
    const after = await whole(this.#newer.fileSystem.readFile(is.node, range, this.#signal));
    return before.equals(after);
  }

  async *#all(
    kind: 'added' | 'removed',
    { fileSystem }: FolderState,
    at: string,
    { node }: DirectoryEntry,
  ): AsyncGenerator<FolderChange, void, undefined> {
    for await (const found of walkTree({ fileSystem, node, path: at }, this.#onProblem, this.#signal)) {
      const read = async () => await fileSystem.stat(found.node, this.#signal);
      const stat = await unlessDamaged(found.guestPath, this.#onProblem, read);
      const sizeBytes = stat === undefined ? 0 : sizeOf(stat);
      yield { kind, path: found.guestPath, nodeKind: found.kind, sizeBytes };
    }
  }
}

function sizeOf({ kind, sizeBytes }: NodeStat): number {
  return kind === 'file' ? sizeBytes : 0;
}

async function whole(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const piece of pieces) parts.push(piece);
  return Buffer.concat(parts);
}
