import { execFileSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { expect, test } from 'vitest';

import { CorruptDataError } from '../../src/base/errors.ts';
import { GiB, MiB } from '../../src/base/units.ts';
import { memorySource } from '../../src/core/block/memorySource.ts';
import { isZero } from '../../src/core/block/zeros.ts';
import type {
  AskConflict,
  Conflict,
  ConflictPolicy,
} from '../../src/core/jobs/guestFiles/fileRestorePlan.ts';
import { lookUpLocalTarget } from '../../src/core/jobs/guestFiles/node/restoreFiles.ts';
import { restoreZip } from '../../src/core/jobs/guestFiles/node/restoreZip.ts';
import { ZipWriter } from '../../src/core/jobs/guestFiles/node/zipWriter.ts';
import { planZipRestore } from '../../src/core/jobs/guestFiles/zip/zipRestorePlan.ts';
import type { Volume } from '../../src/core/volume/volume.ts';
import { anySignal } from '../support/anySignal.ts';
import { fakeGuest, type FakeNode } from '../support/fakeGuest.ts';
import { pattern } from '../support/pattern.ts';
import { sampleDisk } from '../support/restorePoints.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';
import { toolTest } from '../support/tools.ts';

const volume = { index: 1, source: memorySource(new Uint8Array(0)) } as unknown as Volume;
const foreignTest = toolTest('unzip', 'zipinfo', 'python3');

type Nodes = Parameters<typeof fakeGuest>[0];

async function zipOf(
  nodes: Nodes,
  path = '/',
  onConflict: ConflictPolicy | AskConflict = 'fail',
  folder?: string,
) {
  const zipPath = join(folder ?? temporaryFolder('restore-zip'), 'files.zip');
  const { fileSystem } = fakeGuest(nodes);
  const node = await fileSystem.lookup(path, anySignal);
  const location = { disk: sampleDisk({}), volume, fileSystem, node, path };
  const plan = await planZipRestore([location], { zipPath, onConflict }, lookUpLocalTarget, anySignal);
  const damaged = await restoreZip(plan, () => undefined, anySignal);
  return { zipPath: plan.zipPath, plan, damaged };
}

/** What every archive has to stand: no warning of unzip, which reads it by its directory, and none of Python's. */
function prove(zipPath: string): void {
  const said = execFileSync('unzip', ['-tqq', zipPath], { encoding: 'utf8', stdio: 'pipe' });
  expect(said).toBe('');
  const python = 'import sys, zipfile; print(zipfile.ZipFile(sys.argv[1]).testzip())';
  expect(execFileSync('python3', ['-c', python, zipPath], { encoding: 'utf8' })).toBe('None\n');
}

function unpack(zipPath: string): string {
  const folder = temporaryFolder('restore-zip-unpacked');
  execFileSync('unzip', ['-qq', zipPath, '-d', folder], { stdio: 'pipe' });
  return folder;
}

const at = (seconds: number) => ({ seconds, nanoseconds: 500_000_000 });

foreignTest('contents, modes, times and links come out of unzip as they are in the guest', async () => {
  const times = { new: 1_700_000_001, old: -86_399, far: 4_000_000_000, beyond: 5_000_000_000 };
  const { zipPath, plan, damaged } = await zipOf(
    {
      root: { kind: 'directory', entries: { etc: 'etc' } },
      etc: {
        kind: 'directory',
        entries: {
          run: 'run',
          empty: 'empty',
          grüße: 'named',
          old: 'old',
          far: 'far',
          beyond: 'beyond',
          link: 'link',
          none: 'none',
        },
        facts: { mode: 0o750, modifiedAt: at(times.new) },
      },
      run: {
        kind: 'file',
        content: pattern(3 * MiB + 1),
        facts: { mode: 0o4755, uid: 1000, gid: 70_000, modifiedAt: at(times.new) },
      },
      empty: { kind: 'file', content: new Uint8Array(0) },
      named: { kind: 'file', content: pattern(5) },
      old: { kind: 'file', content: pattern(6), facts: { modifiedAt: at(times.old) } },
      far: { kind: 'file', content: pattern(7), facts: { modifiedAt: at(times.far) } },
      beyond: { kind: 'file', content: pattern(8), facts: { modifiedAt: at(times.beyond) } },
      link: { kind: 'symlink', linkTarget: '../etc/grüße', facts: { mode: 0o777 } },
      none: { kind: 'directory', entries: {} },
    },
    '/etc',
  );
  expect([damaged, plan.problems]).toEqual([[], []]);
  prove(zipPath);
  expect(statSync(zipPath).mode & 0o777).toBe(0o600);

  const folder = unpack(zipPath);
  expect(readdirSync(join(folder, 'etc')).toSorted()).toEqual(
    ['beyond', 'empty', 'far', 'grüße', 'link', 'none', 'old', 'run'].toSorted(),
  );
  expect(readFileSync(join(folder, 'etc/run'))).toEqual(Buffer.from(pattern(3 * MiB + 1)));
  expect(readFileSync(join(folder, 'etc/grüße'))).toEqual(Buffer.from(pattern(5)));
  expect(lstatSync(join(folder, 'etc/link')).isSymbolicLink()).toBe(true);
  expect(readlinkSync(join(folder, 'etc/link'))).toBe('../etc/grüße');
  expect(readdirSync(join(folder, 'etc/none'))).toEqual([]);
  const facts = (name: string) => {
    const { mode, mtimeMs } = lstatSync(join(folder, name));
    return [(mode & 0o7777).toString(8), mtimeMs / 1000];
  };
  // The right to run as its owner stays behind, as it does where files are restored to a folder.
  expect(facts('etc/run')).toEqual(['755', times.new]);
  expect(facts('etc')).toEqual(['750', times.new]);
  // unzip knows no time before 1970, of archives by zip either.
  expect(facts('etc/old')).toEqual(['640', new Date(1980, 0, 1).getTime() / 1000]);
  // Beyond what the field of Info-ZIP holds there is the time of DOS, to two seconds.
  expect(facts('etc/far')).toEqual(['640', times.far]);
  const date = "import sys, zipfile; print(zipfile.ZipFile(sys.argv[1]).getinfo('etc/beyond').date_time)";
  expect(execFileSync('python3', ['-c', date, zipPath], { encoding: 'utf8' })).toBe(
    '(2107, 12, 31, 23, 59, 58)\n',
  );

  const details = execFileSync('zipinfo', ['-v', zipPath, 'etc/run'], { encoding: 'utf8' });
  expect(details).toMatch(/Unix file attributes \(100755 octal\):\s+-rwxr-xr-x/);
  expect(details).toMatch(/Unix UID\/GID/);
  const owner = `import struct, sys, zipfile
extra = zipfile.ZipFile(sys.argv[1]).getinfo('etc/run').extra
while extra:
    tag, size = struct.unpack('<HH', extra[:4])
    if tag == 0x7875: print(struct.unpack('<BBIBI', extra[4:4 + size]))
    extra = extra[4 + size:]`;
  expect(execFileSync('python3', ['-c', owner, zipPath], { encoding: 'utf8' })).toBe(
    '(1, 4, 1000, 4, 70000)\n',
  );
});

foreignTest('names that could lead elsewhere are made safe', async () => {
  const names = ['..\\..\\evil', 'a:b', '...', 'semi;colon', '-rf'];
  const nodes: Record<string, FakeNode> = {
    root: { kind: 'directory', entries: { d: 'd' } },
    d: {
      kind: 'directory',
      entries: Object.fromEntries([...names, '..', '.', ''].map(name => [name, `f${name}`])),
    },
  };
  for (const name of [...names, '..', '.', '']) nodes[`f${name}`] = { kind: 'file', content: pattern(9) };
  const { zipPath, plan } = await zipOf(nodes, '/d');
  prove(zipPath);
  const listed = execFileSync('zipinfo', ['-1', zipPath], { encoding: 'utf8' }).trimEnd().split('\n');
  expect(listed).toEqual(['d/', 'd/.._.._evil', 'd/a:b', 'd/...', 'd/semi;colon', 'd/-rf', 'd/_']);
  expect(plan.problems).toEqual([
    '/d/. and /d/.. would both become d/_; the first one is restored',
    '/d/ and /d/.. would both become d/_; the first one is restored',
  ]);
});

foreignTest(
  'what proves damaged while it is read is not in the archive, all of it; the others are',
  async () => {
    const torn = new CorruptDataError('chunk 3 is damaged');
    const { zipPath, damaged } = await zipOf({
      root: { kind: 'directory', entries: { first: 'first', torn: 'torn', last: 'last', end: 'end' } },
      first: { kind: 'file', content: pattern(10) },
      torn: { kind: 'file', content: pattern(5 * MiB), contentDamage: torn },
      last: { kind: 'file', content: pattern(30) },
      end: { kind: 'file', content: pattern(5 * MiB), contentDamage: torn },
    });
    expect(damaged.map(({ message }) => message)).toEqual([
      '/torn: chunk 3 is damaged',
      '/end: chunk 3 is damaged',
    ]);
    prove(zipPath);
    const top = 'disk-2000-volume-1';
    const listed = execFileSync('zipinfo', ['-1', zipPath], { encoding: 'utf8' }).trimEnd().split('\n');
    expect(listed).toEqual([`${top}/`, `${top}/first`, `${top}/last`]);
    expect(readFileSync(join(unpack(zipPath), top, 'last'))).toEqual(Buffer.from(pattern(30)));
    // Nothing of the damaged ones takes room.
    expect(statSync(zipPath).size).toBeLessThan(2000);
  },
);

foreignTest('an archive may have more than 65,535 entries', { timeout: 300_000 }, async () => {
  const count = 66_000;
  const { zipPath } = await zipOf(key => {
    if (key === 'root')
      return { kind: 'directory', entries: Object.fromEntries(names(count).map(name => [name, 'file'])) };
    return { kind: 'file', content: pattern(3) };
  });
  prove(zipPath);
  const said = execFileSync('zipinfo', ['-t', zipPath], { encoding: 'utf8' });
  expect(said).toMatch(new RegExp(`^${count + 1} files, `));
});

function names(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `f${index}`);
}

