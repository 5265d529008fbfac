import { AppError } from '../../../../base/errors.ts';
import { placeDurably } from '../../../../base/node/durableFile.ts';
import type { ProgressListener } from '../../../../base/progress.ts';
import type { FileRestoreItem } from '../fileRestorePlan.ts';
import type { ZipEntry } from '../zip/zipRecords.ts';
import { zipNameOf, type ZipRestorePlan } from '../zip/zipRestorePlan.ts';
import { damageOf, lookUpLocalTarget, ordinaryPermissions } from './restoreFiles.ts';
import { ZipWriter } from './zipWriter.ts';

const kindBits = { file: 0o10_0000, folder: 0o4_0000, symlink: 0o12_0000 } as const;

/**
 * Carries out the plan. The archive appears whole or not at all; times, permissions and owners in it are the guest's, links
 * are kept as links.
 * @returns what is not in it because it is damaged in the restore point, and why; everything else is
 */
export async function restoreZip(
  plan: ZipRestorePlan,
  onProgress: ProgressListener,
  signal: AbortSignal,
): Promise<readonly AppError[]> {
  const { zipPath, existing, items, totalBytes } = plan;
  if ((await lookUpLocalTarget(zipPath)) !== existing) {
    throw new AppError('CONFLICT', `${zipPath} has changed since the plan was made`, {
      object: zipPath,
      remedy: 'Try again',
    });
  }
  const phase = `Restoring to ${zipPath}`;
  return await placeDurably(zipPath, { mode: 0o600, replace: existing !== 'absent' }, async file => {
    const zip = new ZipWriter(file);
    const damaged: AppError[] = [];
    let doneBytes = 0;
    for (const item of items) {
      signal.throwIfAborted();
      const onRead = (readBytes: number) => {
        if (item.kind === 'file') onProgress({ phase, doneBytes: doneBytes + readBytes, totalBytes });
      };
      try {
        await zip.add(entryOf(item), contentOf(item, signal), onRead, signal);
      } catch (error) {
        damaged.push(damageOf(item, error));
      }
      if (item.kind === 'file') doneBytes += item.stat.sizeBytes;
    }
    await zip.finish();
    return damaged;
  });
}

function entryOf(item: FileRestoreItem): ZipEntry {
  const { kind, stat } = item;
  const { mode, uid, gid, modifiedAt, accessedAt, sizeBytes } = stat;
  return {
    name: zipNameOf(item),
    mode: kindBits[kind] | (mode & ordinaryPermissions),
    ...{ uid, gid, modifiedAt, accessedAt, sizeBytes },
    method: kind === 'file' && sizeBytes > 0 ? 'deflate' : 'store',
  };
}

async function* contentOf(
  { kind, stat, location }: FileRestoreItem,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (kind === 'file') yield* location.fileSystem.readFile(stat.node, { offsetBytes: 0 }, signal);
  if (kind === 'symlink') yield Buffer.from(await location.fileSystem.readlink(stat.node, signal), 'utf8');
}
