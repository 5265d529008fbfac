import type { GuestPath, VolumeRef } from '../../protocol/guest.ts';

export function joinGuestPath(folder: string, name: string): string {
  return folder === '/' ? `/${name}` : `${folder}/${name}`;
}

/** The folder a path is in; the root is in itself. */
export function guestFolder(path: string): string {
  const end = path.lastIndexOf('/');
  return end <= 0 ? '/' : path.slice(0, end);
}

export function guestName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** Where a symbolic link leads: relative to its folder, `..` stops at the root. */
export function linkTarget(linkPath: string, target: string): string {
  const parts = target.startsWith('/') ? [] : guestFolder(linkPath).split('/');
  for (const part of target.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.') parts.push(part);
  }
  return `/${parts.filter(part => part !== '').join('/')}`;
}

/** A guest file's address in the editor: `quiesce://POINT.2000.1/REPOSITORY/etc/hosts`. */
export interface GuestAddress {
  readonly authority: string;
  readonly path: string;
}

export function guestAddress({ repository, point, deviceKey, volumeIndex, path }: GuestPath): GuestAddress {
  const inside = path === '/' ? '' : path;
  return {
    authority: `${point}.${deviceKey}.${volumeIndex}`,
    // Only what would not be one name: the editor shows the path.
    path: `/${repository.replace(/[%/\\]/g, encodeURIComponent)}${inside}`,
  };
}

/** Undefined for what is no address of ours. */
export function parseGuestAddress({ authority, path }: GuestAddress): GuestPath | undefined {
  const volume = /^([0-9a-f]{64})\.(\d{1,10})\.(\d{1,10})$/.exec(authority);
  const place = /^\/([^/]+)(\/.*)?$/su.exec(path);
  if (volume === null || place === null) return undefined;
  const ref: VolumeRef = {
    repository: decodeURIComponent(place[1] ?? ''),
    point: volume[1] ?? '',
    deviceKey: Number(volume[2]),
    volumeIndex: Number(volume[3]),
  };
  const inside = (place[2] ?? '/').replace(/\/+$/, '');
  return { ...ref, path: inside === '' ? '/' : inside };
}