foreignTest('a file may have more than 4 GiB', { timeout: 300_000 }, async () => {
  const { zipPath } = await zipOf({
    root: { kind: 'directory', entries: { zeros: 'zeros', behind: 'behind' } },
    zeros: { kind: 'file', pieces: zeros, facts: { sizeBytes: overSize } },
    behind: { kind: 'file', content: pattern(1000) },
  });
  expect(sizesAndPlaces(zipPath)).toBe(`[(0, False), (${overSize}, False), (1000, False)]`);
  expect(execFileSync('unzip', ['-tqq', zipPath], { encoding: 'utf8' })).toBe('');
});

foreignTest('files may lie behind more than 4 GiB', { timeout: 300_000 }, async () => {
  const path = join(temporaryFolder('restore-zip'), 'far.zip');
  const file = await open(path, 'wx');
  // Zeros become holes, so that the test writes little.
  const sparse = {
    write: async (bytes: Uint8Array, _from: number, count: number, at: number) =>
      isZero(bytes) ? { bytesWritten: count } : await file.write(bytes, 0, count, at),
    truncate: async (sizeBytes: number) => await file.truncate(sizeBytes),
  };
  const zip = new ZipWriter(sparse as unknown as FileHandle);
  const time = at(1_700_000_000);
  const facts = { mode: 0o10_0640, uid: 0, gid: 0, modifiedAt: time, accessedAt: time } as const;
  const add = async (name: string, content: () => Iterable<Uint8Array>, sizeBytes: number) => {
    const entry = { ...facts, name: Buffer.from(name), method: 'store', sizeBytes } as const;
    await zip.add(entry, Readable.from(content()), () => undefined, anySignal);
  };
  await add('zeros', zeros, overSize);
  await add('behind', () => [pattern(1000)], 1000);
  await zip.finish();
  await file.close();
  expect(sizesAndPlaces(path)).toBe(`[(${overSize}, False), (1000, True)]`);
  expect(execFileSync('unzip', ['-tqq', path], { encoding: 'utf8' })).toBe('');
  expect(execFileSync('unzip', ['-p', path, 'behind'])).toEqual(Buffer.from(pattern(1000)));
});

