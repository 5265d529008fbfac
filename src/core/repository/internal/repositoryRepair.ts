import type { ProgressListener } from '../../../base/progress.ts';
import type { Random } from '../../../base/random.ts';
import { sealOverheadBytes, type Sealer } from '../../codec/sealer.ts';
import type { SealingPool } from '../../codec/sealingPool.ts';
import type { PackedBlob } from '../blobIndex.ts';
import type { ObjectKind, ObjectStore } from '../objectStore.ts';
import { needsRepair, type RepairOptions, type RepairPlan, type RepairResult } from '../repair.ts';
import type { SnapshotId } from '../snapshot.ts';
import { assertNamedByContent, loadIndexFile } from './indexFiles.ts';
import { IndexFileWriter } from './indexFileWriter.ts';
import type { IndexKeeper } from './indexKeeper.ts';
import { headerBytesOf, readPackHeader } from './pack.ts';
import type { PackWriter } from './packWriter.ts';
import type { SnapshotStore } from './snapshotStore.ts';
import { unlessDamaged, wholePack } from './wholePack.ts';

export interface RepairDeps {
  readonly store: ObjectStore;
  readonly sealer: Sealer;
  readonly random: Random;
  readonly pool: SealingPool;
  readonly snapshots: SnapshotStore;
  readonly packs: PackWriter;
  readonly index: IndexKeeper;
  readonly flush: (signal: AbortSignal) => Promise<void>;
  /** Throws unless nobody else can be at work. */
  readonly assertAlone: (signal: AbortSignal) => Promise<void>;
}

/** Looks for everything that a repair would mend; changes nothing. */
export async function planRepair(
  { store, sealer, snapshots }: RepairDeps,
  { readData }: RepairOptions,
  onProgress: ProgressListener,
  signal: AbortSignal,
): Promise<RepairPlan> {
  const sizes = await sizesOf(store, 'pack', signal);
  const totalBytes = [...sizes.values()].reduce((sum, sizeBytes) => sum + sizeBytes, 0);
  const plan = {
    damagedIndexFiles: [] as string[],
    missingPacks: [] as string[],
    damagedPacks: [] as string[],
    foundPacks: [] as string[],
    unreadableSnapshots: [] as SnapshotId[],
  };
  let doneBytes = 0;
  const isWhole = async (packId: string, sizeBytes: number): Promise<boolean> => {
    doneBytes += sizeBytes;
    onProgress({ phase: 'Reading packs', doneBytes, totalBytes });
    return (await wholePack(store, sealer, packId, sizeBytes, signal)) !== undefined;
  };
  const seen = new Set<string>();
  for (const id of (await sizesOf(store, 'index', signal)).keys()) {
    const isGood = await unlessDamaged(async () => {
      await assertNamedByContent(store, 'index', id, signal);
      for (const { packId, blobs } of await loadIndexFile(store, sealer, id, signal)) {
        if (seen.has(packId)) continue;
        seen.add(packId);
        const sizeBytes = sizes.get(packId);
        if (sizeBytes === undefined) plan.missingPacks.push(packId);
        else if (sizeBytes !== expectedBytes(blobs) || (readData && !(await isWhole(packId, sizeBytes))))
          plan.damagedPacks.push(packId);
      }
      return true;
    });
    if (isGood !== true) plan.damagedIndexFiles.push(id);
  }
  for (const [packId, sizeBytes] of sizes) {
    if (seen.has(packId)) continue;
    if (await isWhole(packId, sizeBytes)) plan.foundPacks.push(packId);
    else plan.damagedPacks.push(packId);
  }
  for await (const entry of snapshots.list(signal))
    if ('problem' in entry) plan.unreadableSnapshots.push(entry.id);
  return plan;
}

/**
 * Mends what the plan names: good blobs of damaged packs go into new packs; then an index that names whole packs alone takes the
 * place of the old one. Damaged packs stay where they are, named by nothing, until a prune.
 */
export async function executeRepair(
  plan: RepairPlan,
  deps: RepairDeps,
  { removeUnreadableSnapshots }: RepairOptions,
  onProgress: ProgressListener,
  signal: AbortSignal,
): Promise<RepairResult> {
  const { store, index } = deps;
  await deps.assertAlone(signal);
  const counts = { rescuedBlobCount: 0, lostBlobCount: 0 };
  if (needsRepair(plan)) {
    const oldIndexFiles = [...(await sizesOf(store, 'index', signal)).keys()];
    const outcome = await rescueAndRewrite(plan, oldIndexFiles, deps, onProgress, signal);
    counts.rescuedBlobCount = outcome.rescued;
    counts.lostBlobCount = outcome.lost;
    await deps.assertAlone(signal);
    for (const id of oldIndexFiles) await store.remove({ kind: 'index', id }, signal);
    await index.refresh(signal);
  }
  const removedSnapshots = removeUnreadableSnapshots ? plan.unreadableSnapshots : [];
  for (const id of removedSnapshots) await deps.snapshots.remove(id, signal);
  return { ...plan, ...counts, removedSnapshots };
}

