import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect } from 'vitest';

import { systemClock } from '../../src/base/clock.ts';
import type { AppError } from '../../src/base/errors.ts';
import { Secret } from '../../src/base/secret.ts';
import { KiB, MiB } from '../../src/base/units.ts';
import type { Extent } from '../../src/core/block/extent.ts';
import type { RandomAccessDisk } from '../../src/core/disk/diskTransport.ts';
import type { NbdCommand } from '../../src/core/disk/nbd/nbdCommand.ts';
import { probeNbdkitPlugin } from '../../src/core/disk/node/nbdPlugin.ts';
import { anySignal } from '../support/anySignal.ts';
import { nbdkit, nbdPassword, openDisk, vddkCommand, vddkFolder } from '../support/nbdDisks.ts';
import { pattern } from '../support/pattern.ts';
import { suiteFolder } from '../support/temporaryFolder.ts';
import { toolTest } from '../support/tools.ts';

const test = toolTest('nbdkit', 'nbdinfo', 'qemu-nbd', 'qemu-img', 'gcc');

const folder = suiteFolder('nbd-programs');
const raw = join(folder, 'disk.raw');
const sizeBytes = 64 * MiB;
/** Nobody else puts anything there. */
const ownTemporary = join(folder, 'temporary');
const { TMPDIR } = process.env;

beforeAll(() => {
  mkdirSync(ownTemporary);
  process.env['TMPDIR'] = ownTemporary;
  const file = openSync(raw, 'w');
  for (const [start, length] of [
    [0, 64 * KiB],
    [3 * MiB, 5 * MiB],
    [20 * MiB + 4096, 8192],
    [60 * MiB, 4 * MiB],
  ] as const)
    writeSync(file, pattern(length, start), 0, length, start);
  closeSync(file);
  execFileSync('truncate', ['-s', String(sizeBytes), raw]);
  execFileSync('qemu-img', ['convert', '-O', 'qcow2', raw, join(folder, 'disk.qcow2')]);
});

afterAll(() => {
  if (TMPDIR === undefined) delete process.env['TMPDIR'];
  else process.env['TMPDIR'] = TMPDIR;
});

async function failureOf(work: Promise<unknown>): Promise<AppError> {
  return (await work.then(
    () => new Error('it has succeeded'),
    (error: unknown) => error,
  )) as AppError;
}

/** Of the disk's bytes as chunks in parallel, the last ones shorter than the others. */
async function hashOf(disk: RandomAccessDisk, pieceBytes = 700_000): Promise<string> {
  const all = new Uint8Array(disk.sizeBytes);
  const reads: Promise<void>[] = [];
  for (let start = 0; start < all.byteLength; start += pieceBytes)
    reads.push(disk.read(start, all.subarray(start, start + pieceBytes), anySignal));
  await Promise.all(reads);
  return createHash('sha256').update(all).digest('hex');
}

function foldersLeft(): readonly string[] {
  return readdirSync(ownTemporary);
}

/** Processes among whose words is this one. */
function processesWith(word: string): readonly number[] {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .filter(pid => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(word);
      } catch {
        return false;
      }
    })
    .map(Number);
}

const qemu = (format: string, file: string): NbdCommand => [
  ...['qemu-nbd', '--read-only', '--persistent', '--socket={socket}', `--format=${format}`],
  join(folder, file),
];

const servers: readonly (readonly [string, NbdCommand])[] = [
  ['nbdkit', nbdkit('file', raw)],
  ['nbdkit without structured replies', nbdkit('--no-sr', 'file', raw)],
  ['nbdkit on its standard streams', ['nbdkit', '--single', '--readonly', '--exit-with-parent', 'file', raw]],
  [
    'nbdkit in blocks of 4 KiB',
    nbdkit(
      '--filter=blocksize-policy',
      'file',
      raw,
      'blocksize-minimum=4096',
      'blocksize-maximum=64K',
      'blocksize-error-policy=error',
    ),
  ],
  ['qemu-nbd of a raw file', qemu('raw', 'disk.raw')],
  ['qemu-nbd of a qcow2', qemu('qcow2', 'disk.qcow2')],
];

