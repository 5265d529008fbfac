// Makes small-guest.img.zst, small-guest.json and small-guest-files.jsonl, the file system of the lab's small profile,
// beside this file.
// Run with Node 24 on a machine with e2fsprogs: node src/lab/images/makeSmallGuest.mjs
// Everything in the image is written by this script; the image's times are fixed, except what mke2fs takes from the
// change times of its source.
import { mkdtemp, open, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { constants, zstdCompressSync } from 'node:zlib';

import { fileExtents, makeExt4 } from './ext4Tools.ts';
import {
  activityPath,
  identityPath,
  identityText,
  writeActivityFile,
  writeTokenFile,
  writeTreeFile,
} from './guestTree.ts';
import { listImageFiles, writeImageFiles } from './imageFiles.ts';

const sizeBytes = 48 * 1024 * 1024;
/** Larger than 32 bits can count, and than any editor opens. */
const sparseBytes = 5 * 1024 * 1024 * 1024;
const uuid = '6f1c3a52-8d24-4b6e-9a37-51c2e0f4d901';

process.env.E2FSPROGS_FAKE_TIME = '1768464000';

const work = await mkdtemp(join(tmpdir(), 'quiesce-small-guest-'));
try {
  const tree = join(work, 'tree');
  await fillTree(tree);
  const imagePath = join(work, 'guest.img');
  await writeFile(imagePath, '');
  await truncate(imagePath, sizeBytes);
  await makeExt4({
    imagePath,
    offsetBytes: 0,
    sizeBytes,
    label: 'guest',
    uuid,
    treePath: tree,
    extraArguments: ['-N', '4096', '-J', 'size=4'],
  });
  const facts = {
    sizeBytes,
    activity: await fileExtents(imagePath, 0, activityPath),
    identity: await fileExtents(imagePath, 0, identityPath),
  };
  const image = await readFile(imagePath);
  const compressed = zstdCompressSync(image, { params: { [constants.ZSTD_c_compressionLevel]: 19 } });
  await writeFile(new URL('small-guest.img.zst', import.meta.url), compressed);
  await writeFile(new URL('small-guest.json', import.meta.url), `${JSON.stringify(facts, undefined, 2)}\n`);
  const files = writeImageFiles(await listImageFiles(imagePath, 0));
  await writeFile(new URL('small-guest-files.jsonl', import.meta.url), files);
  console.error(`small-guest.img.zst: ${compressed.length} bytes`);
} finally {
  await rm(work, { recursive: true });
}

async function fillTree(tree) {
  await writeActivityFile(tree, 2 * 1024 * 1024);
  await writeTreeFile(tree, identityPath, identityText('guest', 'guest'));
  await writeTokenFile(tree);
  await writeTreeFile(tree, '/etc/hostname', 'guest\n');
  await writeTreeFile(tree, '/etc/os-release', 'NAME="Lab Guest"\nVERSION="1"\nID=labguest\n');
  await writeTreeFile(tree, '/etc/fstab', `UUID=${uuid} / ext4 defaults 0 1\n`);
  for (const service of ['web', 'database', 'build', 'archive'])
    await writeTreeFile(tree, `/etc/${service}/${service}.conf`, configuration(service));
  for (let day = 1; day <= 28; day += 1)
    await writeTreeFile(tree, `/var/log/service/2026-01-${pad(day, 2)}.log`, logOf(day));
  for (let page = 0; page < 120; page += 1)
    await writeTreeFile(tree, `/srv/www/pages/${pad(page % 12, 2)}/page-${pad(page, 4)}.html`, pageOf(page));
  for (let letter = 0; letter < 1500; letter += 1)
    await writeTreeFile(tree, `/srv/mail/letter-${pad(letter, 5)}`, '');
  await writeBinaryFile(tree, '/srv/blobs/noise.bin', 64 * 1024);
  for (let depth = 1, folder = '/home/user/deep'; depth <= 12; depth += 1) {
    folder += `/level-${pad(depth, 2)}`;
    await writeTreeFile(tree, `${folder}/here.txt`, `This file lies ${depth} folders deep\n`);
  }
  await writeTreeFile(tree, `/home/user/${'long-name-'.repeat(24)}.txt`, 'The name has 244 characters\n');
  await writeTreeFile(tree, '/home/user/Grüße, 世界 & Ωmega.txt', 'A name beyond ASCII\n');
  await writeTreeFile(tree, '/home/user/empty', '');
  await writeTreeFile(tree, '/home/user/numbers.txt', numbers(40_000));
  await symlink('numbers.txt', join(tree, 'home/user/to-numbers'));
  await symlink('/nowhere/at/all', join(tree, 'home/user/dangling'));
  await symlink(`pages/${'../pages/'.repeat(10)}00/page-0000.html`, join(tree, 'srv/www/slow-link'));
  await writeSparseFile(join(tree, 'home/user/sparse.dat'));
}

async function writeSparseFile(path) {
  const file = await open(path, 'w');
  try {
    await file.truncate(sparseBytes);
    for (const offset of [0, 1_048_576, 2_147_483_648, sparseBytes - 4096])
      await file.write(`bytes at ${offset}\n`, offset);
  } finally {
    await file.close();
  }
}

/** Every value of a byte, in an order that no text has. */
async function writeBinaryFile(tree, guestPath, sizeBytes) {
  const content = Buffer.alloc(sizeBytes);
  for (let at = 0; at < sizeBytes; at += 1) content[at] = (at * 167 + (at >> 8) * 31) & 0xff;
  await writeTreeFile(tree, guestPath, content);
}

function configuration(service) {
  return ['listen = 127.0.0.1', `name = ${service}`, 'workers = 4', ''].join('\n');
}

function logOf(day) {
  let text = '';
  for (let minute = 0; minute < 240; minute += 1)
    text += `2026-01-${pad(day, 2)} ${pad(minute / 60, 2)}:${pad(minute % 60, 2)} request ${day * 1000 + minute} answered\n`;
  return text;
}

function pageOf(page) {
  return `<!doctype html>\n<title>Page ${page}</title>\n<p>${'This is page '.repeat(30)}${page}</p>\n`;
}

function numbers(count) {
  let text = '';
  for (let number = 0; number < count; number += 1) text += `${number}\n`;
  return text;
}

function pad(number, digits) {
  return String(Math.floor(number)).padStart(digits, '0');
}
