import { setImmediate } from 'node:timers/promises';
import { mapOrdered } from '../../../base/async/mapOrdered.ts';
import { CancelledError } from '../../../base/errors.ts';
import type { ProgressListener } from '../../../base/progress.ts';
import { toHex, type Random } from '../../../base/random.ts';
import type { BlobId } from '../../codec/blobId.ts';
import type { Sealer } from '../../codec/sealer.ts';
import type { SealingPool } from '../../codec/sealingPool.ts';
import type { BlobIndex } from '../blobIndex.ts';
import type { CheckOptions, CheckResult } from '../check.ts';
import type { ObjectKind, ObjectStore } from '../objectStore.ts';
import type { SnapshotId } from '../snapshot.ts';
import type { Tree } from '../tree.ts';
import { Findings } from './findings.ts';
import type { PackContents } from './indexFile.ts';
import { assertNamedByContent, loadIndexFile } from './indexFiles.ts';
import { blobKey, checkPack } from './packCheck.ts';
import type { SnapshotStore } from './snapshotStore.ts';

export interface CheckDeps {
  readonly store: ObjectStore;
  readonly sealer: Sealer;
  readonly pool: SealingPool;
  readonly random: Random;
  readonly snapshots: SnapshotStore;
  readonly loadTree: (id: BlobId, signal: AbortSignal) => Promise<Tree>;
  /** An index without entries; it takes little memory. */
  readonly scratchIndex: () => BlobIndex;
}

/** At 16 MiB each, and as much again on its way through the sealing pool. */
const packsAtOnce = 4;

/**
 * Looks at everything a repository consists of, in the order that makes sense beside writers: whatever a snapshot listed
 * now refers to is in an index file listed later, and what that names in a pack listed later still.
 */
export async function checkRepository(
  deps: CheckDeps,
  options: CheckOptions,
  onProgress: ProgressListener,
  signal: AbortSignal,
): Promise<CheckResult> {
  onProgress({ phase: 'Reading the index', doneBytes: 0, totalBytes: undefined });
  const snapshotIds = await idsOf(deps.store, 'snapshot', signal);
  const indexIds = [...(await idsOf(deps.store, 'index', signal)).keys()];
  const packSizes = await idsOf(deps.store, 'pack', signal);
  await using check = new RepositoryCheck(
    deps,
    packSizes,
    packsToRead(packSizes, options, deps.random),
    onProgress,
  );
  for (const id of indexIds) await check.indexFile(id, signal);
  check.unnamedPacks();
  for (const id of snapshotIds.keys()) await check.snapshot(id as SnapshotId, signal);
  return check.result(snapshotIds.size, indexIds.length);
}

/** The packs of which every byte is read; a sample has one at least. */
function packsToRead(
  packSizes: ReadonlyMap<string, number>,
  { readData, subset }: CheckOptions,
  random: Random,
): ReadonlySet<string> {
  const ids = [...packSizes.keys()];
  if (!readData) return new Set();
  if (subset === undefined) return new Set(ids);
  if (subset.kind === 'part') {
    const { part, parts } = subset;
    return new Set(ids.filter(id => Number.parseInt(id.slice(0, 2), 16) % parts === part - 1));
  }
  const drawn = ids.map(id => ({ id, lot: toHex(random.bytes(8)) }));
  const count = Math.max(1, Math.round(ids.length * subset.share));
  const first = drawn.toSorted((a, b) => (a.lot < b.lot ? -1 : 1)).slice(0, count);
  return new Set(first.map(({ id }) => id));
}

class RepositoryCheck implements AsyncDisposable {
  readonly #deps: CheckDeps;
  readonly #packSizes: ReadonlyMap<string, number>;
  readonly #toRead: ReadonlySet<string>;
  readonly #onProgress: ProgressListener;
  readonly #findings = new Findings();
  readonly #index: BlobIndex;
  readonly #namedPacks = new Set<string>();
  /** Places of blobs that the index names and nobody can have. */
  readonly #lost = new Set<string>();
  /** Whether what is below a tree is whole, by the tree's id. */
  readonly #trees = new Map<BlobId, boolean>();
  readonly #damagedSnapshots: SnapshotId[] = [];
  readonly #packBytes: number;
  #blobCount = 0;
  #doneBytes = 0;
  #readBytes = 0;

  constructor(
    deps: CheckDeps,
    packSizes: ReadonlyMap<string, number>,
    toRead: ReadonlySet<string>,
    onProgress: ProgressListener,
  ) {
    this.#deps = deps;
    this.#packSizes = packSizes;
    this.#toRead = toRead;
    this.#onProgress = onProgress;
    this.#index = deps.scratchIndex();
    this.#packBytes = [...packSizes.values()].reduce((sum, sizeBytes) => sum + sizeBytes, 0);
  }