describe('a disk is read as others read it', () => {
  test.each(servers)('%s: every byte as nbdcopy has it', async (_name, command) => {
    const copy = join(folder, 'copy.raw');
    rmSync(copy, { force: true });
    execFileSync('nbdkit', ['-U', '-', 'file', raw, '--run', `nbdcopy "$uri" ${copy}`]);
    const expected = createHash('sha256').update(readFileSync(copy)).digest('hex');
    await using disk = await openDisk(command, sizeBytes);
    expect(await hashOf(disk)).toBe(expected);
    expect(disk.receivedBytes).toBeGreaterThan(0);
  });

  test.each([servers[0]!, servers[4]!, servers[5]!])(
    '%s: what is allocated as nbdinfo maps it',
    async (_name, command) => {
      const words = command.map(word => word.replace('{socket}', join(folder, 'map')));
      const server = spawn(words[0]!, words.slice(1), { stdio: 'ignore' });
      try {
        await expect.poll(() => existsSync(join(folder, 'map'))).toBe(true);
        const uri = `nbd+unix:///?socket=${join(folder, 'map')}`;
        const map = JSON.parse(
          execFileSync('nbdinfo', ['--json', '--map', uri], { encoding: 'utf8' }),
        ) as readonly {
          readonly offset: number;
          readonly length: number;
          readonly type: number;
        }[];
        const expected: { startBytes: number; lengthBytes: number }[] = [];
        for (const { offset, length, type } of map) {
          const last = expected.at(-1);
          if ((type & 2) !== 0) continue;
          if (last !== undefined && last.startBytes + last.lengthBytes === offset) last.lengthBytes += length;
          else expected.push({ startBytes: offset, lengthBytes: length });
        }
        await using disk = await openDisk(command, sizeBytes);
        const areas = await disk.allocatedAreas(anySignal);
        expect(areas).toEqual(expected);
        expect(bytesOf(areas)).toBeLessThan(sizeBytes / 3);
      } finally {
        server.kill('SIGKILL');
        rmSync(join(folder, 'map'), { force: true });
      }
    },
  );

  test('where nobody tells what is allocated, all is', async () => {
    const everything = [{ startBytes: 0, lengthBytes: sizeBytes }];
    for (const command of [nbdkit('--no-sr', 'file', raw), nbdkit('--filter=noextents', 'file', raw)]) {
      await using disk = await openDisk(command, sizeBytes);
      expect(await disk.allocatedAreas(anySignal)).toEqual(everything);
    }
  });
});

function bytesOf(areas: readonly Extent[]): number {
  return areas.reduce((total, { lengthBytes }) => total + lengthBytes, 0);
}

describe('a program ends with whoever reads from it', () => {
  test('when the disk is closed, with its folder, and what it has started itself', async () => {
    const before = foldersLeft();
    const restSeconds = `1000.${process.pid}`;
    const mark = `mark-${process.pid}-closed`;
    const command = ['sh', '-c', `sleep ${restSeconds} & exec "$@"`, mark, ...nbdkit('file', raw)];
    await (await openDisk(command, sizeBytes))[Symbol.asyncDispose]();
    expect(processesWith(raw)).toEqual([]);
    expect(
      processesWith(restSeconds).filter(pid =>
        readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith('sleep'),
      ),
    ).toEqual([]);
    expect(foldersLeft()).toEqual(before);
  });

  test('when reading is given up in the midst of it', async () => {
    const abort = new AbortController();
    const disk = await openDisk(
      nbdkit('--filter=delay', 'file', raw, 'rdelay=60'),
      sizeBytes,
      {},
      abort.signal,
    );
    const failed = failureOf(disk.read(0, new Uint8Array(MiB), abort.signal));
    setTimeout(() => abort.abort(), 50);
    expect(await failed).toMatchObject({ code: 'CANCELLED' });
    await disk[Symbol.asyncDispose]();
    expect(processesWith(raw)).toEqual([]);
  });

  test.each([
    ['nbdkit', ''],
    // It does not watch its parent.
    ['qemu-nbd', 'qemu'],
  ])('%s: when the reader is killed', async (_name, kind) => {
    const before = foldersLeft();
    const command = kind === '' ? nbdkit('file', raw) : qemu('raw', 'disk.raw');
    const script = [
      `import { openDisk } from ${JSON.stringify(join(import.meta.dirname, '../support/nbdDisks.ts'))};`,
      `await openDisk(${JSON.stringify(command)}, ${sizeBytes});`,
      `console.log('open'); setInterval(() => undefined, 1000);`,
    ].join('\n');
    const reader = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(reader.stdout, 'data');
    expect(processesWith(raw).length).toBeGreaterThan(0);
    reader.kill('SIGKILL');
    await expect.poll(() => processesWith(raw), { timeout: 10_000 }).toEqual([]);
    await expect.poll(foldersLeft, { timeout: 10_000 }).toEqual(before);
  });
});

