import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { FaultBench } from '../support/faultBench.ts';
import { suiteFolder } from '../support/temporaryFolder.ts';
import { toolTest } from '../support/tools.ts';

const resticTest = toolTest('restic');
const guestPath = '/var/lib/guest/identity.txt';

describe('at the target of a restore', () => {
  const folder = suiteFolder('faults-target');
  let bench: FaultBench;
  let content: Buffer;
  let target: string;
  let targets = 0;
  beforeAll(async () => {
    bench = await FaultBench.start(folder);
    await bench.succeeds('backup', 'web01');
    content = await bench.cli.ok('cat', 'web01', guestPath);
  });
  beforeEach(() => {
    target = join(folder, `target-${(targets += 1)}`);
    mkdirSync(target);
  });
  afterAll(async () => await bench[Symbol.asyncDispose]());

  const restoreFile = (to: string, ...more: readonly string[]) => [
    ...['restore', 'file', 'web01', guestPath, '--to', to],
    ...more,
  ];

  test('a file that exists is refused and untouched; --overwrite replaces it', async () => {
    const path = join(target, 'identity.txt');
    writeFileSync(path, 'mine');
    await bench.fails(restoreFile(target), { code: 6, says: [path, '--overwrite'] });
    expect(readFileSync(path, 'utf8')).toBe('mine');
    const before = lstatSync(path).ino;
    await bench.succeeds(...restoreFile(target, '--overwrite'));
    expect(readFileSync(path)).toEqual(content);
    // Another file took the name: nobody ever saw half of it.
    expect(lstatSync(path).ino).not.toBe(before);
    expect(readdirSync(target)).toEqual(['identity.txt']);
  });

  test('a link in place of the file is refused, and replaced but not followed with --overwrite', async () => {
    const elsewhere = join(folder, 'elsewhere');
    writeFileSync(elsewhere, 'not yours');
    const path = join(target, 'identity.txt');
    symlinkSync(elsewhere, path);
    await bench.fails(restoreFile(target), { code: 6, says: [path, 'symlink'] });
    await bench.succeeds(...restoreFile(target, '--overwrite'));
    expect(readFileSync(elsewhere, 'utf8')).toBe('not yours');
    expect(lstatSync(path).isSymbolicLink()).toBe(false);
    expect(readFileSync(path)).toEqual(content);
  });

  test('a link in place of a folder is never followed', async () => {
    const elsewhere = join(folder, 'other-folder');
    mkdirSync(elsewhere);
    symlinkSync(elsewhere, join(target, 'guest'));
    const args = ['restore', 'file', 'web01', '/var/lib/guest', '--to', target];
    for (const more of [[], ['--overwrite']]) {
      await bench.fails([...args, ...more], { code: 6, says: [join(target, 'guest'), 'symlink'] });
    }
    expect(readdirSync(elsewhere)).toEqual([]);
  });

  test('a file in place of the target folder is refused and untouched', async () => {
    const file = join(target, 'file');
    writeFileSync(file, 'mine');
    for (const to of [file, join(file, 'below')]) {
      const result = await bench.run(...restoreFile(to));
      expect([5, 6]).toContain(result.code);
      expect(result.stderr).toContain(file);
      expect(result.stderr).toContain('What to do: ');
    }
    await bench.fails(['restore', 'disk', 'web01', '--to', join(file, 'disk.raw')], {
      code: 5,
      says: [file],
    });
    expect(readFileSync(file, 'utf8')).toBe('mine');
  });

  test('a disk never replaces what stands at its target', async () => {
    const file = join(target, 'disk.raw');
    writeFileSync(file, 'mine');
    symlinkSync(join(target, 'nowhere'), join(target, 'link.raw'));
    for (const name of ['disk.raw', 'link.raw']) {
      for (const format of ['raw', 'vmdk']) {
        const args = ['restore', 'disk', 'web01', '--to', join(target, name), '--format', format];
        await bench.fails(args, { code: 6, says: [join(target, name), 'exists already'] });
      }
    }
    expect(readFileSync(file, 'utf8')).toBe('mine');
    expect(existsSync(join(target, 'nowhere'))).toBe(false);
  });

  test('a disk, point or guest path that does not exist is named', async () => {
    const to = join(target, 'disk.raw');
    await bench.fails(['restore', 'disk', 'web01', '--disk', '2999', '--to', to], {
      code: 5,
      says: ['2999', '2000'],
    });
    await bench.fails(['restore', 'disk', 'nosuchvm', '--to', to], {
      code: 5,
      says: ['nosuchvm', 'quiesce points'],
    });
    await bench.fails(['restore', 'file', 'web01', '/no/such', '--to', target], {
      code: 5,
      says: ['/no/such', 'quiesce ls'],
    });
    await bench.fails(['restore', 'disk', 'web01', '--to', to, '--format', 'qcow2'], {
      code: 2,
      says: ['qcow2', 'vmdk'],
    });
    expect(readdirSync(target)).toEqual([]);
  });

  test('a VM of that name exists: refused before anything is made', async () => {
    await bench.fails(['restore', 'vm', 'web01', '--name', 'db01'], {
      code: 6,
      says: ['db01', /another name/],
    });
    await bench.expectNothingLeft();
  });

  test.each([
    ['--network', 'VM Network=Nowhere', 5, 'Nowhere', 'Backend'],
    ['--network', 'Nowhere', 2, 'Nowhere', 'FROM=TO'],
    ['--pool', 'Nowhere', 5, 'Nowhere', 'Resources'],
    ['--datastore', 'Nowhere', 5, 'Nowhere', 'datastore2'],
    ['--folder', 'Nowhere', 5, 'Nowhere', 'Production'],
  ])('%s %s is refused with the choices there are', async (option, value, code, object, choice) => {
    await bench.fails(['restore', 'vm', 'web01', '--name', 'copy', option, value], {
      code,
      says: [object, choice],
    });
  });

  test('a network the VM never was in cannot be replaced', async () => {
    await bench.fails(['restore', 'vm', 'web01', '--name', 'copy', '--network', 'Neverwas=Backend'], {
      code: 5,
      says: ['Neverwas', 'VM Network'],
    });
  });

  resticTest('and nothing was left', async () => {
    await bench.expectAllGood();
  });
});
