import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestAPI } from 'vitest';
import { toolTest } from './tools.ts';

/** For tests that need a kernel with what this machine's own may lack: arrays, device mapper. Needs no root. */
export function guestKernelTest(): TestAPI {
  return toolTest('linux.uml');
}

/**
 * Runs a shell script as root in a Linux of its own (User Mode Linux), which sees the programs of this machine, and the
 * images as its disks /dev/ubda, /dev/ubdb, … The folder is `$FOLDER` there, and the only one that can be written to.
 * @throws with what it printed, if a command fails
 */
export function inGuestKernel(folder: string, images: readonly string[], script: string): string {
  const [init, commands, log] = [join(folder, 'init.sh'), join(folder, 'commands.sh'), join(folder, 'log')];
  writeFileSync(commands, script);
  writeFileSync(
    init,
    `#!/bin/bash
export PATH=/usr/sbin:/usr/bin:/sbin:/bin FOLDER=/run/folder MODPROBE_OPTIONS='-d /run/root'
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tmpfs run /run
mkdir -p /run/folder /run/root/lib
ln -s /usr/lib/uml/modules /run/root/lib/modules
mount -t hostfs -o '${folder}' none /run/folder
bash -ex /run/folder/commands.sh > /run/folder/log 2>&1 && echo GUEST-DONE >> /run/folder/log
sync
echo o > /proc/sysrq-trigger
sleep 60
`,
  );
  chmodSync(init, 0o755);
  execFileSync(
    'linux.uml',
    [
      'mem=512M',
      'rootfstype=hostfs',
      'rootflags=/',
      'ro',
      `init=${init}`,
      ...images.map((image, index) => `ubd${index}=${image}`),
      'con=null',
      'con0=null',
      'quiet',
    ],
    { stdio: 'ignore', timeout: 300_000 },
  );
  const text = existsSync(log) ? readFileSync(log, 'utf8') : '';
  if (!text.endsWith('GUEST-DONE\n')) throw new Error(`the guest kernel failed:\n${text}`);
  return text;
}
