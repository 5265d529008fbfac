import { isAbsolute } from 'node:path';
import { isDeepStrictEqual } from 'node:util';

import { AppError } from '../../base/errors.ts';
import { parseLocation } from '../../core/repository/location.ts';
import { declineKit } from '../../core/jobs/recoveryKit/kitDecision.ts';
import type { Repository } from '../../core/repository/repository.ts';
import {
  closeRepository,
  createRepository,
  listRepositories,
  openRepository,
  type RepositoryDto,
  type RepositoryParams,
} from '../../protocol/repository.ts';
import type { Handle } from '../../protocol/rpc/answerRequests.ts';
import type { WorkerParts } from '../workerParts.ts';

export function serveRepositories(
  handle: Handle,
  { repositories, openers, guard, guestReaders }: WorkerParts,
): void {
  handle(createRepository, async ({ withoutKit, ...params }, signal) => {
    assertUnambiguous(params);
    const create = async () => {
      const repository = await openers.createRepository(params, signal);
      if (withoutKit === true) await declineKit(repository, signal);
      return repository;
    };
    return repositoryDto(params, await repositories.open(params.name, params, create, signal));
  });
  handle(openRepository, async (params, signal) => {
    assertUnambiguous(params);
    const open = async () => await openers.openRepository(params, signal);
    const repository = await repositories.findOrOpen(params.name, params, open, signal);
    await guard.startIfNeeded();
    return repositoryDto(params, repository);
  });
  handle(closeRepository, async ({ name }) => {
    const closing = repositories.list().find(repository => repository.name === name);
    await repositories.close(name);
    if (closing !== undefined) guestReaders.forget(closing.place.id);
    return {};
  });
  handle(listRepositories, () => ({
    repositories: repositories.list().map(({ params, place }) => repositoryDto(params, place)),
  }));
}

/** Whether two clients mean the same repository. */
export function isSameRepository(left: RepositoryParams, right: RepositoryParams): boolean {
  return isDeepStrictEqual(left, right);
}

/** @throws INVALID_INPUT for a location that is none, and for relative paths */
function assertUnambiguous({ location: text, server }: RepositoryParams): void {
  const location = parseLocation(text);
  if (location.kind === 'folder') assertAbsolute(location.path);
  if (server?.caFile !== undefined) assertAbsolute(server.caFile);
}

/** A relative path would mean another place to the worker than to its client. */
export function assertAbsolute(path: string): void {
  if (isAbsolute(path)) return;
  throw new AppError('INVALID_INPUT', `${path} is not an absolute path`, {
    object: path,
    remedy: 'Give the whole path',
  });
}

function repositoryDto({ name, location }: RepositoryParams, { id }: Repository): RepositoryDto {
  return { name, location, id };
}
