import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';

import { Secret } from '../../src/base/secret.ts';
import { prune } from '../../src/core/jobs/retention/prune.ts';
import { openRepository } from '../../src/core/repository/openRepository.ts';
import type { ObjectStore } from '../../src/core/repository/objectStore.ts';
import type { Repository } from '../../src/core/repository/repository.ts';
import { stopAtWrite } from '../faults/faultyObjectStore.ts';
import { anySignal as signal } from '../support/anySignal.ts';
import { collect } from '../support/collect.ts';
import { localDeps, localPassword, LocalRepository } from '../support/localRepository.ts';
import { memoryJournal } from '../support/memoryJournal.ts';
import { pattern } from '../support/pattern.ts';
import {
  backUpCycle,
  cycleChunkBytes,
  cycleFiles,
  expectWholePoints,
  pruneAll,
  removePoint,
  thorough,
} from '../support/pruneCycle.ts';
import { QuiesceCli } from '../support/quiesceCli.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';
import { toolTest } from '../support/tools.ts';

const test = toolTest('restic');
const isProof = process.env['QUIESCE_PROOF'] === 'full';
/** Few blobs in a pack, so that packs are partly used. */
const packBytes = 5 * cycleChunkBytes;

async function open(store: ObjectStore, pid = process.pid): Promise<Repository> {
  const deps = { ...localDeps, packBytes, host: { ...localDeps.host, pid } };
  return await openRepository(store, new Secret(localPassword), deps, signal);
}

async function twoPoints(local = new LocalRepository()) {
  await (await local.create())[Symbol.asyncDispose]();
  await using repository = await open(local.store);
  const first = await backUpCycle(repository, 1);
  const second = await backUpCycle(repository, 2);
  return { local, first, second };
}

describe('a prune of ours', () => {
  test('leaves restic nothing to do, and what is kept comes back from it', async () => {
    const { local, first, second } = await twoPoints();
    await using repository = await open(local.store);
    await removePoint(repository, first);
    const { plan } = await pruneAll(repository);
    expect(plan.repackedPacks.count).toBeGreaterThan(0);
    await local.restic.checkEverything();
    const target = temporaryFolder('restored');
    await local.restic.run('restore', second, '--target', target);
    expect(readFileSync(join(target, 'disk.raw')).equals(cycleFiles(2)['disk.raw']!)).toBe(true);
    const said = await local.restic.run('prune', '--max-unused', '0', '--dry-run');
    expect(said).toMatch(/to repack: +0 blobs/);
    expect(said).toMatch(/this removes: +0 blobs/);
    expect(said).toMatch(/to delete: +0 blobs/);
  });

  test('of a repository of restic’s removes what its forget and ours have left', async () => {
    const local = new LocalRepository();
    await local.restic.run('init', '--repository-version', '2');
    const source = temporaryFolder('source');
    mkdirSync(join(source, 'deep', 'er'), { recursive: true });
    for (const seed of [1, 2, 3]) {
      writeFileSync(join(source, 'deep', 'er', 'same.bin'), pattern(2_000_000, 0, 9));
      writeFileSync(join(source, 'deep', `own${seed}.bin`), pattern(3_000_000, 0, seed));
      writeFileSync(join(source, 'changing.bin'), pattern(2_500_000, 0, seed));
      await local.restic.run('backup', source);
    }
    await local.restic.run('forget', '--keep-last', '2');
    await using repository = await open(local.store);
    const left = (await collect(repository.listSnapshots(signal))).flatMap(entry =>
      'snapshot' in entry ? [{ id: entry.id, time: Date.parse(entry.snapshot.time) }] : [],
    );
    expect(left).toHaveLength(2);
    await removePoint(repository, left.toSorted((a, b) => a.time - b.time)[0]!.id);
    const { removed } = await pruneAll(repository);
    expect(removed.removedPacks.count).toBeGreaterThan(0);
    await local.restic.checkEverything();
    expect(await local.restic.run('prune', '--dry-run', '--max-unused', '0')).toMatch(
      /total prune: +0 blobs/,
    );
    const target = temporaryFolder('restored');
    await local.restic.run('restore', 'latest', '--target', target);
    for (const [name, bytes] of [
      ['deep/er/same.bin', pattern(2_000_000, 0, 9)],
      ['deep/own1.bin', pattern(3_000_000, 0, 1)],
      ['changing.bin', pattern(2_500_000, 0, 3)],
    ] as const)
      expect(readFileSync(join(target, source, name)).equals(bytes)).toBe(true);
    // And restic goes on with it.
    await local.restic.run('backup', source);
    await local.restic.checkEverything();
  });

  test('waits for a backup of restic, and one of restic for ours', async () => {
    const { local, first } = await twoPoints();
    await using repository = await open(local.store);
    await removePoint(repository, first);
    {
      await using backup = await repository.lock({ mode: 'shared', journal: memoryJournal() }, signal);
      expect(backup.mode).toBe('shared');
      await expect(local.restic.run('prune')).rejects.toThrow(/already locked/);
      await expect(pruneAll(repository)).rejects.toMatchObject({ code: 'CONFLICT' });
    }
    const deps = { journal: memoryJournal(), clock: localDeps.clock, waitMs: 60_000 };
    let isWaiting: (() => void) | undefined;
    const waiting = new Promise<void>(resolve => (isWaiting = resolve));
    const backup = await repository.lock({ mode: 'shared', journal: memoryJournal() }, signal);
    const pruning = prune(
      repository,
      thorough,
      deps,
      ({ phase }) => {
        if (phase.startsWith('Waiting')) isWaiting?.();
      },
      signal,
    );
    await waiting;
    await backup[Symbol.asyncDispose]();
    expect((await pruning).removed.removedPacks.count).toBeGreaterThan(0);
    await local.restic.checkEverything();
  });
});