  async indexFile(id: string, signal: AbortSignal): Promise<void> {
    const { store, sealer } = this.#deps;
    await this.#findings.of(`index ${id}`, async () => {
      await assertNamedByContent(store, 'index', id, signal);
      const packs = await loadIndexFile(store, sealer, id, signal);
      const checked = mapOrdered(packs, packsAtOnce, async pack => await this.#pack(pack, signal));
      // Also what comes at once must let others run.
      for await (const sizeBytes of checked) {
        this.#progress(sizeBytes);
        await setImmediate();
      }
    });
  }

  /** Packs of a backup that is running, or was interrupted. */
  unnamedPacks(): void {
    for (const packId of this.#packSizes.keys()) {
      if (this.#namedPacks.has(packId)) continue;
      this.#findings.warning(`pack ${packId}`, 'no index file names it; it only takes space');
    }
  }

  async snapshot(id: SnapshotId, signal: AbortSignal): Promise<void> {
    const { store, snapshots } = this.#deps;
    this.#onProgress({ phase: 'Checking snapshots', doneBytes: 0, totalBytes: undefined });
    const isWhole = await this.#findings.of(`snapshot ${id}`, async () => {
      await assertNamedByContent(store, 'snapshot', id, signal);
      const { tree } = await snapshots.load(id, signal);
      return await this.#tree(tree, `snapshot ${id}`, signal);
    });
    if (isWhole === false) this.#damagedSnapshots.push(id);
  }

  result(snapshotCount: number, indexFileCount: number): CheckResult {
    const { errors, errorCount, warnings, warningCount } = this.#findings;
    return {
      ...{ errors, errorCount, warnings, warningCount },
      damagedSnapshots: this.#damagedSnapshots,
      ...{ snapshotCount, indexFileCount },
      packCount: this.#packSizes.size,
      packBytes: this.#packBytes,
      blobCount: this.#blobCount,
      treeCount: this.#trees.size,
      readBytes: this.#readBytes,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#index[Symbol.asyncDispose]();
  }

  /** @returns the size of what was looked at */
  async #pack(pack: PackContents, signal: AbortSignal): Promise<number> {
    if (signal.aborted) throw new CancelledError();
    const { packId, blobs } = pack;
    await this.#index.add(packId, blobs, signal);
    if (this.#namedPacks.has(packId)) return 0;
    this.#namedPacks.add(packId);
    this.#blobCount += blobs.length;
    const sizeBytes = this.#packSizes.get(packId);
    if (sizeBytes === undefined) {
      this.#findings.error(`pack ${packId}`, 'the index names it, but it is not there');
      for (const blob of blobs) this.#lost.add(lostKey(packId, blobKey(blob)));
      return 0;
    }
    const deps = { ...this.#deps, findings: this.#findings };
    const isRead = this.#toRead.has(packId);
    if (isRead) this.#readBytes += sizeBytes;
    for (const key of await checkPack(pack, sizeBytes, isRead, deps, signal))
      this.#lost.add(lostKey(packId, key));
    return sizeBytes;
  }

  #progress(sizeBytes: number): void {
    this.#doneBytes += sizeBytes;
    this.#onProgress({
      phase: this.#toRead.size > 0 ? 'Reading packs' : 'Comparing packs with the index',
      doneBytes: this.#doneBytes,
      totalBytes: this.#packBytes,
    });
  }

  /** Whether the tree and all below it are there. Folders may be as deep as a guest made them, so no recursion. */
  async #tree(root: BlobId, object: string, signal: AbortSignal): Promise<boolean> {
    const path = [await this.#openTree(root, object, signal)];
    for (let at = path.at(-1); at !== undefined; at = path.at(-1)) {
      const child = at.subtrees.pop();
      if (child === undefined) {
        this.#trees.set(at.id, at.isWhole);
        path.pop();
        const parent = path.at(-1);
        if (parent !== undefined) parent.isWhole &&= at.isWhole;
        continue;
      }
      const known = this.#trees.get(child);
      if (known === undefined) path.push(await this.#openTree(child, object, signal));
      else at.isWhole &&= known;
    }
    return this.#trees.get(root) ?? false;
  }

  async #openTree(id: BlobId, object: string, signal: AbortSignal): Promise<OpenTree> {
    const tree = await this.#findings.of(
      `${object}, tree ${id}`,
      async () => await this.#deps.loadTree(id, signal),
    );
    if (tree === undefined) return { id, subtrees: [], isWhole: false };
    const subtrees = tree.nodes.flatMap(node => (node.type === 'dir' ? [node.subtree] : []));
    return { id, subtrees, isWhole: (await this.#missingContent(tree, object, signal)) === 0 };
  }

  /** @returns how many blobs are missing */
  async #missingContent(tree: Tree, object: string, signal: AbortSignal): Promise<number> {
    let missing = 0;
    for (const node of tree.nodes) {
      if (node.type !== 'file') continue;
      let missingHere = 0;
      for (const id of node.content) {
        const place = await this.#index.lookup('data', id, signal);
        if (place === undefined || this.#lost.has(lostKey(place.packId, `data ${id}`))) missingHere += 1;
      }
      missing += missingHere;
      if (missingHere > 0) {
        this.#findings.error(
          `${object}, ${node.name}`,
          `${missingHere} of its ${node.content.length} blobs are missing or damaged`,
        );
      }
    }
    return missing;
  }
}

interface OpenTree {
  readonly id: BlobId;
  /** Those that are still to be looked at. */
  readonly subtrees: BlobId[];
  isWhole: boolean;
}

function lostKey(packId: string, key: string): string {
  return `${packId} ${key}`;
}

async function idsOf(
  store: ObjectStore,
  kind: ObjectKind,
  signal: AbortSignal,
): Promise<Map<string, number>> {
  const ids = new Map<string, number>();
  for await (const { id, sizeBytes } of store.list(kind, signal)) ids.set(id, sizeBytes);
  return ids;
}
