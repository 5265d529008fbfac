import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { Secret } from '../../src/base/secret.ts';
import type { RandomAccessDisk } from '../../src/core/disk/diskTransport.ts';
import type { NbdCommand } from '../../src/core/disk/nbd/nbdCommand.ts';
import { nbdCommandOf } from '../../src/core/disk/nbd/nbdCommand.ts';
import { usualNbdReads } from '../../src/core/disk/nbd/nbdSettings.ts';
import { type NbdDiskDeps, type NbdDiskRequest, openNbdDisk } from '../../src/core/disk/node/nbdDisk.ts';
import { anySignal } from './anySignal.ts';
import { foreignProgram } from './foreignProgram.ts';
import type { RunningLab } from './runningLab.ts';

export const nbdPassword = 'correct horse, battery';

export const nbdValues = {
  ...{ server: 'vcenter.lab', port: undefined, user: 'backup', thumbprint: 'AA:BB', fingerprint: 'CC:DD' },
  ...{
    vm: 'vm-16',
    snapshot: 'snapshot-21',
    'vm-name': 'web01',
    datacenter: 'Lab',
    file: '[ds] web01/web01.vmdk',
  },
  ...{ 'disk-key': '2000', library: undefined },
};

export async function openDisk(
  command: NbdCommand,
  capacityBytes: number,
  more: Partial<NbdDiskRequest & NbdDiskDeps> = {},
  signal = anySignal,
): Promise<RandomAccessDisk> {
  const request = {
    ...{ name: 'web01 Hard disk 1', command, capacityBytes, values: nbdValues, reads: usualNbdReads },
    source: { password: async () => await Promise.resolve(new Secret(nbdPassword)) },
    ...more,
  };
  return await openNbdDisk(request, { clock: systemClock, logger: silentLogger, ...more }, signal);
}

export function nbdkit(...words: readonly string[]): NbdCommand {
  return ['nbdkit', '--foreground', '--readonly', '--exit-with-parent', '--unix', '{socket}', ...words];
}

/** An NBD program for the lab's disks: nbdkit serves what a snapshot has frozen, from the datastore it lies on. */
export const nbdkitOfLab: NbdCommand = [
  ...['sh', join(import.meta.dirname, 'nbdkitOfLab.sh'), '{server}', '{port}', '{user}', '{password-fd}'],
  ...['{datacenter}', '{file}', '{socket}'],
];

/** Those that read from this lab now. */
export function programsOfLab({ ready }: RunningLab): readonly number[] {
  const { port } = new URL(ready.url);
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(Number)
    .filter(pid => {
      try {
        const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
        return words[0] === 'nbdkit' && words.some(word => word.includes(`:${port}/folder/`));
      } catch {
        return false;
      }
    });
}

/** A folder as VMware's library comes in one, with a stand-in for it that has its disks in `disks` and takes the password. */
export function vddkFolder(folder: string): string {
  for (const part of ['lib64', 'disks']) mkdirSync(join(folder, part), { recursive: true });
  const source = join(import.meta.dirname, '../vddk/libvixDiskLib.c');
  const library = join(folder, 'lib64/libvixDiskLib.so.8');
  execFileSync('gcc', ['-O1', '-shared', '-fPIC', '-pthread', '-o', library, source]);
  writeFileSync(join(folder, 'password'), `${nbdPassword}\n`);
  return folder;
}

/** The command as it is known, with the plugin where it lies on this machine. */
export function vddkCommand(): NbdCommand {
  const plugin = foreignProgram('vddk');
  return nbdCommandOf(['vddk']).map(word => (word === 'vddk' ? plugin : word));
}
