import { request } from './message.ts';
import type { PointDiskDto, PointRef } from './point.ts';

/** A volume of a disk of a restore point. */
export interface VolumeRef extends PointRef {
  readonly deviceKey: number;
  /** The number the guest knows it by; 0 for a disk without partitions. */
  readonly volumeIndex: number;
}

/** A node in a guest's file system. */
export interface GuestPath extends VolumeRef {
  /** Names joined by `/`, compared exactly; `/` is the root. */
  readonly path: string;
}

export interface GuestDiskDto extends PointDiskDto {
  readonly scheme: 'gpt' | 'mbr' | 'none';
  readonly volumes: readonly VolumeDto[];
  /** What is wrong with the partition table, as sentences. */
  readonly problems: readonly string[];
}

export interface VolumeDto {
  readonly volumeIndex: number;
  /** The partition's own name, often empty. */
  readonly name: string;
  /** What the partition is for, for instance `data`, `efi-system`, `swap`. */
  readonly role: string;
  /** What its first bytes look like, for a person; missing if unknown. */
  readonly content?: { readonly kind: string; readonly title: string };
  readonly offsetBytes: number;
  readonly sizeBytes: number;
}

export interface FileSystemDto {
  /** As the guest calls it: `ext4`. */
  readonly kind: string;
  readonly label: string;
  /** Whether changes waited in a journal; if so they were taken into account. */
  readonly journal: 'none' | 'clean' | 'replayed';
  /** What makes the content doubtful, as sentences. */
  readonly problems: readonly string[];
}

export type GuestNodeKind =
  'file' | 'directory' | 'symlink' | 'block-device' | 'character-device' | 'fifo' | 'socket';

export interface GuestNodeDto {
  readonly name: string;
  readonly kind: GuestNodeKind;
  readonly sizeBytes: number;
  /** Permission bits with set-user-id, set-group-id and sticky. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly accessedAt: string;
  readonly modifiedAt: string;
  readonly changedAt: string;
  /** Missing where the file system does not record it. */
  readonly createdAt?: string;
  /** Of a symbolic link. */
  readonly linkTarget?: string;
}

/** What is kept with a node beside what its stat says; of each list the first `maxListedEntries`. */
export interface GuestDetailsDto {
  readonly node: GuestNodeDto;
  /** Content beside the file's own, as NTFS has it; read as a file by the path, a colon and the name. */
  readonly streams: readonly NamedSizeDto[];
  /** Owner, group, rights and auditing of Windows, as SDDL; missing where there is no such thing. */
  readonly securityDescriptor?: string;
  /** Entries of POSIX, `user:1000:rw-`; empty where the mode says all. */
  readonly acl: readonly string[];
  /** The same, of a folder, for what is made in it. */
  readonly defaultAcl: readonly string[];
  /** Extended attributes. */
  readonly attributes: readonly NamedSizeDto[];
  /** What could not be read of all this, as sentences without final stop. */
  readonly problems: readonly string[];
}

export interface NamedSizeDto {
  readonly name: string;
  readonly sizeBytes: number;
}

export interface GuestListParams extends GuestPath {
  /** Entries to leave out at the beginning. */
  readonly offset: number;
  /** At most `maxListedEntries`. */
  readonly limit: number;
  /** Only entries whose name contains this, in whatever case. */
  readonly nameContains?: string;
  /** Folders come before everything else; otherwise names alone decide. */
  readonly foldersFirst?: boolean;
}

export interface GuestListResult {
  readonly fileSystem: FileSystemDto;
  /** By name, without those of the page that cannot be read. */
  readonly entries: readonly GuestNodeDto[];
  readonly unreadable: readonly UnreadableEntryDto[];
  /** All entries that are wanted, however few were asked for. */
  readonly totalCount: number;
  /** What is wrong with the folder itself, as sentences. */
  readonly problems: readonly string[];
}

/** An entry of which only the folder tells. */
export interface UnreadableEntryDto {
  readonly name: string;
  readonly kind: GuestNodeKind;
  /** Its place among all entries; the readable ones of the page fill the places left. */
  readonly position: number;
  readonly problem: string;
}

export interface GuestReadParams extends GuestPath {
  readonly offsetBytes: number;
  /** At most `maxReadBytes`. */
  readonly lengthBytes: number;
}

export interface GuestReadResult {
  /** Base64. Shorter than asked for only at the end of the file. */
  readonly content: string;
  /** Of the whole file. */
  readonly sizeBytes: number;
}

/** One content a guest file has had in the restore points of its VM. */
export interface FileVersionDto {
  readonly sizeBytes: number;
  /** Where the file had it, newest first; at least one. */
  readonly seen: readonly SeenFileDto[];
}

export interface SeenFileDto {
  readonly at: GuestPath;
  /** Of the restore point. */
  readonly takenAt: string;
  readonly modifiedAt: string;
}

export interface FileVersionsResult {
  /** By when each was last seen, newest first. */
  readonly versions: readonly FileVersionDto[];
  /** Restore points that do not have the file. */
  readonly absentCount: number;
  /** Restore points in which it cannot be read. */
  readonly unreadable: readonly { readonly takenAt: string; readonly problem: string }[];
}

export interface CompareFoldersParams {
  readonly older: GuestPath;
  readonly newer: GuestPath;
}

export interface FolderChangesResult {
  /** The first `maxFolderChanges`, by name. */
  readonly changes: readonly FolderChangeDto[];
  /** There are more. */
  readonly isCut: boolean;
  /** What cannot be compared, and why. */
  readonly problems: readonly string[];
}

export interface FolderChangeDto {
  /** `attributes`: the content is the same; owner or permissions are not. */
  readonly kind: 'added' | 'removed' | 'content' | 'attributes';
  /** Below the folder, with `/` in front. */
  readonly path: string;
  /** Of the newer one, where there is one. */
  readonly nodeKind: GuestNodeKind;
  readonly sizeBytes: number;
}

export const maxFolderChanges = 1000;
export const maxListedEntries = 1000;
export const maxReadBytes = 1024 * 1024;

/** The disks of a restore point with their volumes. */
export const listVolumes = request<PointRef, { readonly disks: readonly GuestDiskDto[] }>('guest/volumes');

export interface UnlockParams extends PointRef {
  readonly passphrase: string;
}

/**
 * Opens the encrypted volumes of a restore point that a passphrase opens, which stay open in every restore point until the
 * worker ends. Fails with AUTHENTICATION if it opens none, with NOT_FOUND if none is closed.
 */
export const unlockVolumes = request<UnlockParams, { readonly disks: readonly GuestDiskDto[] }>(
  'guest/unlock',
);

/** A page of a folder. Fails with INVALID_INPUT for what is not a folder. */
export const listGuestFolder = request<GuestListParams, GuestListResult>('guest/list');

export const statGuestNode = request<GuestPath, GuestNodeDto>('guest/stat');

export const readGuestDetails = request<GuestPath, GuestDetailsDto>('guest/details');

/** A page of a file; what is larger is restored, not read. */
export const readGuestFile = request<GuestReadParams, GuestReadResult>('guest/read');

/** What is different in a folder of two restore points; times alone are no difference. Fails with INVALID_INPUT for files. */
export const compareGuestFolders = request<CompareFoldersParams, FolderChangesResult>('guest/compare');

/** The contents a file has had, over all restore points of the VM. */
export const listFileVersions = request<GuestPath, FileVersionsResult>('guest/versions');
