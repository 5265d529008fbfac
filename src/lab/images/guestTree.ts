import { mkdir, open, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Where the simulated guest writes while it runs. The file is there from the beginning, with all its blocks. */
export const activityPath = '/var/lib/guest/activity.dat';

/** Says which guest and disk this is; exactly `identityBytes` long, so that it can be set in a finished image. */
export const identityPath = '/var/lib/guest/identity.txt';
export const identityBytes = 4096;

/** Where the freeze script of a guest's database says that it holds it; empty of words until it does. */
export const tokenPath = '/var/lib/quiesce/mariadb.token';
export const tokenBytes = 4096;

/** Every file of a made-up tree carries this time, so that images differ by content alone. */
export const treeTime = new Date('2026-01-15T08:00:00Z');

export function identityText(guest: string, disk: string): string {
  return `guest: ${guest}\ndisk: ${disk}\n`.padEnd(identityBytes - 1, ' ') + '\n';
}

export async function writeTokenFile(treePath: string): Promise<void> {
  await writeTreeFile(treePath, tokenPath, ' '.repeat(tokenBytes));
}

export async function writeTreeFile(
  treePath: string,
  guestPath: string,
  content: string | Uint8Array,
): Promise<void> {
  const path = join(treePath, guestPath);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
  await utimes(path, treeTime, treeTime);
}

/** The activity file: numbered records of 1 KiB, none like another, so that every block is allocated. */
export async function writeActivityFile(treePath: string, sizeBytes: number): Promise<void> {
  const path = join(treePath, activityPath);
  await mkdir(dirname(path), { recursive: true });
  const file = await open(path, 'w');
  try {
    for (let start = 0; start < sizeBytes; start += 1024 * 1024) {
      let records = '';
      for (let offset = start; offset < Math.min(start + 1024 * 1024, sizeBytes); offset += 1024)
        records += `record ${String(offset / 1024).padStart(8, '0')} `.padEnd(1023, '.') + '\n';
      await file.writeFile(records);
    }
  } finally {
    await file.close();
  }
  await utimes(path, treeTime, treeTime);
}
