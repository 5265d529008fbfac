import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { readRange } from '../../src/core/block/blockSource.ts';
import { MiB } from '../../src/base/units.ts';
import { openGuestVolume } from '../../src/core/guestfs/openGuestFileSystem.ts';
import { anySignal } from '../support/anySignal.ts';
import { emptyDisks, expectFiles, madeVolumes, openDisks, storeImages } from '../support/guestDisks.ts';
import { guestKernelTest, inGuestKernel } from '../support/guestKernel.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';

const lvmTest = guestKernelTest();

/** LVM2 makes its own device nodes, for there is no udev. */
const prelude = `modprobe -a dm-mod dm-thin-pool dm-mirror dm-raid raid1 dm-snapshot
mkdir /run/lvm-system
export LVM_SYSTEM_DIR=/run/lvm-system
printf 'activation {\\n udev_sync = 0\\n udev_rules = 0\\n}\\n' > $LVM_SYSTEM_DIR/lvm.conf
lvm pvcreate -q /dev/ubda /dev/ubdb
lvm vgcreate -q vg0 /dev/ubda /dev/ubdb
create() { lvm lvcreate -q -y -Wn "$@"; }`;
const goodbye = `sync
lvm vgchange -q -an vg0`;

lvmTest('thin volumes and their snapshots are read through the tree of their pool', async () => {
  const folder = temporaryFolder('lvm-thin');
  const images = emptyDisks(folder, [160, 160]);
  storeImages(folder, 'ext4-4k', 'xfs-1k', 'ext4-1k');
  inGuestKernel(
    folder,
    images,
    `${prelude}
create -L 200M --poolmetadatasize 8M --chunksize 64k --thinpool pool vg0 -Zn
create -V 32M --thin vg0/pool -n one
create -V 1T --thin vg0/pool -n two
dd if=$FOLDER/ext4-1k of=/dev/mapper/vg0-two bs=64k
dd if=$FOLDER/ext4-4k of=/dev/mapper/vg0-one bs=64k
lvm lvcreate -q -y -s -n before vg0/one
dd if=$FOLDER/xfs-1k of=/dev/mapper/vg0-two bs=64k
dd if=/dev/urandom of=/dev/mapper/vg0-one bs=64k count=300
${goodbye}`,
  );
  await using disks = await openDisks(images);
  expect(disks.listings.flatMap(({ problems }) => problems)).toEqual([]);
  const volumes = madeVolumes(disks.listings);
  expect(volumes.map(({ name, sizeBytes }) => [name, sizeBytes / MiB])).toEqual([
    ['vg0/one', 32],
    ['vg0/two', 1024 * 1024],
    ['vg0/before', 32],
  ]);
  await expectFiles(volumes, 'vg0/before', 'ext4-4k');
  await expectFiles(volumes, 'vg0/two', 'xfs-1k');
  await expect(openGuestVolume(volumes[0]!, anySignal)).rejects.toMatchObject({ code: 'UNSUPPORTED_FORMAT' });

  await using alone = await openDisks(images.slice(1));
  expect(alone.listings.flatMap(({ problems }) => problems)).toContainEqual(
    expect.stringMatching(/vg0\/one cannot be read: a disk of its volume group is missing/),
  );
});

lvmTest('mirrors are read from the first leg that is there', async () => {
  const folder = temporaryFolder('lvm-mirror');
  const images = emptyDisks(folder, [160, 160]);
  storeImages(folder, 'ext4-4k', 'xfs-1k');
  inGuestKernel(
    folder,
    images,
    `${prelude}
create -L 32M --type raid1 -m 1 --nosync -n raid vg0
create -L 64M --type mirror -m 1 --nosync --mirrorlog core -n mirror vg0
dd if=$FOLDER/ext4-4k of=/dev/mapper/vg0-raid bs=64k
dd if=$FOLDER/xfs-1k of=/dev/mapper/vg0-mirror bs=64k
${goodbye}`,
  );
  for (const present of [images, images.slice(0, 1), images.slice(1)]) {
    await using disks = await openDisks(present);
    const volumes = madeVolumes(disks.listings);
    await expectFiles(volumes, 'vg0/raid', 'ext4-4k');
    await expectFiles(volumes, 'vg0/mirror', 'xfs-1k');
  }
});

lvmTest('snapshots hold what was there when they were made, until they run full', async () => {
  const folder = temporaryFolder('lvm-snapshot');
  const images = emptyDisks(folder, [160, 160]);
  storeImages(folder, 'ext4-4k', 'ext4-1k', 'xfs-1k');
  inGuestKernel(
    folder,
    images,
    `${prelude}
create -L 40M --type linear -n plain vg0
dd if=$FOLDER/ext4-4k of=/dev/mapper/vg0-plain bs=64k
lvm lvcreate -q -y -s -L 60M -n before vg0/plain
lvm lvcreate -q -y -s -L 80M -c 64k -n coarse vg0/plain
lvm lvcreate -q -y -s -L 4M -n full vg0/plain
dd if=/dev/urandom of=/dev/mapper/vg0-plain bs=64k count=512 oflag=direct || true
dd if=$FOLDER/ext4-1k of=/dev/mapper/vg0-plain bs=64k oflag=direct
dd if=/dev/urandom of=/dev/mapper/vg0-coarse bs=64k count=16 seek=500 oflag=direct
dd if=/dev/mapper/vg0-coarse of=$FOLDER/coarse bs=64k
${goodbye}`,
  );
  await using disks = await openDisks(images);
  const volumes = madeVolumes(disks.listings);
  expect(disks.listings.flatMap(({ problems }) => problems)).toEqual([
    'The logical volume vg0/full cannot be read: the snapshot had run full',
  ]);
  expect(volumes.map(({ name, sizeBytes }) => [name, sizeBytes / MiB])).toEqual([
    ['vg0/plain', 40],
    ['vg0/before', 40],
    ['vg0/coarse', 40],
  ]);
  await expectFiles(volumes, 'vg0/plain', 'ext4-1k');
  await expectFiles(volumes, 'vg0/before', 'ext4-4k');
  const coarse = volumes.find(({ name }) => name === 'vg0/coarse')!;
  const found = await readRange(coarse.source, 0, coarse.sizeBytes, anySignal);
  expect(Buffer.compare(found, readFileSync(join(folder, 'coarse')))).toBe(0);
});
