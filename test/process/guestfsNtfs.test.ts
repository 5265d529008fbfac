import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { MiB } from '../../src/base/units.ts';
import type { BlockSource } from '../../src/core/block/blockSource.ts';
import { openFileBlockSource } from '../../src/core/block/node/fileBlockSource.ts';
import { openGuestFileSystem } from '../../src/core/guestfs/openGuestFileSystem.ts';
import type { GuestFileSystem } from '../../src/core/guestfs/guestFileSystem.ts';
import { asOfNtfs, manifestOfFolder, manifestOfGuest } from '../images/manifest.ts';
import { anySignal } from '../support/anySignal.ts';
import { collect } from '../support/collect.ts';
import { emptyImage, mountedNtfs, mountTestWith, withGuestImage } from '../support/guestImages.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';
import { toolTest } from '../support/tools.ts';

const images = join(import.meta.dirname, '..', 'images');
const ntfsTest = mountTestWith('ntfs-3g');
const wimTest = toolTest('wimlib-imagex');

const geometries: readonly [string, number, number, ...string[]][] = [
  ['clusters of 4 KiB', 500, 4200],
  ['clusters of 512 bytes', 200, 70, '-c', '512'],
  ['clusters of 64 KiB', 200, 70, '-c', '65536'],
  ['sectors of 4 KiB', 200, 70, '-s', '4096'],
];