describe.each(['before', 'after'] as const)('killed %s a write of backup, forget and prune', when => {
  test('restic finds nothing wrong, the next run works, nothing is lost', async () => {
    const { local, first } = await twoPoints();
    // A process that is surely gone: its locks are stale.
    const { pid } = spawnSync('true');
    const cycle = async (repository: Repository) => {
      await backUpCycle(repository, 3);
      if (await isThere(repository, first)) await removePoint(repository, first);
      await pruneAll(repository);
    };
    const copied = (name: string) => {
      const copy = new LocalRepository(`${local.folder}-${name}`);
      cpSync(local.folder, copy.folder, { recursive: true });
      return copy;
    };
    const whole = stopAtWrite(copied('whole').store, Infinity, when);
    {
      await using repository = await open(whole);
      await cycle(repository);
    }
    expect(whole.writeCount).toBeGreaterThan(20);
    console.log(
      `${whole.writeCount} writes of backup, forget and prune, stopped ${when} ${isProof ? 'each' : 'some'}`,
    );
    // A slice: every write is in the unit tests, with our own check.
    const step = isProof ? 1 : 5;
    for (let n = when === 'before' ? 1 : 3; n <= whole.writeCount; n += step) {
      const copy = copied(`${when}-${n}`);
      {
        await using doomed = await open(stopAtWrite(copy.store, n, when), pid);
        // Giving a lock back fails nobody's work.
        await cycle(doomed).catch(() => undefined);
      }
      // It takes the locks of a process that is gone for stale, too.
      await copy.restic.run('unlock');
      await copy.restic.checkEverything();
      await using repository = await open(copy.store);
      await expectWholePoints(repository, [1, 2, 3]);
      await cycle(repository);
      await expectWholePoints(repository, [2, 3]);
      await copy.restic.checkEverything();
    }
  });
});

describe('quiesce repo prune', () => {
  test('shows what it would do, does it, and needs the repository for itself only to remove', async () => {
    const cli = new QuiesceCli(temporaryFolder('prune'));
    const local = new LocalRepository(cli.repositoryFolder);
    const { first } = await twoPoints(local);
    await cli.ok('repo', 'open', 'main', '--location', local.folder, '--password-file', local.passwordFile);
    await cli.ok('forget', first.slice(0, 12), '--yes');
    const plan = (await cli.json('repo', 'prune', '--plan', '--max-unused', '0')) as { copiedBytes: number };
    expect(plan.copiedBytes).toBeGreaterThan(0);
    {
      await using repository = await open(local.store);
      await using backup = await repository.lock({ mode: 'shared', journal: memoryJournal() }, signal);
      expect(backup.mode).toBe('shared');
      const refused = await cli.run('repo', 'prune', '--max-unused', '0');
      expect(refused).toMatchObject({ code: 6, stderr: expect.stringContaining('in use by') as string });
    }
    expect((await cli.ok('repo', 'prune', '--max-unused', '0')).toString()).toMatch(/Removed \d+ packs/);
    await local.restic.checkEverything();
  });
});

async function isThere(repository: Repository, id: string): Promise<boolean> {
  for await (const entry of repository.listSnapshots(signal)) if (entry.id === id) return true;
  return false;
}
