import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { Secret } from '../../src/base/secret.ts';
import { MiB } from '../../src/base/units.ts';
import { openGuestVolume } from '../../src/core/guestfs/openGuestFileSystem.ts';
import { threadArgon2 } from '../../src/core/volume/luks/node/threadArgon2.ts';
import { VolumeKeys } from '../../src/core/volume/luks/volumeKeys.ts';
import { anySignal } from '../support/anySignal.ts';
import { emptyDisks, expectFiles, madeVolumes, openDisks, storeImages } from '../support/guestDisks.ts';
import { guestKernelTest, inGuestKernel } from '../support/guestKernel.ts';
import { emptyImage } from '../support/guestImages.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';
import { toolTest } from '../support/tools.ts';

const kernelTest = guestKernelTest();
const passphrase = 'Grüße, as typed';
const argon2 = threadArgon2(new URL('../../src/core/volume/luks/node/argon2Thread.ts', import.meta.url));
/** What cryptsetup writes and the kernel fills, opened by its own passphrase. */
const modules = `modprobe -a cbc xts ecb essiv lrw serpent_generic sha512_generic rmd160 dm-crypt af_alg algif_skcipher algif_hash
printf '${passphrase}' > /run/key`;
const quickly = '--pbkdf pbkdf2 --pbkdf-force-iterations 1000';
const withArgon2 = (kind: string) =>
  `--pbkdf ${kind} --pbkdf-force-iterations 4 --pbkdf-memory 65536 --pbkdf-parallel 3`;

const made: readonly [string, string][] = [
  ['LUKS1 as usual', `--type luks1 ${quickly}`],
  ['LUKS1, CBC with ESSIV', `--type luks1 ${quickly} --cipher aes-cbc-essiv:sha256 --key-size 256`],
  ['LUKS1, CBC, 192 bits', `--type luks1 ${quickly} --cipher aes-cbc-plain --key-size 192`],
  ['LUKS1, XTS with short keys, SHA-512', `--type luks1 ${quickly} --key-size 256 --hash sha512`],
  ['LUKS1, RIPEMD-160', `--type luks1 ${quickly} --hash ripemd160`],
  ['LUKS2 with Argon2id', `--type luks2 ${withArgon2('argon2id')}`],
  ['LUKS2 with Argon2i', `--type luks2 ${withArgon2('argon2i')}`],
  ['LUKS2, sectors of 4096 bytes', `--type luks2 ${quickly} --sector-size 4096`],
  ['LUKS2, SHA-1 and a larger header', `--type luks2 ${quickly} --hash sha1 --luks2-metadata-size 64k`],
  [
    'LUKS2, CBC, data further back',
    `--type luks2 ${quickly} --cipher aes-cbc-essiv:sha256 --key-size 256 --offset 65536`,
  ],
];

kernelTest.each(made)('what the kernel encrypted is read with its passphrase: %s', async (_, options) => {
  const image = encrypted(options);
  await using disks = await openDisks([image], keysOf('wrong before it', passphrase));
  expect(disks.listings.flatMap(({ problems }) => problems)).toEqual([]);
  const volumes = disks.listings.flatMap(listing => listing.volumes);
  expect(volumes.map(({ content }) => content?.kind)).toEqual(['member', 'ext']);
  await expectFiles(volumes, volumes[1]!.name, 'ext4-4k');
});

kernelTest('a wrong passphrase opens nothing, and the volume says what it is', async () => {
  const image = encrypted(`--type luks2 ${quickly}`);
  await using disks = await openDisks([image], keysOf('wrong'));
  expect(disks.listings[0]?.problems).toEqual(['Volume 0 is encrypted, and no passphrase given opens it']);
  await expect(openGuestVolume(disks.listings[0]!.volumes[0]!, anySignal)).rejects.toMatchObject({
    code: 'UNSUPPORTED_FORMAT',
    message: 'the volume is encrypted with LUKS and has not been unlocked',
  });
  await using closed = await openDisks([image]);
  expect(closed.listings[0]?.problems).toEqual([]);
});

