import { type Empty, request } from './message.ts';
import type { VmRef } from './vm.ts';

/** A running guest as one of its accounts sees it. */
export interface LiveGuestRef {
  readonly vm: VmRef;
  /** The account's name in the guest. */
  readonly user: string;
}

export interface LiveGuestParams extends LiveGuestRef {
  readonly password: string;
}

export interface LiveFileParams extends LiveGuestRef {
  /** Absolute. */
  readonly path: string;
}

export interface LiveFileResult {
  /** Base64; the whole file. */
  readonly content: string;
}

/** Larger files of a running guest are not read. */
export const maxLiveFileBytes = 1024 * 1024;

/**
 * Lets the guest check the account, and keeps the password in the worker's memory for the requests below. Fails with
 * AUTHENTICATION naming VM and user, UNREACHABLE if VMware Tools do not answer, CONFLICT if the VM does not run.
 */
export const openLiveGuest = request<LiveGuestParams, Empty>('liveGuest/open');

/** Forgets the password. */
export const closeLiveGuest = request<LiveGuestRef, Empty>('liveGuest/close');

/** A file of the running guest. Fails with INVALID_INPUT if it is larger than `maxLiveFileBytes`. */
export const readLiveFile = request<LiveFileParams, LiveFileResult>('liveGuest/read');
