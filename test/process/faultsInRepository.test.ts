import {
  copyFileSync,
  cpSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import { MiB } from '../../src/base/units.ts';
import { expectFailure, FaultBench, filesBelow } from '../support/faultBench.ts';
import { Restic } from '../support/restic.ts';
import { mountTest, SmallFileSystem } from '../support/smallFileSystem.ts';
import { suiteFolder } from '../support/temporaryFolder.ts';
import { toolTest } from '../support/tools.ts';

const resticTest = toolTest('restic');
const smallDiskTest = mountTest();

describe('a repository that cannot be opened', () => {
  const folder = suiteFolder('faults-repository');
  let bench: FaultBench;
  beforeAll(async () => {
    bench = await FaultBench.start(folder);
  });
  afterAll(async () => await bench[Symbol.asyncDispose]());

  test('a wrong password is refused, naming the repository', async () => {
    const wrong = bench.secretFile('wrong-password', 'wrong-0Pa$$word-2718');
    await bench.fails(
      ['repo', 'open', 'again', '--location', bench.cli.repositoryFolder, '--password-file', wrong],
      { code: 3, says: [bench.cli.repositoryFolder, /the password opens none of its 1 keys/] },
    );
  });

  test('a folder that is no repository, or is missing, is named', async () => {
    const open = (path: string) => [
      ...['repo', 'open', 'again', '--location', path],
      ...['--password-file', bench.cli.repositoryPasswordFile],
    ];
    const empty = join(folder, 'empty');
    mkdirSync(empty);
    for (const path of [empty, join(folder, 'nowhere'), bench.cli.repositoryPasswordFile]) {
      await bench.fails(open(path), { code: 5, says: [path, 'there is no repository'] });
    }
    expect(readdirSync(empty)).toEqual([]);
  });

  test('a second repository in the same place is refused', async () => {
    const args = [
      '--location',
      bench.cli.repositoryFolder,
      '--password-file',
      bench.cli.repositoryPasswordFile,
    ];
    await bench.fails(['repo', 'init', 'again', ...args], {
      code: 6,
      says: [bench.cli.repositoryFolder, 'there is a repository already'],
    });
  });

  test('a repository whose folder has gone stops a backup before a snapshot is taken', async () => {
    const away = `${bench.cli.repositoryFolder}-away`;
    renameSync(bench.cli.repositoryFolder, away);
    await bench.fails(['backup', 'web01'], { code: 5, says: [bench.cli.repositoryFolder, 'mount it'] });
    expect(await bench.lab.snapshots()).toEqual([]);
    renameSync(away, bench.cli.repositoryFolder);
  });

  resticTest('and nothing was left', async () => {
    await bench.expectAllGood();
  });
});

describe('a damaged repository', () => {
  const folder = suiteFolder('faults-damage');
  let bench: FaultBench;
  let repository: string;
  let points: readonly { readonly id: string; readonly vmName: string }[];
  beforeAll(async () => {
    bench = await FaultBench.start(folder);
    repository = bench.cli.repositoryFolder;
    await bench.succeeds('backup', 'web01');
    await bench.succeeds('backup', 'archive01');
    points = (await bench.cli.json('points')) as typeof points;
    cpSync(repository, `${repository}-good`, { recursive: true });
  });
  afterAll(async () => await bench[Symbol.asyncDispose]());
  afterEach(() => {
    rmSync(repository, { recursive: true });
    cpSync(`${repository}-good`, repository, { recursive: true });
  });

  function largestPack(): string {
    const packs = filesBelow(join(repository, 'data'));
    return packs.toSorted((one, other) => statSync(other).size - statSync(one).size)[0]!;
  }

  /** @param offset  from the end if it is negative */
  function flip(path: string, offset: number): void {
    const bytes = readFileSync(path);
    const at = offset < 0 ? bytes.length + offset : offset;
    bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
    writeFileSync(path, bytes);
  }

  function halve(path: string): void {
    truncateSync(path, Math.floor(statSync(path).size / 2));
  }

  test('half a snapshot file: named, the other restore points are listed and usable', async () => {
    const [damaged, other] = points;
    halve(join(repository, 'snapshots', damaged!.id));
    const { stdout, stderr } = await bench.succeeds('points', '--json');
    expect(JSON.parse(stdout.toString())).toEqual([points[1]]);
    expect(stderr).toContain(damaged!.id);
    await bench.succeeds('ls', other!.id, '/');
    await bench.fails(['ls', damaged!.id.slice(0, 12)], { code: 9, says: [damaged!.id] });
    await bench.succeeds('backup', damaged!.vmName);
    await bench.expectNothingLeft();
  });

  test('half an index file: named', async () => {
    const [name] = readdirSync(join(repository, 'index'));
    halve(join(repository, 'index', name!));
    await bench.fails(['points'], { code: 9, says: [repository, name!] });
    await bench.fails(['backup', 'web01'], { code: 9, says: [repository, name!] });
    await bench.expectNothingLeft();
  });

  test('half packs: reading names the pack, and a restore leaves no file', async () => {
    const packs = filesBelow(join(repository, 'data'));
    packs.forEach(halve);
    const target = join(folder, 'half.raw');
    const { stderr } = await bench.fails(['restore', 'disk', 'web01', '--to', target], {
      code: 9,
      says: [repository],
    });
    expect(packs.some(path => stderr.includes(path.slice(-64)))).toBe(true);
    expect(filesBelow(folder).filter(path => path.includes('half.raw'))).toEqual([]);
  });

  const quick: readonly string[] = [];
  const everything: readonly string[] = ['--read-data'];
  /** Damage, how much is read, and how our check and that of restic end. */
  const damages: readonly (readonly [string, () => void, readonly string[], number, number])[] = [
    ['nothing', () => undefined, quick, 0, 0],
    ['nothing', () => undefined, everything, 0, 0],
    ['half a snapshot file', () => halve(join(repository, 'snapshots', points[0]!.id)), quick, 9, 9],
    [
      'half an index file',
      () => halve(join(repository, 'index', readdirSync(join(repository, 'index'))[0]!)),
      quick,
      9,
      9,
    ],
    ['half packs', () => filesBelow(join(repository, 'data')).forEach(halve), quick, 9, 9],
    ['half a config', () => halve(join(repository, 'config')), quick, 9, 9],
    ['a pack that is gone', () => rmSync(filesBelow(join(repository, 'data'))[0]!), quick, 9, 9],
    ['an index that is gone', () => rmSync(join(repository, 'index'), { recursive: true }), quick, 9, 9],
    ['one bit of a pack', () => flip(largestPack(), 200), quick, 0, 0],
    ['one bit of a pack', () => flip(largestPack(), 200), everything, 9, 9],
    // Unlike restic, a quick check reads the headers of packs: they are what an index is made anew from.
    ['one bit of a header', () => flip(largestPack(), -20), quick, 9, 0],
    ['one bit of a header', () => flip(largestPack(), -20), everything, 9, 9],
  ];

  describe.each(damages)('%s', (_, damage, args, expected, expectedOfRestic) => {
    resticTest(`is found if restic finds it: check ${args.join('')}`, async () => {
      damage();
      const restic = await bench.restic.run('check', ...args).then(
        () => 0,
        () => 9,
      );
      const { code } = await bench.run('repo', 'check', ...args);
      expect({ code, restic }).toEqual({ code: expected, restic: expectedOfRestic });
      await bench.expectNothingLeft();
    });
  });

  test('a lock nobody can read is told and stops nobody', async () => {
    const garbage = join(repository, 'locks', 'ab'.repeat(32));
    writeFileSync(garbage, 'garbage');
    const { stderr } = await bench.succeeds('backup', 'archive01');
    expect(stderr).toContain('ab'.repeat(32));
    rmSync(garbage);
    await bench.expectNothingLeft();
  });

  test('a config that is half there is no repository of this password', async () => {
    halve(join(repository, 'config'));
    await bench.fails(['points'], { code: 9, says: [repository, 'config'] });
  });

  test('no password was written', () => {
    bench.expectNoPasswords();
  });
});

describe('a damaged journal', () => {
  const folder = suiteFolder('faults-journal');
  let bench: FaultBench;
  let journal: string;
  beforeAll(async () => {
    bench = await FaultBench.start(folder);
    journal = join(bench.cli.folder, 'state', 'journal');
    await bench.succeeds('backup', 'archive01');
  });
  afterAll(async () => await bench[Symbol.asyncDispose]());

  /** A process that has died with a snapshot in its hands. */
  async function killedBackup(): Promise<string> {
    await bench.lab.setFaults({
      streams: [{ kind: 'slow', afterBytes: 100_000, bytesPerSecond: 100_000 }],
    });
    const backup = bench.start('backup', 'web01');
    await backup.says(/Reading/);
    backup.child.kill('SIGKILL');
    await backup.result;
    await bench.lab.clearFaults();
    const snapshotRecord = bench
      .journalRecords()
      .find(path => /"kind":\s*"snapshot"/.test(readFileSync(path, 'utf8')));
    expect(snapshotRecord).toBeDefined();
    return snapshotRecord!;
  }

  test('half a record: guard names it, removes all the rest, says that something remains; work goes on', async () => {
    const path = await killedBackup();
    copyFileSync(path, `${path}.kept`);
    truncateSync(path, 30);
    const { code, stderr } = await bench.run('guard');
    expect({ code, stderr }).toMatchObject({ code: 13, stderr: expect.stringContaining(path) as string });
    expect(await bench.lab.openLeases()).toEqual([]);
    expect(filesBelow(join(bench.cli.repositoryFolder, 'locks'))).toEqual([]);
    await bench.succeeds('backup', 'archive01');
    renameSync(`${path}.kept`, path);
    await bench.succeeds('guard');
    // The session of a killed process ends when the server notices that nobody uses it.
    await bench.lab.expireSessions();
    await bench.expectNothingLeft();
  });

  test('half an owner: nobody can prove it dead, so it is named and left alone; work goes on', async () => {
    const path = join(dirname(await killedBackup()), 'owner.json');
    const good = readFileSync(path);
    truncateSync(path, 10);
    const { code, stderr } = await bench.run('guard');
    expect({ code, stderr }).toMatchObject({ code: 13, stderr: expect.stringContaining(path) as string });
    expect((await bench.lab.vms()).flatMap(vm => vm.snapshots)).toHaveLength(1);
    await bench.succeeds('backup', 'archive01');
    writeFileSync(path, good);
    await bench.succeeds('guard');
    // The session of a killed process ends when the server notices that nobody uses it.
    await bench.lab.expireSessions();
    await bench.expectNothingLeft();
  });

  test('half an installation id: named, with the remedy', async () => {
    const path = join(journal, 'installation.json');
    const good = readFileSync(path);
    truncateSync(path, 10);
    await bench.fails(['backup', 'archive01'], { code: 9, says: [path] });
    writeFileSync(path, good);
    await bench.succeeds('backup', 'archive01');
  });

  resticTest('and nothing was left', async () => {
    await bench.expectAllGood();
  });
});

describe('a full disk', () => {
  /** Less is refused before anything is begun. */
  const roomyBytes = 512 * MiB;
  const folder = suiteFolder('faults-full');
  let bench: FaultBench;
  beforeAll(async () => {
    bench = await FaultBench.start(folder);
  });
  afterAll(async () => await bench[Symbol.asyncDispose]());

  smallDiskTest(
    'under the repository: older points stay good, and the next backup works once there is room',
    async () => {
      using disk = new SmallFileSystem(roomyBytes);
      const repository = join(disk.folder, 'repository');
      const { repositoryPasswordFile } = bench.cli;
      const where = ['--repo', 'small'];
      await bench.succeeds(
        'repo',
        'init',
        'small',
        '--location',
        repository,
        '--password-file',
        repositoryPasswordFile,
        '--no-kit',
      );
      await bench.succeeds('backup', 'web01', ...where);
      const restic = new Restic(repository, repositoryPasswordFile);
      const usedBytes = filesBelow(disk.folder).reduce((sum, path) => sum + statSync(path).size, 0);
      await bench.lab.burst('web01', 2000, { bytes: 6 * MiB });
      // Somebody else takes the room once it has begun.
      await bench.lab.setFaults({ holdStreamsAfterBytes: 0 });
      const started = bench.start('backup', 'web01', ...where);
      await expect.poll(async () => (await bench.lab.openLeases()).length).toBe(1);
      disk.resize(usedBytes + 2 * MiB);
      await bench.lab.setFaults({ holdStreamsAfterBytes: null });
      expectFailure(await started.result, { code: 11, says: [disk.folder, /[Ff]ree space/] });
      expect(filesBelow(join(repository, 'tmp'))).toEqual([]);
      expect(filesBelow(join(repository, 'locks'))).toEqual([]);
      await bench.expectNothingLeft();
      const { stdout } = await bench.succeeds('points', '--json', ...where);
      expect(JSON.parse(stdout.toString())).toHaveLength(1);
      await restic.checkEverything();
      disk.resize(roomyBytes);
      await bench.succeeds('backup', 'web01', ...where);
      await restic.checkEverything();
      await bench.succeeds('repo', 'remove', 'small');
    },
  );

  smallDiskTest('at the target of a restore: nothing of it remains', async () => {
    using disk = new SmallFileSystem(MiB / 4);
    const where = ['--repo', 'main'];
    await bench.succeeds('backup', 'web01', ...where);
    for (const args of [
      ['restore', 'disk', 'web01', '--to', join(disk.folder, 'disk.raw')],
      ['restore', 'disk', 'web01', '--to', join(disk.folder, 'disk.vmdk'), '--format', 'vmdk'],
    ]) {
      await bench.fails([...args, ...where], { code: 11, says: [disk.folder, /[Ff]ree space/] });
      expect(readdirSync(disk.folder)).toEqual([]);
    }
    fill(join(disk.folder, 'filled'));
    const target = join(disk.folder, 'files');
    await bench.fails(['restore', 'file', 'web01', '/var/lib/guest/identity.txt', '--to', target, ...where], {
      code: 11,
      says: [disk.folder, /[Ff]ree space/],
    });
    expect(filesBelow(target)).toEqual([]);
  });

  /** Takes what room there is, to the last byte. */
  function fill(path: string): void {
    for (const bytes of [MiB, 65_536, 4096, 1]) {
      try {
        for (;;) writeFileSync(path, Buffer.alloc(bytes, 0x66), { flag: 'a' });
      } catch (error) {
        expect((error as NodeJS.ErrnoException).code).toBe('ENOSPC');
      }
    }
  }

  resticTest('and nothing was left', async () => {
    await bench.expectAllGood();
  });
});
