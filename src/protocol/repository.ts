import { type Empty, request } from './message.ts';

export interface RepositoryParams {
  /** As the user calls it; names it in every other request. */
  readonly name: string;
  /** Absolute path of a folder, or `s3:https://HOST/BUCKET/PREFIX`, or `rest:https://HOST/PATH`. */
  readonly location: string;
  /** Kept in the worker's memory only. */
  readonly password: string;
  readonly server?: StoreServerParams;
  /** In bytes a second, shared by all who use the repository; without: as fast as it goes. */
  readonly uploadBytesPerSecond?: number;
  readonly downloadBytesPerSecond?: number;
  /** Of what is stored from now on: `off` costs most space, `max` most processor time; `auto` without it. */
  readonly compression?: 'off' | 'fast' | 'auto' | 'max';
  /** Size of packs, 4 to 128; 16 without it. Larger ones suit object stores. */
  readonly packMiB?: number;
}

/** What it takes to use a repository on a server. */
export interface StoreServerParams {
  /** `KEY-ID:SECRET-KEY[:SESSION-TOKEN]` of S3, `USER:PASSWORD` of a REST server. Kept in the worker's memory only. */
  readonly account?: string;
  /** Of S3. */
  readonly region?: string;
  /** Absolute path of certificates of authorities in PEM, instead of those the system trusts. */
  readonly caFile?: string;
}

export interface RepositoryDto {
  readonly name: string;
  readonly location: string;
  /** Random, made when the repository was created. */
  readonly id: string;
}

export interface CreateRepositoryParams extends RepositoryParams {
  /** No recovery kit is wanted; that is written down in the repository. */
  readonly withoutKit?: boolean;
}

/** Creates a repository in an empty or new folder or on a server, and opens it. */
export const createRepository = request<CreateRepositoryParams, RepositoryDto>('repository/create');

/** Opens a repository, or finds the same one open already. What dead processes locked in it is given back. */
export const openRepository = request<RepositoryParams, RepositoryDto>('repository/open');

/** Closes it and forgets the password. Fails with CONFLICT while a job uses it. */
export const closeRepository = request<{ readonly name: string }, Empty>('repository/close');

export const listRepositories = request<Empty, { readonly repositories: readonly RepositoryDto[] }>(
  'repository/list',
);