kernelTest('every keyslot opens the volume, a removed one does not', async () => {
  const folder = temporaryFolder('luks-slots');
  const [image = ''] = emptyDisks(folder, [64]);
  storeImages(folder, 'ext4-4k');
  inGuestKernel(
    folder,
    [image],
    `${modules}
printf second > /run/second; printf third > /run/third
cryptsetup luksFormat -q --type luks2 ${quickly} --key-file /run/key /dev/ubda
cryptsetup luksAddKey -q ${quickly} --key-file /run/key /dev/ubda /run/second
cryptsetup luksAddKey -q ${withArgon2('argon2id')} --key-file /run/key /dev/ubda /run/third
cryptsetup luksRemoveKey -q /dev/ubda /run/key
${fill}`.replace('--key-file /run/key open', '--key-file /run/second open'),
  );
  for (const [typed, isRight] of [
    ['second', true],
    ['third', true],
    [passphrase, false],
  ] as const) {
    await using disks = await openDisks([image], keysOf(typed));
    expect(madeVolumes(disks.listings)).toHaveLength(isRight ? 1 : 0);
  }
});

kernelTest('the second header is read where the first is damaged, and said to be', async () => {
  for (const [damage, isGone] of [
    ['text', false],
    ['magic', true],
  ] as const) {
    const image = encrypted(`--type luks2 ${quickly}`);
    const descriptor = openSync(image, 'r+');
    writeSync(descriptor, Buffer.alloc(isGone ? 512 : 8), 0, undefined, isGone ? 0 : 4200);
    closeSync(descriptor);
    await using disks = await openDisks([image], keysOf(passphrase));
    expect(disks.listings[0]?.problems, damage).toEqual([
      'The header of the encrypted volume is damaged; its second copy was used',
    ]);
    await expectFiles(madeVolumes(disks.listings), madeVolumes(disks.listings)[0]!.name, 'ext4-4k');
  }
});

kernelTest(
  'encrypted as Linux installers do it: logical volumes within, and a volume within those',
  async () => {
    const folder = temporaryFolder('luks-lvm');
    const images = emptyDisks(folder, [160]);
    storeImages(folder, 'ext4-4k', 'xfs-1k');
    inGuestKernel(
      folder,
      images,
      `${modules}
printf 'label: gpt\\nsize=8MiB, type=uefi\\ntype=linux\\n' | sfdisk -q /dev/ubda
mkdir /run/lvm-system; export LVM_SYSTEM_DIR=/run/lvm-system
printf 'activation {\\n udev_sync = 0\\n udev_rules = 0\\n}\\n' > $LVM_SYSTEM_DIR/lvm.conf
cryptsetup luksFormat -q --type luks2 ${withArgon2('argon2id')} --key-file /run/key /dev/ubda2
cryptsetup --key-file /run/key open /dev/ubda2 pv --disable-keyring
lvm pvcreate -q /dev/mapper/pv; lvm vgcreate -q vg0 /dev/mapper/pv
lvm lvcreate -q -y -Wn -L 40M -n root vg0
lvm lvcreate -q -y -Wn -L 90M -n safe vg0
cryptsetup luksFormat -q --type luks1 ${quickly} --key-file /run/key /dev/mapper/vg0-safe
cryptsetup --key-file /run/key open /dev/mapper/vg0-safe safe --disable-keyring
dd if=$FOLDER/ext4-4k of=/dev/mapper/vg0-root bs=64k
dd if=$FOLDER/xfs-1k of=/dev/mapper/safe bs=64k
sync
cryptsetup close safe; lvm vgchange -q -an vg0; cryptsetup close pv`,
    );
    await using disks = await openDisks(images, keysOf(passphrase));
    expect(disks.listings.flatMap(({ problems }) => problems)).toEqual([]);
    const volumes = disks.listings.flatMap(listing => listing.volumes);
    expect(volumes.map(({ index, content }) => [index, content?.kind])).toEqual([
      [1, undefined],
      [2, 'member'],
      [1001, 'lvm2'],
      [1002, 'ext'],
      [1003, 'member'],
      [1004, 'xfs'],
    ]);
    await expectFiles(volumes, 'vg0/root', 'ext4-4k');
    await expectFiles(volumes, volumes.at(-1)!.name, 'xfs-1k');
  },
);

