import { mapOrdered } from '../../base/async/mapOrdered.ts';
import type { ProgressListener } from '../../base/progress.ts';
import type { RestorePointSummary } from '../catalog/backupSet.ts';
import type { BlobId } from '../codec/blobId.ts';
import type { LeaseJournal } from '../journal/leaseJournal.ts';
import type { Repository } from '../repository/repository.ts';
import type { Snapshot, SnapshotId } from '../repository/snapshot.ts';
import { underLock } from '../repository/underLock.ts';
import { assertRoom } from './assertRoom.ts';

export interface CopyResult {
  readonly copied: readonly { readonly from: SnapshotId; readonly to: SnapshotId }[];
  /** The target had them already. */
  readonly skipped: readonly SnapshotId[];
  /** What the target grew by. */
  readonly storedBytes: number;
}

/** At 1 MiB each, on their way from one repository to the other. */
const blobsAtOnce = 8;

/**
 * Copies restore points into another repository, oldest first, each blob read, verified and sealed with the other's key. As
 * `restic copy` does, a copy says in `original` what it is a copy of, so that neither program copies it again.
 */
export async function copyPoints(
  source: Repository,
  target: Repository,
  points: readonly RestorePointSummary[],
  journal: LeaseJournal,
  onProgress: ProgressListener,
  signal: AbortSignal,
): Promise<CopyResult> {
  await assertRoom(target, signal);
  return await underLock(source, { mode: 'shared', journal }, signal, async (_, sourceHeld) => {
    return await underLock(target, { mode: 'shared', journal }, sourceHeld, async (lock, held) => {
      const known = await originalsIn(target, held);
      const copying = new Copying(source, target, onProgress, held);
      const copied: { from: SnapshotId; to: SnapshotId }[] = [];
      const skipped: SnapshotId[] = [];
      for (const { id } of points.toSorted((a, b) => a.takenAt.getTime() - b.takenAt.getTime())) {
        const { parent, ...snapshot } = await source.loadSnapshot(id, held);
        const original = snapshot.original ?? id;
        if (known.get(original)?.some(other => isSame(other, snapshot)) === true) {
          skipped.push(id);
          continue;
        }
        await copying.tree(snapshot.tree);
        const newParent = copied.find(({ from }) => from === parent)?.to;
        const copy = { ...snapshot, original, ...(newParent !== undefined && { parent: newParent }) };
        copied.push({ from: id, to: await target.saveSnapshot(copy, lock, held) });
      }
      if (copied.length > 0) {
        const ids = copied.map(({ to }) => to);
        await target.record({ action: 'copy', subject: `from ${source.location}`, ids }, held);
      }
      return { copied, skipped, storedBytes: copying.storedBytes };
    });
  });
}

class Copying {
  storedBytes = 0;
  readonly #source: Repository;
  readonly #target: Repository;
  readonly #onProgress: ProgressListener;
  readonly #signal: AbortSignal;
  /** Those of which everything below is stored. */
  readonly #trees = new Set<BlobId>();
  #copiedBytes = 0;

  constructor(source: Repository, target: Repository, onProgress: ProgressListener, signal: AbortSignal) {
    this.#source = source;
    this.#target = target;
    this.#onProgress = onProgress;
    this.#signal = signal;
  }

  /** Copies what the target lacks of a tree. That the tree itself is there proves nothing of what it names. */
  async tree(root: BlobId): Promise<void> {
    const open = [root];
    for (let id = open.pop(); id !== undefined; id = open.pop()) {
      if (this.#trees.has(id)) continue;
      this.#trees.add(id);
      const { nodes } = await this.#source.loadTree(id, this.#signal);
      open.push(...nodes.flatMap(node => (node.type === 'dir' ? [node.subtree] : [])));
      const content = nodes.flatMap(node => (node.type === 'file' ? node.content : []));
      for await (const storedBytes of mapOrdered(
        content,
        blobsAtOnce,
        async blob => await this.#blob('data', blob),
      ))
        this.storedBytes += storedBytes;
      this.storedBytes += await this.#blob('tree', id);
    }
  }

  /** As it is, byte for byte: a tree that another program wrote keeps its id. */
  async #blob(type: 'data' | 'tree', id: BlobId): Promise<number> {
    if (await this.#target.hasBlob(type, id, this.#signal)) return 0;
    const plain = await this.#source.loadBlob(type, id, this.#signal);
    this.#copiedBytes += plain.byteLength;
    this.#onProgress({ phase: 'Copying', doneBytes: this.#copiedBytes, totalBytes: undefined });
    return (await this.#target.saveBlob(type, plain, this.#signal)).storedBytes;
  }
}

async function originalsIn(
  target: Repository,
  signal: AbortSignal,
): Promise<ReadonlyMap<SnapshotId, readonly Snapshot[]>> {
  const known = new Map<SnapshotId, Snapshot[]>();
  for await (const entry of target.listSnapshots(signal)) {
    if ('problem' in entry) continue;
    for (const id of new Set([entry.id, entry.snapshot.original ?? entry.id]))
      known.set(id, [...(known.get(id) ?? []), entry.snapshot]);
  }
  return known;
}

/** Tags may differ: a pin in one repository is none in the other. */
function isSame(one: Snapshot, other: Snapshot): boolean {
  return one.tree === other.tree && one.time === other.time;
}
