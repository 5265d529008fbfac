import { execFile } from 'node:child_process';
import { mkdir, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/**
 * Disks that are attached to a VM, as block devices of the system on which the lab runs, which has to be Linux and root's. They
 * are found as udev shows those of a guest: by a link with the UUID of the disk.
 */
export class BlockDevices implements AsyncDisposable {
  readonly #folder: string;
  /** Paths of the devices by UUID. */
  readonly #attached = new Map<string, string>();

  /** @param folder  of the links, where clients look for them: `/dev/disk/by-id` */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** @param imagePath  a raw image; it is not written to */
  async attach(uuid: string, imagePath: string): Promise<void> {
    const { stdout } = await execute('losetup', ['--find', '--show', '--read-only', imagePath]);
    const device = stdout.trim();
    this.#attached.set(uuid, device);
    await mkdir(this.#folder, { recursive: true });
    await rm(this.#linkOf(uuid), { force: true });
    await symlink(device, this.#linkOf(uuid));
  }

  async detach(uuid: string): Promise<void> {
    const device = this.#attached.get(uuid);
    if (device === undefined) return;
    await rm(this.#linkOf(uuid), { force: true });
    await execute('losetup', ['--detach', device]);
    this.#attached.delete(uuid);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const uuid of [...this.#attached.keys()]) await this.detach(uuid);
  }

  #linkOf(uuid: string): string {
    return join(this.#folder, `wwn-0x${uuid.replaceAll('-', '').toLowerCase()}`);
  }
}