test('the password arrives through a pipe, and is in no argument, environment or last word', async () => {
  const seen = join(folder, 'seen');
  process.env['QUIESCE_TEST_PASSWORD'] = nbdPassword;
  const spy = [
    ...[
      'sh',
      '-c',
      `cat <&{password-fd} > ${seen}.password; cat /proc/$$/environ /proc/$$/cmdline > ${seen}.public; echo "error: ${nbdPassword.slice(0, 3)}${nbdPassword.slice(3)} is wrong" >&2; exit 3`,
    ],
  ];
  const error = await failureOf(openDisk([...spy, '{socket}'], sizeBytes));
  delete process.env['QUIESCE_TEST_PASSWORD'];
  expect(readFileSync(`${seen}.password`, 'utf8')).toBe(`${nbdPassword}\n`);
  const known = readFileSync(`${seen}.public`, 'utf8').replace(/error: .*? is wrong/, '');
  expect(known).not.toContain(nbdPassword);
  expect(error.message).toBe(
    'web01 Hard disk 1: sh has ended with code 3 before it served the disk: error: ‹secret› is wrong',
  );
});

describe('what goes wrong is told, with a way out', () => {
  test.each([
    [
      'there is no such program',
      ['no-such-program', '{socket}'],
      'NOT_FOUND',
      'the program no-such-program is not installed',
    ],
    [
      'it ends at once',
      nbdkit('file', '/no/such/file'),
      'UNREACHABLE',
      'nbdkit has ended with code 1 before it served the disk: nbdkit: error: ',
    ],
    [
      'it lacks the plugin',
      nbdkit('nosuch', 'file={file}'),
      'NOT_FOUND',
      'the plugin nosuch of nbdkit is not installed',
    ],
    [
      'it is killed while it starts',
      ['sh', '-c', 'kill -9 $$', '{socket}'],
      'UNREACHABLE',
      'sh was killed before it served the disk',
    ],
    [
      'it is no NBD server',
      ['sh', '-c', 'echo HTTP/1.1 400 Bad Request, go away'],
      'CORRUPT_DATA',
      'is no NBD server',
    ],
    [
      'it hangs up on its standard streams',
      ['sh', '-c', 'echo error: no license >&2; sleep 0.2'],
      'UNREACHABLE',
      'has ended the connection: error: no license',
    ],
    [
      'there is no such program on standard streams',
      ['no-such-program'],
      'NOT_FOUND',
      'the program no-such-program is not installed',
    ],
    [
      'it serves another disk',
      nbdkit('memory', '1M'),
      'UNSUPPORTED_FORMAT',
      'serves 1048576 bytes, the disk has 67108864',
    ],
    ['it cannot open the disk', nbdkit('sh', '-'), 'UNREACHABLE', 'the NBD server refuses: '],
  ] as const)('%s', async (_what, command, code, message) => {
    const error = await failureOf(openDisk(command, sizeBytes));
    expect(error).toMatchObject({ code, message: expect.stringContaining(message) as unknown });
    expect(error.remedy).toMatch(/^[A-Z]/);
  });

  test('a flood of words is drained and not kept', async () => {
    const command = [
      'sh',
      '-c',
      '(yes "nbdkit: debug: more words" | head -c 50000000 >&2) & exec "$@"',
      'sh',
      ...nbdkit('file', raw),
    ];
    await using disk = await openDisk(command, sizeBytes);
    expect((await hashOf(disk)).length).toBe(64);
  });

  test('a host that fails to allocate is asked for less at a time, and read once it can', async () => {
    const trigger = join(folder, 'fail');
    const warnings: string[] = [];
    const logger = {
      debug: () => undefined,
      info: () => undefined,
      error: () => undefined,
      warn: (message: string, fields?: object) => void warnings.push(`${message} ${JSON.stringify(fields)}`),
    };
    const command = nbdkit(
      '--filter=error',
      'file',
      raw,
      'error=ENOMEM',
      'error-pread-rate=100%',
      `error-file=${trigger}`,
    );
    await using disk = await openDisk(command, sizeBytes, { logger });
    writeFileSync(trigger, '');
    const read = hashOf(disk);
    setTimeout(() => rmSync(trigger), 800);
    expect(await read).toBe(createHash('sha256').update(readFileSync(raw)).digest('hex'));
    expect(warnings.join('\n')).toMatch(/fewer requests at a time are made .*"inFlight":6/);
  });

  test('a host that cannot read ends the read with what was asked for', async () => {
    const command = nbdkit('--filter=error', 'file', raw, 'error=EIO', 'error-pread-rate=100%');
    await using disk = await openDisk(command, sizeBytes);
    expect(await failureOf(disk.read(4 * MiB, new Uint8Array(MiB), anySignal))).toMatchObject({
      code: 'UNREACHABLE',
      message: expect.stringMatching(
        /^web01 Hard disk 1: 1 MiB at byte 4194304 cannot be read: .*\(NBD error 5\)$/,
      ) as unknown,
    });
  });

  test('a program that is killed in the midst of reading is started again, and the disk read to its end', async () => {
    const command = nbdkit('--filter=delay', 'file', raw, 'rdelay=20ms');
    let asked = 0;
    const source = {
      password: async () => {
        asked += 1;
        return await Promise.resolve(new Secret(nbdPassword));
      },
    };
    await using disk = await openDisk(command, sizeBytes, { source });
    const read = hashOf(disk, 64 * KiB);
    const [victim] = processesWith(raw);
    process.kill(victim!, 'SIGKILL');
    expect(await read).toBe(createHash('sha256').update(readFileSync(raw)).digest('hex'));
    expect(processesWith(raw)).not.toContain(victim);
    // It logs in anew: that is how a session that has run out comes back.
    expect(asked).toBe(2);
  });

  test('a program that is killed while it tells what is allocated is started again', async () => {
    const command = nbdkit('--filter=delay', 'file', raw, 'delay-extents=400ms');
    await using disk = await openDisk(command, sizeBytes);
    const areas = disk.allocatedAreas(anySignal);
    await systemClock.sleep(200, anySignal);
    process.kill(processesWith(raw)[0]!, 'SIGKILL');
    await using undisturbed = await openDisk(nbdkit('file', raw), sizeBytes);
    expect(await areas).toEqual(await undisturbed.allocatedAreas(anySignal));
  });

  test.each([
    ['before it listens', 'kill -9 $$', '--foreground --unix {socket}'],
    ['in the midst of the handshake', 'printf NBDMAGIC; kill -9 $$', '--single'],
  ])('a program that is killed while it starts, %s, is started again', async (_, end, how) => {
    const firstTime = `mkdir '${join(folder, `started to ${end}`)}'`;
    const serve = `exec nbdkit --readonly ${how} file ${raw}`;
    const command = ['sh', '-c', `if ${firstTime} 2>/dev/null; then ${end}; fi; ${serve}`];
    await using disk = await openDisk(command, sizeBytes);
    const target = new Uint8Array(4096);
    await disk.read(0, target, anySignal);
    expect(Buffer.from(target).equals(readFileSync(raw).subarray(0, 4096))).toBe(true);
  });

  test('a program that says nothing any more is given up', async () => {
    const command = nbdkit('--filter=delay', 'file', raw, 'rdelay=600');
    await using disk = await openDisk(command, sizeBytes, { stallTimeoutMs: 300 });
    expect(await failureOf(disk.read(0, new Uint8Array(512), anySignal))).toMatchObject({
      code: 'UNREACHABLE',
      message: expect.stringContaining('the NBD server has sent nothing for') as unknown,
    });
  });
});

