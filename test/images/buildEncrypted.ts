// Builds the committed encrypted images: cryptsetup and the kernel encrypt, in a kernel of their own, so that root is not
// needed. usage: node buildEncrypted.ts [OUTPUT]
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { inGuestKernel } from '../support/guestKernel.ts';
import { encryptedFiles, encryptedPassphrase } from './encrypted.ts';

const output = process.argv[2] ?? import.meta.dirname;
/** Small areas for keys, and derivations that take no time: nothing here is a secret. */
const formats = {
  luks1: '--type luks1 --cipher aes-cbc-essiv:sha256 --key-size 128 --pbkdf-force-iterations 1000',
  luks2:
    '--type luks2 --key-size 256 --luks2-keyslots-size 131072 --offset 512 --pbkdf argon2id --pbkdf-memory 64 --pbkdf-parallel 2 --pbkdf-force-iterations 4',
} as const;

const work = mkdtempSync(join(tmpdir(), 'encrypted-'));
try {
  const tree = join(work, 'tree');
  for (const [path, content] of encryptedFiles) {
    mkdirSync(join(tree, path, '..'), { recursive: true });
    writeFileSync(join(tree, path), content);
  }
  const plain = join(work, 'plain');
  writeFileSync(plain, '');
  truncateSync(plain, 512 * 1024);
  const options = ['-q', '-F', '-t', 'ext4', '-b', '1024', '-N', '32', '-O', '^has_journal', '-d', tree];
  execFileSync('mke2fs', [...options, plain]);
  writeFileSync(join(work, 'key'), encryptedPassphrase);
  for (const [name, format] of Object.entries(formats)) {
    const image = join(work, `${name}.img`);
    writeFileSync(image, '');
    truncateSync(image, 3 * 1024 * 1024);
    inGuestKernel(
      work,
      [image],
      `modprobe -a cbc xts ecb essiv dm-crypt
cryptsetup luksFormat -q ${format} --key-file $FOLDER/key /dev/ubda
cryptsetup open --key-file $FOLDER/key --disable-keyring /dev/ubda opened
dd if=$FOLDER/plain of=/dev/mapper/opened bs=64k
sync
cryptsetup close opened`,
    );
    execFileSync('zstd', ['-q', '-f', '-19', image, '-o', join(output, `${name}.img.zst`)]);
  }
} finally {
  rmSync(work, { recursive: true });
}
