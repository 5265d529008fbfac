import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { describe, expect } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { systemRandom } from '../../src/base/random.ts';
import { Secret } from '../../src/base/secret.ts';
import { MiB } from '../../src/base/units.ts';
import { inlineSealingPool } from '../../src/core/codec/inlineSealingPool.ts';
import { localHost } from '../../src/core/repository/node/localHost.ts';
import { LocalObjectStore } from '../../src/core/repository/node/localObjectStore.ts';
import { createRepository, openRepository } from '../../src/core/repository/openRepository.ts';
import type { Repository } from '../../src/core/repository/repository.ts';
import type { Snapshot } from '../../src/core/repository/snapshot.ts';
import type { Tree, TreeNode } from '../../src/core/repository/tree.ts';
import { stopAtWrite } from '../faults/faultyObjectStore.ts';
import { collect } from '../support/collect.ts';
import { memoryJournal } from '../support/memoryJournal.ts';
import { pattern } from '../support/pattern.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';
import { toolTest } from '../support/tools.ts';

const { signal } = new AbortController();
const password = 'correct horse battery staple';
const time = '2026-03-01T12:00:00.123456789Z';
const metadata = { permissions: 0o640, mtime: time, atime: time, ctime: time, uid: 0, gid: 0 };
const test = toolTest('restic');

describe('a repository made here', () => {
  test('passes restic’s own check, and restic gives its bytes back', async () => {
    await using fixture = await created();
    const { folder, repository } = fixture;
    const files = {
      'plain.bin': pattern(3 * MiB + 17),
      'sp ace"<&>\n\u{1F4BE}.txt': pattern(1000, 5),
      empty: pattern(0),
    };
    const id = await backUp(repository, files);

    expect((await restic(folder, ['check', '--read-data'])).stdout).toContain('no errors were found');
    const [listed] = JSON.parse((await restic(folder, ['snapshots', '--json'])).stdout) as { id: string }[];
    expect(listed).toMatchObject({
      id,
      hostname: 'instance-uuid',
      paths: ['/vm-uuid'],
      tags: ['quiesce', 'name:<web & db>'],
      time,
    });
    for (const [name, bytes] of Object.entries(files))
      expect(Buffer.compare((await restic(folder, ['dump', id, `/disks/${name}`])).stdoutBytes, bytes)).toBe(
        0,
      );
    const target = temporaryFolder('restored');
    await restic(folder, ['restore', id, '--target', target]);
    for (const [name, bytes] of Object.entries(files))
      expect(Buffer.compare(readFileSync(join(target, 'disks', name)), bytes)).toBe(0);
  });

  test('takes backups of restic, and survives its forget and prune', async () => {
    await using fixture = await created();
    const { folder, repository } = fixture;
    const doomed = await backUp(repository, { 'old.bin': pattern(2 * MiB, 0, 1) });
    const kept = await backUp(repository, { 'new.bin': pattern(2 * MiB, 0, 2) });
    const source = temporaryFolder('source');
    writeFileSync(join(source, 'theirs.bin'), pattern(5 * MiB, 0, 3));
    await restic(folder, ['backup', source]);
    await restic(folder, ['forget', doomed, '--prune']);
    expect((await restic(folder, ['check', '--read-data'])).stdout).toContain('no errors were found');

    // The handle that was open all the while finds everything in its new place, and forgets what is gone.
    expect(await contentOf(repository, kept, 'new.bin')).toEqual(digestible(pattern(2 * MiB, 0, 2)));
    const again = await backUp(repository, { 'old.bin': pattern(2 * MiB, 0, 1) });
    expect(await contentOf(repository, again, 'old.bin')).toEqual(digestible(pattern(2 * MiB, 0, 1)));
    expect((await restic(folder, ['check', '--read-data'])).stdout).toContain('no errors were found');
  });

  test('opens again with its password only', async () => {
    const { folder, repository } = await created();
    await repository[Symbol.asyncDispose]();
    await expect(openRepository(storeAt(folder), new Secret('wrong'), deps, signal)).rejects.toMatchObject({
      code: 'AUTHENTICATION',
      object: folder,
    });
    await restic(folder, ['key', 'list']);
  });
});