describe("nbdkit's plugin for VMware's library, with a stand-in for that", () => {
  const library = join(folder, 'vddk');
  const values = { library, ...{ server: 'vcenter.lab', port: '8443', user: 'backup', thumbprint: 'AA:BB' } };
  const more = {
    values: {
      ...values,
      fingerprint: 'CC',
      vm: 'vm-16',
      snapshot: 'snapshot-21',
      'vm-name': 'web01',
      datacenter: 'Lab',
      file: '[ds] web01/web01.vmdk',
      'disk-key': '2000',
    },
  };
  beforeAll(() => {
    vddkFolder(library);
    execFileSync('cp', ['--sparse=always', raw, join(library, 'disks/web01.vmdk')]);
  });

  test('serves the disk of the snapshot, and what is allocated of it', async () => {
    await using disk = await openDisk(vddkCommand(), sizeBytes, more);
    expect(await hashOf(disk)).toBe(createHash('sha256').update(readFileSync(raw)).digest('hex'));
    // The library tells of chunks of 64 KiB.
    expect(await disk.allocatedAreas(anySignal)).toEqual([
      { startBytes: 0, lengthBytes: 64 * KiB },
      { startBytes: 3 * MiB, lengthBytes: 5 * MiB },
      { startBytes: 20 * MiB, lengthBytes: 64 * KiB },
      { startBytes: 60 * MiB, lengthBytes: 4 * MiB },
    ]);
    const told = readFileSync(join(library, 'told'), 'utf8');
    for (const line of [
      'server=vcenter.lab',
      'user=backup',
      'vm=moref=vm-16',
      'snapshot=snapshot-21',
      'thumbprint=AA:BB',
      'file=[ds] web01/web01.vmdk',
      'read-only=yes',
    ])
      expect(told.split('\n')).toContain(line);
  });

  test('is read on once its host has memory again', async () => {
    await using disk = await openDisk(vddkCommand(), sizeBytes, more);
    writeFileSync(join(library, 'exhausted'), '');
    setTimeout(() => rmSync(join(library, 'exhausted')), 700);
    expect(await hashOf(disk)).toBe(createHash('sha256').update(readFileSync(raw)).digest('hex'));
  });

  test('says what its host says: a wrong password, a missing file', async () => {
    writeFileSync(join(library, 'password'), 'another\n');
    const refused = await failureOf(openDisk(vddkCommand(), sizeBytes, more));
    expect(refused).toMatchObject({
      code: 'UNREACHABLE',
      message: expect.stringContaining('incorrect user name or password') as unknown,
    });
    writeFileSync(join(library, 'password'), `${nbdPassword}\n`);
    const gone = { values: { ...more.values, file: '[ds] web01/gone.vmdk' } };
    expect(await failureOf(openDisk(vddkCommand(), sizeBytes, gone))).toMatchObject({
      message: expect.stringContaining('A file was not found') as unknown,
    });
  });

  test('is asked beforehand whether it has what it needs', async () => {
    const [plugin = ''] = vddkCommand().filter(word => word.endsWith('.so'));
    const probe = async (name: string, place?: string) => await probeNbdkitPlugin(name, place, anySignal);
    expect(await probe(plugin, library)).toEqual({
      kind: 'ready',
      version: expect.stringMatching(/^1\./) as unknown,
      libraryVersion: '8',
    });
    expect(await probe(plugin, join(folder, 'nowhere'))).toEqual({
      kind: 'no-library',
      said: `realpath: ${join(folder, 'nowhere')}: No such file or directory`,
    });
    expect(await probe(plugin)).toEqual({ kind: 'no-library', said: '' });
    expect(await probe('nosuch')).toEqual({ kind: 'no-plugin' });
    expect(await probe('file')).toMatchObject({ kind: 'ready' });
    const { PATH } = process.env;
    process.env['PATH'] = folder;
    expect(await probe('vddk')).toEqual({ kind: 'no-nbdkit' });
    process.env['PATH'] = PATH;
  });

  test('whose library is none says what the loader says of it', async () => {
    const wrong = join(folder, 'wrong-vddk');
    mkdirSync(join(wrong, 'lib64'), { recursive: true });
    writeFileSync(join(wrong, 'lib64/libvixDiskLib.so.8'), 'no library\n');
    const [plugin = ''] = vddkCommand().filter(word => word.endsWith('.so'));
    expect(await probeNbdkitPlugin(plugin, wrong, anySignal)).toMatchObject({ kind: 'no-library' });
    expect(
      await failureOf(openDisk(vddkCommand(), sizeBytes, { values: { ...more.values, library: wrong } })),
    ).toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringMatching(/^the plugin .* of nbdkit does not find VMware's library/) as unknown,
    });
  });

  test('that lacks it says so, and not that a program has ended', async () => {
    const empty = { values: { ...more.values, library: folder } };
    expect(await failureOf(openDisk(vddkCommand(), sizeBytes, empty))).toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringMatching(/^the plugin .* of nbdkit does not find VMware's library/) as unknown,
      remedy:
        "Say in which folder VMware's Virtual Disk Development Kit was unpacked, or choose another transport",
    });
  });
});
