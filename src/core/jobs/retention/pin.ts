import { AppError } from '../../../base/errors.ts';
import { shortId } from '../../catalog/restorePoint.ts';
import { pinTag, productTag } from '../../catalog/restorePointLayout.ts';
import type { LeaseJournal } from '../../journal/leaseJournal.ts';
import type { Repository } from '../../repository/repository.ts';
import type { Snapshot, SnapshotId } from '../../repository/snapshot.ts';
import { underLock } from '../../repository/underLock.ts';

/**
 * Pins a restore point, so that no rule forgets it, or gives it free again. A pin is a tag, and files of a repository
 * never change: as with `restic tag`, a snapshot that differs in its tags takes the place of the old one. A crash in
 * between leaves both, and the next try removes the old one.
 * @returns the id that the restore point has from now on; the same if there was nothing to do
 * @throws CONFLICT if the repository is in use; NOT_FOUND if there is no such restore point
 */
export async function setPinned(
  repository: Repository,
  journal: LeaseJournal,
  id: SnapshotId,
  pinned: boolean,
  signal: AbortSignal,
): Promise<SnapshotId> {
  return await underLock(repository, { mode: 'exclusive', journal }, signal, async (lock, held) => {
    const snapshot = await repository.loadSnapshot(id, held);
    if (!snapshot.tags.includes(productTag)) {
      throw new AppError('NOT_FOUND', `snapshot ${shortId(id)} is not a restore point of a VM`, {
        object: shortId(id),
      });
    }
    if (snapshot.tags.includes(pinTag) === pinned) return id;
    const tags = pinned ? [...snapshot.tags, pinTag] : snapshot.tags.filter(tag => tag !== pinTag);
    const replacement: Snapshot = { ...snapshot, tags, original: snapshot.original ?? id };
    const newId =
      (await findReplacement(repository, replacement, held)) ??
      (await repository.saveSnapshot(replacement, lock, held));
    const name = snapshot.tags.find(tag => tag.startsWith('name:'))?.slice('name:'.length) ?? '';
    await repository.record({ action: pinned ? 'pin' : 'unpin', subject: name, ids: [id, newId] }, held);
    await repository.removeSnapshot(id, lock, held);
    return newId;
  });
}

/** What an interrupted try has written already. */
async function findReplacement(
  repository: Repository,
  wanted: Snapshot,
  signal: AbortSignal,
): Promise<SnapshotId | undefined> {
  for await (const entry of repository.listSnapshots(signal)) {
    if ('problem' in entry) continue;
    const { original, tags, tree } = entry.snapshot;
    if (original === wanted.original && tree === wanted.tree && tags.join('\0') === wanted.tags.join('\0'))
      return entry.id;
  }
  return undefined;
}
