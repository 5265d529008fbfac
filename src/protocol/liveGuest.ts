import { type Empty, request } from './message.ts';
import type { ExplanationDto, VmRef } from './vm.ts';

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

/** What was seen inside a guest. What is missing could not be seen, and `problems` says why. */
export interface GuestLookDto {
  /** RFC 3339. */
  readonly seenAt: string;
  /** What `tools.conf` of VMware Tools sets, or has by default. */
  readonly toolsConfig?: ToolsConfigDto;
  /** VSS writers of a Windows. */
  readonly writers?: readonly {
    readonly id: string;
    readonly name: string;
    /** 1 is stable. */
    readonly state: number;
  }[];
  /** File systems on its disks. */
  readonly fileSystems?: readonly { readonly path: string; readonly kind?: string }[];
  /** Storage that the guest reaches past its disks, as people name it. */
  readonly ownStorage?: readonly string[];
  readonly databases?: readonly { readonly product: string; readonly instance: string }[];
  /** Scripts that VMware Tools run before the freeze. */
  readonly freezeScripts?: readonly string[];
  /** Those among them that freeze file systems themselves. */
  readonly ownFreezers?: readonly string[];
  readonly usesDynamicDisks?: boolean;
  readonly usesStorageSpaces?: boolean;
  /** What could not be looked at, and why. */
  readonly problems: readonly string[];
  /** The prediction with all that; `vm/list` and `vm/explain` say the same from now on. */
  readonly explanation: ExplanationDto;
}

export interface ToolsConfigDto {
  readonly enableSyncDriver: boolean;
  readonly enableVss: boolean;
  readonly disableAppQuiescing: boolean;
  readonly excludedFileSystems: readonly string[];
  readonly ignoreFrozenFileSystems: boolean;
  readonly runsScripts: boolean;
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

/**
 * Looks inside a running guest for what decides how consistent its backup can be: settings of VMware Tools, file systems,
 * databases, freeze scripts, VSS writers. Nothing is installed or changed. What is seen counts for a day, for the lists
 * of all clients and for backups. Fails with AUTHENTICATION if the account is not open, with UNSUPPORTED_FORMAT for a
 * guest that is neither Linux nor Windows.
 */
export const lookIntoGuest = request<LiveGuestRef, GuestLookDto>('liveGuest/look');