toolTest('qemu-img')('what qemu-img encrypts is read, too', async () => {
  const folder = temporaryFolder('luks-qemu');
  storeImages(folder, 'ext4-4k');
  const [plain, image] = [join(folder, 'ext4-4k'), join(folder, 'disk.img')];
  for (const options of ['', ',cipher-alg=aes-128,cipher-mode=cbc,ivgen-alg=essiv,ivgen-hash-alg=sha256']) {
    encryptByQemu(plain, image, `key-secret=key,iter-time=200${options}`, secretFile(folder));
    await using disks = await openDisks([image], keysOf(passphrase));
    const volumes = madeVolumes(disks.listings);
    await expectFiles(volumes, volumes[0]!.name, 'ext4-4k');
  }
});

const refused: readonly [string, string, string][] = [
  ['another cipher', '--type luks1 --cipher serpent-xts-plain64', 'serpent-xts-plain64'],
  ['another mode', '--type luks2 --cipher aes-lrw-benbi --key-size 384', 'aes-lrw-benbi'],
  ['another hash', '--type luks1 --hash whirlpool', 'whirlpool'],
];

kernelTest.each(refused)('what is not read is refused by its name: %s', async (_, options, name) => {
  const folder = temporaryFolder('luks-refused');
  const images = emptyDisks(folder, [32]);
  const format = `cryptsetup luksFormat -q ${quickly} ${options} --key-file /run/key /dev/ubda`;
  inGuestKernel(folder, images, `${modules}\n${format}`);
  await using disks = await openDisks(images, keysOf(passphrase));
  expect(madeVolumes(disks.listings)).toEqual([]);
  expect(disks.listings[0]?.problems).toEqual([expect.stringContaining(name)]);
});

toolTest('cryptsetup')('a header that asks for more memory than anybody has is refused', async () => {
  const image = join(temporaryFolder('luks-greedy'), 'disk.img');
  emptyImage(image, 32 * MiB);
  execFileSync(
    'cryptsetup',
    ['luksFormat', '-q', '--type', 'luks2', ...withArgon2('argon2id').split(' '), '--key-file', '-', image],
    { input: passphrase, stdio: ['pipe', 'ignore', 'inherit'] },
  );
  const bytes = readFileSync(image);
  const head = bytes.subarray(0, 16_384);
  const text = head.subarray(4096);
  const asking = text.toString('latin1').replace('"memory":65536,', '"memory":9999999,');
  text.write(asking.slice(0, text.byteLength), 'latin1');
  head.fill(0, 448, 512);
  createHash('sha256').update(head).digest().copy(head, 448);
  writeFileSync(image, bytes);
  await using disks = await openDisks([image], keysOf(passphrase));
  expect(disks.listings[0]?.problems).toEqual([expect.stringContaining('takes 9766 MiB of memory')]);
});

const fill = `cryptsetup --key-file /run/key open /dev/ubda opened --disable-keyring
dd if=$FOLDER/ext4-4k of=/dev/mapper/opened bs=64k
sync
cryptsetup close opened`;

function encrypted(options: string): string {
  const folder = temporaryFolder('luks');
  const [image = ''] = emptyDisks(folder, [80]);
  storeImages(folder, 'ext4-4k');
  inGuestKernel(
    folder,
    [image],
    `${modules}
cryptsetup luksFormat -q ${options} --key-file /run/key /dev/ubda
${fill}`,
  );
  return image;
}

function secretFile(folder: string): string {
  const path = join(folder, 'key');
  writeFileSync(path, passphrase);
  return path;
}

function keysOf(...passphrases: readonly string[]): VolumeKeys {
  const keys = new VolumeKeys(argon2);
  for (const text of passphrases) keys.add(new Secret(text));
  return keys;
}

/** It measures how long its derivation takes, and gives up where a busy machine gives it no time. */
function encryptByQemu(plain: string, image: string, options: string, key: string): void {
  const secret = ['--object', `secret,id=key,file=${key}`];
  for (let triesLeft = 30; ; triesLeft -= 1) {
    try {
      execFileSync('qemu-img', ['convert', ...secret, '-O', 'luks', '-o', options, plain, image], {
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      return;
    } catch (error) {
      if (triesLeft === 1 || !String(error).includes('accurate CPU usage')) throw error;
    }
  }
}