describe('a repository made by restic', () => {
  test('opens here, gives its files back and takes ours', async () => {
    const folder = join(temporaryFolder('theirs'), 'repository');
    const source = temporaryFolder('source');
    const name = 'names with "quotes", ünïcode and\ttabs';
    mkdirSync(join(source, 'deep', 'er'), { recursive: true });
    const content = pattern(7 * MiB, 0, 4);
    writeFileSync(join(source, 'deep', 'er', name), content);
    await restic(folder, ['init', '--repository-version', '2']);
    await restic(folder, ['backup', source]);

    await using repository = await openRepository(storeAt(folder), new Secret(password), deps, signal);
    const [entry] = await everySnapshot(repository);
    const snapshot = await repository.loadSnapshot(entry!, signal);
    const found = await walk(repository, snapshot.tree);
    expect(digestible(found.get(join(source, 'deep', 'er', name))!)).toEqual(digestible(content));

    const ours = await backUp(repository, { 'ours.bin': pattern(3 * MiB, 0, 5) });
    expect((await restic(folder, ['check', '--read-data'])).stdout).toContain('no errors were found');
    expect(await contentOf(repository, ours, 'ours.bin')).toEqual(digestible(pattern(3 * MiB, 0, 5)));
  });

  test('of version 1 is refused with a remedy', async () => {
    const folder = join(temporaryFolder('theirs'), 'repository');
    await restic(folder, ['init', '--repository-version', '1']);
    await expect(openRepository(storeAt(folder), new Secret(password), deps, signal)).rejects.toMatchObject({
      code: 'UNSUPPORTED_FORMAT',
      remedy: expect.stringContaining('upgrade_repo_v2') as string,
    });
  });
});

describe('a backup killed while it writes', () => {
  test('leaves what restic’s own check accepts', async () => {
    await using fixture = await created();
    const { folder, repository } = fixture;
    const first = await backUp(repository, { 'kept.bin': pattern(6 * MiB, 0, 6) });
    const counting = stopAtWrite(storeAt(folder), Infinity, 'before');
    {
      await using whole = await openRepository(counting, new Secret(password), deps, signal);
      await backUp(whole, { 'whole.bin': randomBytes(6 * MiB) });
    }
    expect(counting.writeCount).toBeGreaterThan(5);
    for (let n = 1; n < counting.writeCount; n += 1) {
      const stopped = stopAtWrite(storeAt(folder), n, n % 2 === 0 ? 'before' : 'after');
      await using doomed = await openRepository(stopped, new Secret(password), deps, signal);
      await backUp(doomed, { 'doomed.bin': randomBytes(6 * MiB) }).catch(() => undefined);
      const checked = await restic(folder, ['check', '--read-data', '--no-lock']);
      expect(checked.stdout, `write ${n}`).toContain('no errors were found');
    }
    expect(await contentOf(repository, first, 'kept.bin')).toEqual(digestible(pattern(6 * MiB, 0, 6)));
  });
});

describe('locks', () => {
  test('of ours keep restic out, and the other way round', async () => {
    await using fixture = await created();
    const { folder, repository } = fixture;
    await backUp(repository, { 'a.bin': pattern(1000) });
    const journal = memoryJournal();
    {
      await using shared = await repository.lock({ mode: 'shared', vmId: 'vm-1', journal }, signal);
      expect(shared.lost.aborted).toBe(false);
      const prune = await restic(folder, ['prune'], [1, 11]);
      expect(prune.stderr).toMatch(/already locked/);
      expect((await restic(folder, ['list', 'locks'])).stdout.trim()).toMatch(
        /^[0-9a-f]{64}(\n[0-9a-f]{64})?$/,
      );
      const source = temporaryFolder('source');
      writeFileSync(join(source, 'beside.bin'), pattern(100));
      await restic(folder, ['backup', source]);
    }
    {
      await using exclusive = await repository.lock({ mode: 'exclusive', journal }, signal);
      expect(exclusive.lost.aborted).toBe(false);
      expect((await restic(folder, ['check'], [1, 11])).stderr).toMatch(/already locked/);
    }
    await restic(folder, ['prune']);

    const theirs = await resticThatHoldsALock(folder);
    await expect(repository.lock({ mode: 'exclusive', journal }, signal)).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining(`process ${theirs.pid}`) as string,
    });
    {
      await using shared = await repository.lock({ mode: 'shared', journal }, signal);
      expect(shared.mode).toBe('shared');
    }
    expect(await repository.removeStaleLocks(signal)).toBe(0);
    await theirs.kill();
    // Killed, it has left its lock behind: now its holder is proven gone.
    await using exclusive = await repository.lock({ mode: 'exclusive', journal }, signal);
    expect(exclusive.mode).toBe('exclusive');
    expect(await repository.removeStaleLocks(signal)).toBe(1);
  });
});

