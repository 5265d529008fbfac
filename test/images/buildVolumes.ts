// Builds the committed images of volumes that are made of others: LVM2 and mdadm write them, in a kernel of their own, so
// that root is not needed. usage: node buildVolumes.ts [OUTPUT]
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { inGuestKernel } from '../support/guestKernel.ts';

const output = process.argv[2] ?? import.meta.dirname;
const fill = `mke2fs -q -F -t ext4 -b 1024 -N 32 -O ^has_journal /run/plain 1024
write() { dd if=/run/plain of="$1" bs=64k; }`;
/** One disk each. */
const scripts = {
  lvm: `modprobe -a dm-mod dm-thin-pool dm-snapshot dm-mirror dm-raid raid1
mkdir /run/lvm-system; export LVM_SYSTEM_DIR=/run/lvm-system
printf 'activation {\\n udev_sync = 0\\n udev_rules = 0\\n}\\n' > $LVM_SYSTEM_DIR/lvm.conf
printf 'label: gpt\\nsize=20MiB, type=lvm\\ntype=lvm\\n' | sfdisk -q /dev/ubda
lvm pvcreate -q --metadatasize 64k /dev/ubda1 /dev/ubda2; lvm vgcreate -q -s 256k vg0 /dev/ubda1 /dev/ubda2
create() { lvm lvcreate -q -y -Wn -Zn "$@"; }
create -L 2M -n plain vg0; write /dev/mapper/vg0-plain
create -L 2M -i 2 -I 64k -n striped vg0; write /dev/mapper/vg0-striped
create -L 2M --type raid1 -m 1 --nosync -n mirror vg0; write /dev/mapper/vg0-mirror
create -L 6M --poolmetadatasize 2M --chunksize 64k --thinpool pool vg0
lvm lvcreate -q -y -Wn -V 4M --thin vg0/pool -n thin; write /dev/mapper/vg0-thin
lvm lvcreate -q -y -s -L 1M -n before vg0/plain
dd if=/dev/urandom of=/dev/mapper/vg0-plain bs=4k count=20 oflag=direct
sync; lvm vgchange -q -an vg0`,
  md: `modprobe -a md-mod raid0 raid1 raid10 raid456
printf 'label: gpt\\n%s' "$(for part in 1 2 3 4 5 6; do printf 'size=5MiB, type=raid\\n'; done)" | sfdisk -q /dev/ubda
create() { mdadm --create "$@"; }
create /dev/md0 --run --assume-clean --name=five --level=5 --chunk=64 --raid-devices=3 /dev/ubda1 /dev/ubda2 /dev/ubda3; write /dev/md0
create /dev/md1 --run --assume-clean --name=ten --level=10 --layout=o2 --chunk=64 --raid-devices=3 /dev/ubda4 /dev/ubda5 /dev/ubda6; write /dev/md1
sync; mdadm --stop /dev/md0; mdadm --stop /dev/md1`,
};

const work = mkdtempSync(join(tmpdir(), 'volumes-'));
try {
  for (const [name, script] of Object.entries(scripts)) {
    const image = join(work, `${name}.img`);
    writeFileSync(image, '');
    truncateSync(image, 40 * 1024 * 1024);
    inGuestKernel(work, [image], `${fill}\n${script}`);
    execFileSync('zstd', ['-q', '-f', '-19', image, '-o', join(output, `${name}.img.zst`)]);
  }
} finally {
  rmSync(work, { recursive: true });
}
