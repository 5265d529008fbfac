/** A file system of a running guest, as VMware Tools tell of it. */
export interface GuestMount {
  readonly path: string;
  readonly capacityBytes: number | undefined;
  readonly freeBytes: number | undefined;
  /** The virtual disks it lies on; empty where VMware Tools are too old to know. */
  readonly deviceKeys: readonly number[];
}

/** The file system that a path lies on, of mounts with the longest path first. */
export function mountOf(mounts: readonly GuestMount[], path: string): GuestMount | undefined {
  return mounts.find(mount => mount.path === '/' || path === mount.path || path.startsWith(`${mount.path}/`));
}

/** A file system keeps a part of its volume for itself, and may not have grown with it. */
const leastShare = 0.5;
const usualShare = 0.9;

/**
 * Where the guest has the file system of a volume: the one on that disk whose size fits. Undefined if none does or
 * several do: a guess would put files into the wrong place.
 */
export function mountPathOf(
  mounts: readonly GuestMount[],
  deviceKey: number,
  volumeBytes: number,
): string | undefined {
  const shareOf = ({ capacityBytes }: GuestMount) =>
    capacityBytes === undefined ? 0 : capacityBytes / volumeBytes;
  const fitting = mounts.filter(
    mount => mount.deviceKeys.includes(deviceKey) && shareOf(mount) >= leastShare && shareOf(mount) <= 1,
  );
  const usual = fitting.filter(mount => shareOf(mount) >= usualShare);
  const [only, another] = usual.length > 0 ? usual : fitting;
  return another === undefined ? only?.path : undefined;
}