const deps = {
  clock: systemClock,
  random: systemRandom,
  logger: silentLogger,
  host: localHost(),
  sealingPool: (key: Parameters<typeof inlineSealingPool>[0]) => inlineSealingPool(key, 'auto', systemRandom),
  packBytes: 4 * MiB,
};

function storeAt(folder: string): LocalObjectStore {
  return new LocalObjectStore({ folder, readOnly: false, clock: systemClock, random: systemRandom });
}

async function created() {
  const folder = temporaryFolder('repository');
  const repository = await createRepository(storeAt(folder), new Secret(password), deps, signal);
  return { folder, repository, [Symbol.asyncDispose]: async () => await repository[Symbol.asyncDispose]() };
}

/** Files in a folder `disks`, as one snapshot. */
async function backUp(repository: Repository, files: Readonly<Record<string, Uint8Array>>) {
  await using lock = await repository.lock({ mode: 'shared', journal: memoryJournal() }, signal);
  const nodes: TreeNode[] = [];
  for (const [name, bytes] of Object.entries(files)) {
    const content = [];
    for (let offset = 0; offset < bytes.length; offset += MiB)
      content.push((await repository.saveBlob('data', bytes.slice(offset, offset + MiB), signal)).id);
    nodes.push({ ...metadata, type: 'file', name, sizeBytes: bytes.length, content });
  }
  const { id: subtree } = await repository.saveTree({ nodes }, signal);
  const root: Tree = { nodes: [{ ...metadata, permissions: 0o750, type: 'dir', name: 'disks', subtree }] };
  const { id: tree } = await repository.saveTree(root, signal);
  const snapshot: Snapshot = {
    time,
    tree,
    paths: ['/vm-uuid'],
    hostname: 'instance-uuid',
    username: 'backup',
    tags: ['quiesce', 'name:<web & db>'],
    programVersion: 'test',
  };
  return await repository.saveSnapshot(snapshot, lock, signal);
}

async function contentOf(repository: Repository, id: Awaited<ReturnType<typeof backUp>>, name: string) {
  const files = await walk(repository, (await repository.loadSnapshot(id, signal)).tree);
  return digestible(files.get(`/disks/${name}`)!);
}

/** Every file below a tree, by its path. */
async function walk(repository: Repository, tree: Snapshot['tree'], path = ''): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  for (const node of (await repository.loadTree(tree, signal)).nodes) {
    const nodePath = `${path}/${node.name}`;
    if (node.type === 'dir')
      for (const [inner, bytes] of await walk(repository, node.subtree, nodePath)) files.set(inner, bytes);
    if (node.type !== 'file') continue;
    const parts = [];
    for (const id of node.content) parts.push(await repository.loadBlob('data', id, signal));
    files.set(nodePath, Buffer.concat(parts));
  }
  return files;
}

async function everySnapshot(repository: Repository) {
  const ids = [];
  for await (const entry of repository.listSnapshots(signal)) ids.push(entry.id);
  return ids;
}

/** Equal exactly when the bytes are, and compared in no time. */
function digestible(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

interface Output {
  readonly stdout: string;
  readonly stdoutBytes: Buffer;
  readonly stderr: string;
}

async function restic(
  folder: string,
  args: readonly string[],
  codes: readonly number[] = [0],
): Promise<Output> {
  const child = spawn('restic', ['--no-cache', '-r', folder, ...args], {
    env: { ...process.env, RESTIC_PASSWORD: password },
  });
  const out: Buffer[] = [];
  const problems: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => problems.push(chunk));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  const stderr = Buffer.concat(problems).toString();
  expect(codes, `restic ${args.join(' ')}: ${stderr}`).toContain(code);
  const stdoutBytes = Buffer.concat(out);
  return { stdout: stdoutBytes.toString(), stdoutBytes, stderr };
}

/** A backup from a pipe that never ends: restic holds its lock until it is killed. */
async function resticThatHoldsALock(folder: string) {
  const child = spawn('restic', ['--no-cache', '-r', folder, 'backup', '--stdin'], {
    env: { ...process.env, RESTIC_PASSWORD: password },
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const ended = new Promise(resolve => child.on('close', resolve));
  const store = storeAt(folder);
  while ((await collect(store.list('lock', signal))).length === 0) await systemClock.sleep(50, signal);
  const kill = async () => {
    child.kill('SIGKILL');
    await ended;
  };
  return { pid: child.pid!, kill };
}
