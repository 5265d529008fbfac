import { createHash } from 'node:crypto';

import { AppError, toAppError } from '../../../base/errors.ts';
import type { ProgressListener } from '../../../base/progress.ts';
import type { RestorePointSummary } from '../../catalog/backupSet.ts';
import { openRestorePoint } from '../../catalog/restorePoint.ts';
import { pieceBytes } from '../../guestfs/filePieces.ts';
import type { GuestFileSystem, NodeStat } from '../../guestfs/guestFileSystem.ts';
import { passingPieces } from '../../guestfs/passingPieces.ts';
import { ChunkCache } from '../../image/chunkCache.ts';
import type { Repository } from '../../repository/repository.ts';
import { findGuestPath, guestCacheBytes, type GuestLocation, type VolumeChoice } from './guestVolumes.ts';

/** One content that a guest file has had. */
export interface FileVersion {
  /** The same for the same content, within one history. */
  readonly contentId: string;
  readonly sizeBytes: number;
  /** Where the file had this content, newest first: it was first seen in the last one. */
  readonly seen: readonly SeenFile[];
}

export interface SeenFile {
  readonly point: RestorePointSummary;
  readonly deviceKey: number;
  readonly volumeIndex: number;
  /** Attributes may differ where the content does not. */
  readonly stat: NodeStat;
}

export interface FileHistory {
  /** By when each was last seen, newest first. */
  readonly versions: readonly FileVersion[];
  /** Restore points that do not have the file. */
  readonly absent: readonly RestorePointSummary[];
  /** Restore points in which it cannot be read, and why; the others count all the same. */
  readonly unreadable: readonly { readonly point: RestorePointSummary; readonly problem: AppError }[];
}

/**
 * Looks a guest file up in restore points of one VM and groups them by its content. What lies in the same chunks as in
 * another restore point is known to be equal and not read again.
 * @param points  newest first
 * @throws NOT_FOUND if none of them has the file
 */
export async function findFileVersions(
  repository: Repository,
  points: readonly RestorePointSummary[],
  path: string,
  choice: VolumeChoice,
  onProgress: ProgressListener,
  signal: AbortSignal,
  chunks = new ChunkCache(repository, guestCacheBytes),
): Promise<FileHistory> {
  const contents = new ContentIds();
  const versions = new Map<string, { contentId: string; sizeBytes: number; seen: SeenFile[] }>();
  const absent: RestorePointSummary[] = [];
  const unreadable: { point: RestorePointSummary; problem: AppError }[] = [];
  for (const [index, point] of points.entries()) {
    const phase = `Looking into restore point ${index + 1} of ${points.length}`;
    onProgress({ phase, doneBytes: 0, totalBytes: undefined });
    try {
      const open = await openRestorePoint(repository, point.id, signal);
      const location = await findGuestPath(repository, open, path, choice, signal, chunks);
      const stat = await fileStat(location, signal);
      const contentId = await contents.of(location.fileSystem, stat, signal);
      const version = versions.get(contentId) ?? { contentId, sizeBytes: stat.sizeBytes, seen: [] };
      version.seen.push({ point, deviceKey: location.disk.key, volumeIndex: location.volume.index, stat });
      versions.set(contentId, version);
    } catch (error) {
      const problem = toAppError(error);
      if (signal.aborted || problem.code === 'INTERNAL') throw error;
      if (problem.code === 'NOT_FOUND') absent.push(point);
      else unreadable.push({ point, problem });
    }
  }
  if (versions.size === 0 && unreadable.length === 0) {
    throw new AppError('NOT_FOUND', `none of ${points.length} restore points has ${path}`, {
      object: path,
      remedy: 'Look around with "quiesce ls"',
    });
  }
  return { versions: [...versions.values()], absent, unreadable };
}

async function fileStat({ fileSystem, node, path }: GuestLocation, signal: AbortSignal): Promise<NodeStat> {
  const stat = await fileSystem.stat(node, signal);
  if (stat.kind === 'file') return stat;
  throw new AppError('INVALID_INPUT', `${path} is a ${stat.kind}, not a file`, { object: path });
}

/** Names contents by hashes over their pieces; what the fingerprints of pieces tell is not read. */
class ContentIds {
  /** Hashes of pieces by their fingerprints. */
  readonly #known = new Map<string, string>();

  async of(fileSystem: GuestFileSystem, { node, sizeBytes }: NodeStat, signal: AbortSignal): Promise<string> {
    const whole = createHash('sha256').update(`${sizeBytes}\n`);
    let index = 0;
    for await (const fingerprint of fileSystem.fingerprints(node, signal)) {
      const offsetBytes = index * pieceBytes;
      const lengthBytes = Math.min(pieceBytes, sizeBytes - offsetBytes);
      const known = fingerprint === undefined ? undefined : this.#known.get(fingerprint);
      const hash = known ?? (await hashOf(fileSystem.readFile(node, { offsetBytes, lengthBytes }, signal)));
      if (fingerprint !== undefined) this.#known.set(fingerprint, hash);
      whole.update(hash);
      index += 1;
    }
    return whole.digest('hex');
  }
}

async function hashOf(content: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256');
  for await (const bytes of passingPieces(content)) hash.update(bytes);
  return hash.digest('hex');
}