async function rescueAndRewrite(
  plan: RepairPlan,
  oldIndexFiles: readonly string[],
  deps: RepairDeps,
  onProgress: ProgressListener,
  signal: AbortSignal,
): Promise<{ readonly rescued: number; readonly lost: number }> {
  const { store, sealer, random } = deps;
  const sizes = await sizesOf(store, 'pack', signal);
  const damaged = new Set(plan.damagedPacks);
  const missing = new Set(plan.missingPacks);
  const writer = new IndexFileWriter(store, sealer, random);
  const rescue = new Rescue(deps, signal);
  const seen = new Set<string>();
  for (const id of oldIndexFiles) {
    if (plan.damagedIndexFiles.includes(id)) continue;
    for (const { packId, blobs } of await loadIndexFile(store, sealer, id, signal)) {
      if (seen.has(packId)) continue;
      seen.add(packId);
      onProgress({ phase: 'Rescuing what is good', doneBytes: 0, totalBytes: undefined });
      if (missing.has(packId)) rescue.lose(blobs);
      else if (damaged.has(packId)) await rescue.from(packId, sizes.get(packId) ?? 0, blobs);
      else await writer.add({ packId, blobs }, signal);
    }
  }
  for (const packId of plan.foundPacks) {
    const blobs = await wholePack(store, sealer, packId, sizes.get(packId) ?? 0, signal);
    if (blobs !== undefined) await writer.add({ packId, blobs }, signal);
  }
  // Of a pack that no index file names, its own header tells what it holds, if it can still be read.
  for (const packId of damaged)
    if (!seen.has(packId)) await rescue.from(packId, sizes.get(packId) ?? 0, undefined);
  await deps.flush(signal);
  await writer.finish(signal);
  return rescue;
}

/** Tries each blob of damaged packs, and saves the good ones. */
class Rescue {
  rescued = 0;
  lost = 0;
  readonly #deps: RepairDeps;
  readonly #signal: AbortSignal;

  constructor(deps: RepairDeps, signal: AbortSignal) {
    this.#deps = deps;
    this.#signal = signal;
  }

  lose(blobs: readonly PackedBlob[]): void {
    this.lost += blobs.length;
  }

  /** @param indexed  what an index file says that the pack holds */
  async from(packId: string, sizeBytes: number, indexed: readonly PackedBlob[] | undefined): Promise<void> {
    const { store, sealer, packs } = this.#deps;
    const bytes = await store.get({ kind: 'pack', id: packId }, sizeBytes, this.#signal);
    const blobs =
      indexed ??
      (await unlessDamaged(async () => await Promise.resolve(readPackHeader(bytes, sealer, packId)))) ??
      [];
    for (const blob of blobs) {
      const { type, id, offsetBytes, lengthBytes, uncompressedLengthBytes } = blob;
      const compressed = uncompressedLengthBytes !== undefined;
      const plainLengthBytes = uncompressedLengthBytes ?? lengthBytes - sealOverheadBytes;
      const sealed = bytes.slice(offsetBytes, offsetBytes + lengthBytes);
      // A copy: the pool may give its memory to another thread.
      const plain = await unlessDamaged(
        async () =>
          await this.#deps.pool.unseal(sealed.slice(), { id, compressed, plainLengthBytes }, this.#signal),
      );
      if (plain === undefined) {
        this.lost += 1;
        continue;
      }
      this.rescued += 1;
      if (packs.find(type, id) === undefined)
        await packs.add(type, { id, sealed, compressed, plainLengthBytes }, this.#signal);
    }
  }
}

function expectedBytes(blobs: readonly PackedBlob[]): number {
  return blobs.reduce((sum, { lengthBytes }) => sum + lengthBytes, headerBytesOf(blobs));
}

async function sizesOf(
  store: ObjectStore,
  kind: ObjectKind,
  signal: AbortSignal,
): Promise<Map<string, number>> {
  const sizes = new Map<string, number>();
  for await (const { id, sizeBytes } of store.list(kind, signal)) sizes.set(id, sizeBytes);
  return sizes;
}
