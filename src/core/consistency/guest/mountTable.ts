/** A file system that a Linux has mounted. */
export interface Mount {
  /** `/dev/sda1`, `server:/share`, or the name of a kind that has no device. */
  readonly device: string;
  readonly path: string;
  readonly fileSystem: string;
}

/** Nobody mounts more. */
const maxMounts = 10_000;

/** What `/proc/self/mounts` says. Lines that are none are passed over. @see fstab(5) */
export function parseMounts(text: string): readonly Mount[] {
  return text
    .split('\n')
    .slice(0, maxMounts)
    .flatMap(line => {
      const [device, path, fileSystem] = line.split(' ').map(unescaped);
      return device === undefined || path === undefined || fileSystem === undefined
        ? []
        : [{ device, path, fileSystem }];
    });
}

/** Those that lie on disks: the first place of each, in the order they were mounted. */
export function mountsOnDisks(mounts: readonly Mount[]): readonly Mount[] {
  const onDisks = mounts.filter(
    ({ device, fileSystem }) =>
      (/^\/dev\/(?!loop|sr|fuse)/.test(device) || fileSystem === 'zfs') && !readOnlyKinds.test(fileSystem),
  );
  return [...new Map(onDisks.toReversed().map(mount => [mount.device, mount])).values()].toReversed();
}

/** Those whose bytes come over the network, as people name them. */
export function networkMounts(mounts: readonly Mount[]): readonly string[] {
  return mounts
    .filter(({ fileSystem }) => networkKinds.test(fileSystem))
    .map(({ device, path }) => `${device} at ${path}`);
}

const readOnlyKinds = /^(squashfs|iso9660|udf|erofs)$/;
const networkKinds =
  /^(nfs4?|cifs|smb\w*|ceph|glusterfs|fuse\.(glusterfs|sshfs|cephfs)|9p|afs|lustre|ocfs2|gfs2)$/;

/** Spaces and the like stand there in octal. */
function unescaped(field: string): string {
  return field.replaceAll(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 8)));
}