const overSize = 4 * GiB + MiB;

function* zeros(): Generator<Uint8Array, void, undefined> {
  for (let doneBytes = 0; doneBytes < overSize; doneBytes += MiB) yield new Uint8Array(MiB);
}

/** Of each entry how large it is, and whether it lies behind 4 GiB. */
function sizesAndPlaces(zipPath: string): string {
  const python = `import sys, zipfile
print([(entry.file_size, entry.header_offset > 0xffffffff) for entry in zipfile.ZipFile(sys.argv[1]).infolist()])`;
  return execFileSync('python3', ['-c', python, zipPath], { encoding: 'utf8' }).trimEnd();
}

test('an archive that stands there is replaced, or another name is taken, as was wanted', async () => {
  const folder = temporaryFolder('restore-zip');
  const path = join(folder, 'files.zip');
  const nodes: Nodes = {
    root: { kind: 'directory', entries: { a: 'a' } },
    a: { kind: 'file', content: pattern(10) },
  };
  writeFileSync(path, 'mine');
  await expect(zipOf(nodes, '/a', 'fail', folder)).rejects.toMatchObject({ code: 'CONFLICT', object: path });
  await expect(zipOf(nodes, '/a', 'skip', folder)).rejects.toMatchObject({ code: 'INVALID_INPUT' });
  expect((await zipOf(nodes, '/a', 'rename', folder)).zipPath).toBe(join(folder, 'files (restored).zip'));
  expect(readFileSync(path, 'utf8')).toBe('mine');
  const asked: Conflict[] = [];
  const answer = async (conflict: Conflict) => {
    asked.push(conflict);
    return await Promise.resolve('overwrite' as const);
  };
  await zipOf(nodes, '/a', answer, folder);
  expect(asked).toMatchObject([{ targetPath: path, standing: 'file', choices: ['overwrite', 'rename'] }]);
  await zipOf(nodes, '/a', 'overwrite', folder);
  expect(readFileSync(path).subarray(0, 4).toString('latin1')).toBe('PK\x03\x04');
});

