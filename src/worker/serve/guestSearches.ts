import { AppError } from '../../base/errors.ts';
import {
  type FileQuery,
  type FoundFile,
  type SearchStep,
  type UnsearchedFile,
  usualMaxFileBytes,
} from '../../core/jobs/guestFiles/fileSearch.ts';
import { linePattern } from '../../core/jobs/guestFiles/linePattern.ts';
import { searchPoint } from '../../core/jobs/guestFiles/pointSearch.ts';
import type { Repository } from '../../core/repository/repository.ts';
import type { GuestPath } from '../../protocol/guest.ts';
import {
  beginSearch,
  continueSearch,
  endSearch,
  type FoundNodeDto,
  maxFoundLines,
  type SearchParams,
  type UnsearchedNodeDto,
} from '../../protocol/guestSearch.ts';
import type { PointRef } from '../../protocol/point.ts';
import type { Handle } from '../../protocol/rpc/answerRequests.ts';
import { type GuestReaders, openPoint } from '../guestReaders.ts';
import { GuestSearches } from '../guestSearches.ts';
import type { WorkerParts } from '../workerParts.ts';
import { statDto } from './guests.ts';

/** @param gone  aborted when the client is */
export function serveGuestSearches(
  handle: Handle,
  { repositories, guestReaders, clock }: WorkerParts,
  gone: AbortSignal,
): void {
  const searches = new GuestSearches(clock, gone);
  handle(beginSearch, params => {
    const repository = repositories.assertOpen(params.repository);
    const query = fileQuery(params);
    const search = searches.begin(params, repository, signal =>
      searchIn(guestReaders, repository, params, query, signal),
    );
    return { search };
  });
  handle(continueSearch, async ({ search }, signal) => {
    const point = searches.pointOf(search);
    await using used = repositories.use(point.repository);
    const { found, unsearched, lookedAtCount, isEnd } = await searches.more(search, used.place, signal);
    return {
      found: found.map(file => foundDto(point, file)),
      unsearched: unsearched.map(file => unsearchedDto(point, file)),
      lookedAtCount,
      isEnd,
    };
  });
  handle(endSearch, ({ search }) => {
    searches.end(search);
    return {};
  });
}

/** @throws INVALID_INPUT for nothing to look for, or a broken expression */
function fileQuery({ name, text, isExpression, isCaseSensitive }: SearchParams): FileQuery {
  if (name === undefined && text === undefined)
    throw new AppError('INVALID_INPUT', 'there is neither a name nor a text to look for', {
      object: 'search',
    });
  const line = text === undefined ? undefined : { text, isExpression, isCaseSensitive };
  if (line !== undefined) linePattern(line);
  return {
    ...(name !== undefined && { name }),
    ...(line !== undefined && { text: line }),
    isNameCaseSensitive: isCaseSensitive,
    maxFileBytes: usualMaxFileBytes,
    maxLines: maxFoundLines,
  };
}

async function* searchIn(
  guestReaders: GuestReaders,
  repository: Repository,
  { point: pointId, deviceKey, volumeIndex, path }: SearchParams,
  query: FileQuery,
  signal: AbortSignal,
): AsyncGenerator<SearchStep, void, undefined> {
  const point = await openPoint(repository, pointId, signal);
  const all = await guestReaders.disks(repository, point, signal);
  const disks = all
    .filter(({ disk }) => deviceKey === undefined || disk.key === deviceKey)
    .map(({ disk, listing }) => {
      const volumes = listing.volumes.filter(
        ({ index }) => volumeIndex === undefined || index === volumeIndex,
      );
      return { disk, listing: { ...listing, volumes } };
    });
  const open: Parameters<typeof searchPoint>[2] = async (disk, volume) =>
    await guestReaders.fileSystem(repository, point, disk, volume, signal);
  yield* searchPoint(disks, path, open, query, signal);
}

function foundDto(point: PointRef, file: FoundFile): FoundNodeDto {
  const { path, nodeKind, stat, lines, hasMoreLines } = file;
  const name = path.slice(path.lastIndexOf('/') + 1);
  return {
    at: pathOf(point, file),
    kind: nodeKind,
    ...(stat !== undefined && { node: statDto(name, stat) }),
    lines: lines.map(({ number, text, match }) => ({ number, text, ...match })),
    hasMoreLines,
  };
}

function unsearchedDto(point: PointRef, file: UnsearchedFile): UnsearchedNodeDto {
  return { at: pathOf(point, file), reason: file.reason, problem: file.problem };
}

function pathOf(
  { repository, point }: PointRef,
  { deviceKey, volumeIndex, path }: FoundFile | UnsearchedFile,
): GuestPath {
  return { repository, point, deviceKey, volumeIndex, path };
}
