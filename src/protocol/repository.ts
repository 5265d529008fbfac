import { type Empty, request } from './message.ts';

export interface RepositoryParams {
  /** As the user calls it; names it in every other request. */
  readonly name: string;
  /** Absolute path. */
  readonly folder: string;
  /** Kept in the worker's memory only. */
  readonly password: string;
}

export interface RepositoryDto {
  readonly name: string;
  readonly folder: string;
  /** Random, made when the repository was created. */
  readonly id: string;
}

/** Creates a repository in an empty or new folder, and opens it. */
export const createRepository = request<RepositoryParams, RepositoryDto>('repository/create');

/** Opens a repository, or finds the same one open already. What dead processes locked in it is given back. */
export const openRepository = request<RepositoryParams, RepositoryDto>('repository/open');

/** Closes it and forgets the password. Fails with CONFLICT while a job uses it. */
export const closeRepository = request<{ readonly name: string }, Empty>('repository/close');

export const listRepositories = request<Empty, { readonly repositories: readonly RepositoryDto[] }>(
  'repository/list',
);