// NTFS by ntfs-3g; volumes that Windows wrote itself are not at hand.
ntfsTest.each(geometries)(
  'what ntfs-3g wrote is read back: %s',
  async (_, entries, sparseMiB, ...options) => {
    const folder = temporaryFolder('ntfs');
    const image = join(folder, 'disk.img');
    emptyImage(image, 400 * MiB);
    execFileSync('mkntfs', ['-q', '-Q', '-F', ...options, image], { stdio: 'ignore' });
    const isPlain = (path: string) => !path.startsWith('/reparse') && !path.startsWith('/wof');
    const truth = await mountedNtfs(image, folder, mountPoint => {
      execFileSync(join(images, 'populateWindows.py'), [mountPoint, String(entries), String(sparseMiB)]);
      return manifestOfFolder(mountPoint, isPlain).map(asOfNtfs);
    });

    await withGuestImage(image, async fileSystem => {
      expect(fileSystem).toMatchObject({ kind: 'ntfs', journal: 'clean', problems: [] });
      expect(await manifestOfGuest(fileSystem, isPlain)).toEqual(truth);
      await expectCompressedFiles(fileSystem);
      await expectLinks(fileSystem);
      const stream = await read(fileSystem, '/streams/file:Zone.Identifier');
      expect(stream.toString()).toBe('[ZoneTransfer]\r\nZoneId=3\r\n');
      expect((await read(fileSystem, '/streams/file:large')).byteLength).toBe(300_000);
      await expect(read(fileSystem, '/streams/file:absent')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    });
  },
);

wimTest('a tree that wimlib stored is read back, and 7-Zip extracts the same', async () => {
  const folder = temporaryFolder('wim');
  const [tree, archive, image, extracted] = ['tree', 'tree.wim', 'disk.img', 'extracted'].map(name =>
    join(folder, name),
  );
  mkdirSync(tree!);
  for (const [index, content] of ['a', 'b', 'ü', 'd'].entries()) {
    const inFolder = join(tree!, `folder ${content}`);
    execFileSync('sh', [
      '-c',
      'mkdir "$1" && seq "$2" > "$1/numbers.txt"',
      'sh',
      inFolder,
      String(index * 10_000),
    ]);
  }
  execFileSync('wimlib-imagex', ['capture', tree!, archive!, '--compress=none'], { stdio: 'ignore' });
  emptyImage(image!, 64 * MiB);
  execFileSync('mkntfs', ['-F', '-Q', image!], { stdio: 'ignore' });
  execFileSync('wimlib-imagex', ['apply', archive!, '1', image!, '--quiet'], { stdio: 'ignore' });
  const truth = manifestOfFolder(tree!).filter(({ kind }) => kind === 'file');
  const found = await withGuestImage(image!, async fileSystem => await manifestOfGuest(fileSystem));
  const contents = found
    .filter(({ kind }) => kind === 'file')
    .map(({ path, content }) => ({ path, content }));
  expect(contents).toEqual(truth.map(({ path, content }) => ({ path, content })));
  if (spawnSync('7z', ['x', `-o${extracted!}`, image!], { stdio: 'ignore' }).status === 0) {
    const other = manifestOfFolder(extracted!).filter(
      ({ path, kind }) => kind === 'file' && !path.includes('['),
    );
    expect(other.map(({ path, content }) => ({ path, content }))).toEqual(contents);
  }
});

wimTest(
  'a name in a large folder is found without reading the folder, in whatever case others are',
  async () => {
    const folder = temporaryFolder('large');
    const [tree, archive, image] = ['tree', 'tree.wim', 'disk.img'].map(name => join(folder, name));
    mkdirSync(join(tree!, 'many'), { recursive: true });
    const names = Array.from({ length: 20_000 }, (_, index) =>
      index % 3 === 0
        ? `Straße ÄÖÜ ${index}`
        : index % 3 === 1
          ? `FILE_${index}.txt`
          : `file-${index}-${'é'.repeat(30)}`,
    );
    for (const name of names) writeFileSync(join(tree!, 'many', name), '');
    execFileSync('wimlib-imagex', ['capture', tree!, archive!, '--compress=none'], { stdio: 'ignore' });
    emptyImage(image!, 128 * MiB);
    execFileSync('mkntfs', ['-F', '-Q', image!], { stdio: 'ignore' });
    execFileSync('wimlib-imagex', ['apply', archive!, '1', image!, '--quiet'], { stdio: 'ignore' });

    await using file = await openFileBlockSource(image!);
    let readBytes = 0;
    const counting: BlockSource = {
      sizeBytes: file.sizeBytes,
      read: async (offsetBytes, target, signal) => {
        readBytes += target.byteLength;
        await file.read(offsetBytes, target, signal);
      },
    };
    const fileSystem = await openGuestFileSystem(counting, anySignal);
    const many = await fileSystem.lookup('/many', anySignal);
    const { entries } = await fileSystem.list(many, anySignal);
    expect(entries.map(({ name }) => name).toSorted()).toEqual(names.toSorted());
    const nodes = new Map(entries.map(({ name, node }) => [name, node]));
    readBytes = 0;
    const sought = names.filter((_, index) => index % 97 === 0);
    for (const name of sought) {
      expect(await fileSystem.lookup(`/many/${name}`, anySignal)).toBe(nodes.get(name));
    }
    expect(readBytes / sought.length).toBeLessThan(32 * 1024);
    for (const missing of ['file_1.TXT', 'zzz', '\u0001', names[1]!.toLowerCase()]) {
      await expect(fileSystem.lookup(`/many/${missing}`, anySignal)).rejects.toMatchObject({
        code: 'NOT_FOUND',
      });
    }
  },
);

async function expectCompressedFiles(fileSystem: GuestFileSystem): Promise<void> {
  for (const name of ['text', 'code', 'random', 'zeros', 'short']) {
    const plain = await read(fileSystem, `/plain/${name}`);
    for (const algorithm of ['xpress4k', 'xpress8k', 'xpress16k', 'lzx']) {
      const path = `/wof/${name}-${algorithm}`;
      const whole = await read(fileSystem, path);
      expect({ path, isEqual: whole.equals(plain) }).toEqual({ path, isEqual: true });
      const part = await read(fileSystem, path, 3, 50_000);
      expect({ path, isEqual: part.equals(plain.subarray(3, 50_003)) }).toEqual({ path, isEqual: true });
    }
  }
}

async function expectLinks(fileSystem: GuestFileSystem): Promise<void> {
  const { entries } = await fileSystem.list(await fileSystem.lookup('/reparse', anySignal), anySignal);
  const kinds = Object.fromEntries(entries.map(({ name, kind }) => [name, kind]));
  expect(kinds).toEqual({ junction: 'symlink', link: 'symlink', deduplicated: 'file', unknown: 'file' });
  const target = async (path: string) =>
    await fileSystem.readlink(await fileSystem.lookup(path, anySignal), anySignal);
  expect(await target('/reparse/junction')).toBe('C:/Users');
  expect(await target('/reparse/link')).toBe('../sizes/file-100');
  for (const path of ['/reparse/deduplicated', '/reparse/unknown']) {
    await expect(read(fileSystem, path)).rejects.toMatchObject({ code: 'UNSUPPORTED_FORMAT' });
  }
}

async function read(
  fileSystem: GuestFileSystem,
  path: string,
  offsetBytes = 0,
  lengthBytes?: number,
): Promise<Buffer> {
  const node = await fileSystem.lookup(path, anySignal);
  const range = lengthBytes === undefined ? { offsetBytes } : { offsetBytes, lengthBytes };
  return Buffer.concat(await collect(fileSystem.readFile(node, range, anySignal)));
}
