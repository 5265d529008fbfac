import { readdir, readFile, realpath, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';

import type { Clock } from '../../../base/clock.ts';
import { AppError } from '../../../base/errors.ts';

/** What a program can find out about the machine it runs on, which may be a VM. */
export interface LocalMachine {
  /** The BIOS UUIDs by which a server may know it, in lower case; none if nobody tells them. */
  biosUuids(): Promise<readonly string[]>;
  /**
   * The path of the block device that a disk has become, once the system has found it.
   * @param diskUuid  of the disk's backing
   * @throws CONFLICT if it has not after half a minute
   */
  blockDevice(diskUuid: string, signal: AbortSignal): Promise<BlockDevicePath>;
  /** The system forgets the device, before it goes. Nothing happens where it need not be told. */
  forgetDevice(device: BlockDevicePath): Promise<void>;
}

export interface BlockDevicePath {
  readonly path: string;
  readonly sizeBytes: number;
}

export interface LocalMachineDeps {
  readonly clock: Clock;
  /** `QUIESCE_BIOS_UUID` tells the VM's UUID where the system does not, as in containers. */
  readonly environment: NodeJS.ProcessEnv;
}

const sectorBytes = 512;
const lookEveryMs = 250;
const findTimeoutMs = 30_000;

/** A Linux system: firmware and disks as the kernel and udev show them. Other systems tell nothing. */
export function localMachine({ clock, environment }: LocalMachineDeps): LocalMachine {
  return {
    biosUuids: async () => {
      const told = environment['QUIESCE_BIOS_UUID'] ?? (await textOf('/sys/class/dmi/id/product_uuid'));
      return told === undefined ? [] : formsOf(told.trim().toLowerCase());
    },
    blockDevice: async (diskUuid, signal) => {
      const link = `/dev/disk/by-id/wwn-0x${diskUuid.replaceAll('-', '').toLowerCase()}`;
      const giveUpAtMs = clock.monotonicMs() + findTimeoutMs;
      for (let isFirst = true; ; isFirst = false) {
        const path = await realpath(link).catch(() => undefined);
        if (path !== undefined) return { path, sizeBytes: await sizeOf(path) };
        if (clock.monotonicMs() >= giveUpAtMs) break;
        if (isFirst) await lookForDisks();
        await clock.sleep(lookEveryMs, signal);
      }
      throw new AppError(
        'CONFLICT',
        `the system has not found the disk that was attached: there is no ${link}`,
        {
          object: link,
          remedy:
            'Look whether udev runs here, and whether this system sees disks that are attached while it runs',
        },
      );
    },
    forgetDevice: async ({ path }) => {
      await writeFile(`/sys/class/block/${basename(path)}/device/delete`, '1').catch(() => undefined);
    },
  };
}

/**
 * The UUID as it is told, and with the bytes of its first three fields the other way round: systems differ in how they read
 * what the firmware says.
 */
function formsOf(uuid: string): string[] {
  const [, ...fields] =
    /^([0-9a-f]{8})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{12})$/.exec(uuid) ?? [];
  if (fields.length === 0) return [];
  const turned = fields.map((field, index) =>
    index < 3 ? (field.match(/../g) ?? []).toReversed().join('') : field,
  );
  return [...new Set([uuid, turned.join('-')])];
}

async function textOf(path: string): Promise<string | undefined> {
  return await readFile(path, 'utf8').catch(() => undefined);
}

async function sizeOf(path: string): Promise<number> {
  return Number(await readFile(`/sys/class/block/${basename(path)}/size`, 'utf8')) * sectorBytes;
}

/** Some drivers find a new disk only when they are told to look. */
async function lookForDisks(): Promise<void> {
  const folder = '/sys/class/scsi_host';
  for (const host of await readdir(folder).catch(() => []))
    await writeFile(join(folder, host, 'scan'), '- - -').catch(() => undefined);
}
