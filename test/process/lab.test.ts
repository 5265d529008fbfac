import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { expect, onTestFinished, test } from 'vitest';

import { MiB } from '../../src/base/units.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';
import { toolTest } from '../support/tools.ts';

const root = join(import.meta.dirname, '../..');
const images = join(root, '.cache', 'lab-images');

interface Ready {
  readonly ready: true;
  readonly url: string;
  readonly user: string;
  readonly passwordFile: string;
  readonly controlUrl: string;
  readonly controlToken: string;
}

async function start(...options: readonly string[]): Promise<{ child: ChildProcess; ready: Ready }> {
  mkdirSync(images, { recursive: true });
  const commandLine = [join(root, 'src/lab/main.ts'), '--images', images, '--exit-with-parent', ...options];
  const child = spawn(process.execPath, commandLine, { stdio: ['pipe', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  for await (const line of createInterface({ input: child.stdout }))
    return { child, ready: JSON.parse(line) as Ready };
  throw new Error('the lab ended before it was ready');
}

async function stop(child: ChildProcess): Promise<number | null> {
  const exited = once(child, 'exit');
  child.stdin?.end();
  const [code] = (await exited) as [number | null];
  return code;
}

async function control(ready: Ready, path: string, body?: unknown): Promise<Buffer> {
  return await new Promise((resolve, reject) => {
    const headers = { Authorization: `Bearer ${ready.controlToken}` };
    const method = body === undefined ? 'GET' : 'POST';
    const sent = https.request(
      `${ready.controlUrl}/${path}`,
      { method, headers, rejectUnauthorized: false, agent: false },
      answer => {
        const pieces: Buffer[] = [];
        answer.on('data', (piece: Buffer) => pieces.push(piece));
        answer.once('error', reject);
        answer.once('end', () => resolve(Buffer.concat(pieces)));
      },
    );
    sent.once('error', reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

test.each([
  ['its parent closes its input', (child: ChildProcess) => child.stdin?.end()],
  ['it is told to', (child: ChildProcess) => child.kill('SIGTERM')],
  ['it is interrupted', (child: ChildProcess) => child.kill('SIGINT')],
])('the lab ends when %s, and leaves nothing behind', async (_, end) => {
  const state = temporaryFolder('lab-state');
  const { child, ready } = await start('--profile', 'small', '--state', state);
  expect(readFileSync(ready.passwordFile, 'utf8').trim().length).toBeGreaterThan(16);
  const exited = once(child, 'exit');
  end(child);
  expect(await exited).toEqual([0, null]);
  expect(readdirSync(state)).toEqual([]);
});

test('the lab refuses to be reached from elsewhere', async () => {
  const commandLine = [
    join(root, 'src/lab/main.ts'),
    '--profile',
    'small',
    '--images',
    images,
    '--listen',
    '0.0.0.0:0',
  ];
  const child = spawn(process.execPath, commandLine, { stdio: ['ignore', 'pipe', 'pipe'] });
  const errors: Buffer[] = [];
  child.stderr.on('data', (piece: Buffer) => errors.push(piece));
  expect(await once(child, 'close')).toEqual([1, null]);
  expect(Buffer.concat(errors).toString()).toContain('loopback');
});

toolTest('e2fsck')('the file system of a guest that has been active for a while is whole', async () => {
  const { child, ready } = await start('--profile', 'small', '--no-activity');
  const headers = { Authorization: `Bearer ${ready.controlToken}` };
  for (const [key, body] of [
    ['web01/2000', { bytes: 3 * MiB, offset: 1000 }],
    ['web01/2000', { bytes: MiB, scattered: true }],
  ] as const) {
    const sent = https.request(`${ready.controlUrl}/disks/${key}/burst`, {
      method: 'POST',
      headers,
      rejectUnauthorized: false,
    });
    sent.end(JSON.stringify(body));
    const [answer] = (await once(sent, 'response')) as [{ statusCode: number; resume: () => void }];
    answer.resume();
    expect(answer.statusCode).toBe(200);
  }
  const { sizeBytes, position } = JSON.parse((await control(ready, 'disks/web01/2000')).toString()) as {
    sizeBytes: number;
    position: number;
  };
  expect(position).toBeGreaterThan(200);
  const pieces: Buffer[] = [];
  for (let offset = 0; offset < sizeBytes; offset += 16 * MiB)
    pieces.push(
      await control(ready, `disks/web01/2000/bytes?position=${position}&offset=${offset}&length=${16 * MiB}`),
    );
  const image = join(temporaryFolder('lab-fsck'), 'disk.img');
  writeFileSync(image, Buffer.concat(pieces));
  e2fsck(image);
  expect(await stop(child)).toBe(0);
});

toolTest('sfdisk')('the images of the small profile are disks with one whole file system', async () => {
  const folder = temporaryFolder('lab-small');
  const { child } = await start('--profile', 'small', '--images', folder);
  await stop(child);
  const [edition = '', ...others] = readdirSync(join(folder, 'small'));
  expect(others).toEqual([]);
  checkImages(join(folder, 'small', edition));
});

toolTest('mke2fs')('the images of the full profile are disks with one whole file system', async () => {
  const { child, ready } = await start('--profile', 'full');
  const vms = JSON.parse((await control(ready, 'vms')).toString()) as { disks: { sizeBytes: number }[] }[];
  const sizes = vms.flatMap(vm => vm.disks.map(disk => disk.sizeBytes));
  expect(Math.min(...sizes)).toBeGreaterThanOrEqual(1024 * MiB);
  expect(Math.max(...sizes)).toBeGreaterThanOrEqual(65_536 * MiB);
  await stop(child);
  checkImages(join(images, 'full'));
});

function checkImages(folder: string): void {
  const names = ['web01', 'db01-system', 'db01-data', 'build01', 'archive01'];
  for (const name of names) {
    const facts = JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')) as {
      fileName: string;
      sizeBytes: number;
    };
    const image = join(folder, facts.fileName);
    const { partitiontable } = JSON.parse(
      execFileSync('sfdisk', ['--json', image], { encoding: 'utf8' }),
    ) as {
      partitiontable: {
        label: string;
        partitions: { start: number; size: number; type: string; name: string }[];
      };
    };
    expect(partitiontable.label).toBe('gpt');
    expect(partitiontable.partitions).toMatchObject([
      {
        start: 2048,
        size: (facts.sizeBytes - 2 * MiB) / 512,
        type: '0FC63DAF-8483-4772-8E79-3D69D8477DE4',
        name,
      },
    ]);
    execFileSync('sfdisk', ['--verify', image], { stdio: 'pipe' });
    e2fsck(image);
  }
}

/** Throws with what e2fsck says if anything is wrong with the file system. */
function e2fsck(image: string): void {
  execFileSync('e2fsck', ['-f', '-n', `${image}?offset=${MiB}`], { stdio: 'pipe' });
}

test('its time begins when it is told to, and passes as it is told to', async () => {
  const startAt = '2026-01-01T00:00:00.000Z';
  const { child, ready } = await start('--profile', 'small', '--clock', 'still', '--start-at', startAt);
  const now = async (body?: unknown) =>
    (JSON.parse((await control(ready, 'clock', body)).toString()) as { now: string }).now;
  expect(await now()).toBe(startAt);
  expect(await now({ advanceMs: 3_600_000 })).toBe('2026-01-01T01:00:00.000Z');
  expect(await now()).toBe('2026-01-01T01:00:00.000Z');
  expect(await stop(child)).toBe(0);
});