test('cancelled in mid-file it leaves nothing, and what stood there as it was', async () => {
  const zipPath = join(temporaryFolder('restore-zip'), 'files.zip');
  writeFileSync(zipPath, 'mine');
  const cancel = new AbortController();
  let readPieces = 0;
  const pieces = function* () {
    for (; readPieces < 1000; readPieces += 1) {
      if (readPieces === 3) cancel.abort(new Error('enough'));
      yield pattern(MiB);
    }
  };
  const { fileSystem } = fakeGuest({
    root: { kind: 'directory', entries: { a: 'a' } },
    a: { kind: 'file', pieces, facts: { sizeBytes: 1000 * MiB } },
  });
  const location = { disk: sampleDisk({}), volume, fileSystem, node: fileSystem.root, path: '/' };
  const options = { zipPath, onConflict: 'overwrite' } as const;
  const plan = await planZipRestore([location], options, lookUpLocalTarget, anySignal);
  await expect(restoreZip(plan, () => undefined, cancel.signal)).rejects.toThrow('enough');
  expect(readPieces).toBeLessThan(10);
  expect(readdirSync(join(zipPath, '..'))).toEqual(['files.zip']);
  expect(readFileSync(zipPath, 'utf8')).toBe('mine');
});

test('a zip that somebody put there after the plan was made stays', async () => {
  const zipPath = join(temporaryFolder('restore-zip'), 'files.zip');
  const { fileSystem } = fakeGuest({ root: { kind: 'directory', entries: {} } });
  const location = { disk: sampleDisk({}), volume, fileSystem, node: fileSystem.root, path: '/' };
  const options = { zipPath, onConflict: 'fail' } as const;
  const plan = await planZipRestore([location], options, lookUpLocalTarget, anySignal);
  expect(existsSync(zipPath)).toBe(false);
  writeFileSync(zipPath, 'mine');
  await expect(restoreZip(plan, () => undefined, anySignal)).rejects.toMatchObject({ code: 'CONFLICT' });
  expect(readFileSync(zipPath, 'utf8')).toBe('mine');
});
