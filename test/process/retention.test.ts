import { cpSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect } from 'vitest';

import { applyRetention, type RetentionPolicy } from '../../src/core/catalog/retention.ts';
import { listBackupSets } from '../../src/core/catalog/backupSet.ts';
import type { Manifest } from '../../src/core/catalog/manifest.ts';
import { forget } from '../../src/core/jobs/retention/forget.ts';
import { planForget } from '../../src/core/jobs/retention/forgetPlan.ts';
import { setPinned } from '../../src/core/jobs/retention/pin.ts';
import type { Repository } from '../../src/core/repository/repository.ts';
import type { SnapshotId } from '../../src/core/repository/snapshot.ts';
import { anySignal as signal } from '../support/anySignal.ts';
import { LocalRepository } from '../support/localRepository.ts';
import { sampleManifest } from '../support/manifests.ts';
import { memoryJournal } from '../support/memoryJournal.ts';
import { pattern } from '../support/pattern.ts';
import { QuiesceCli } from '../support/quiesceCli.ts';
import { savePoint } from '../support/restorePoints.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';
import { toolTest } from '../support/tools.ts';

const test = toolTest('restic');
const isProof = process.env['QUIESCE_PROOF'] === 'full';
const now = () => new Date('2026-12-01T00:00:00Z');

describe('our rules', () => {
  test('keep what those of restic keep, at random times', async () => {
    await fc.assert(
      fc.asyncProperty(
        histories,
        fc.array(policies, { minLength: 3, maxLength: 3 }),
        async (moments, asked) => {
          const local = new LocalRepository();
          await using repository = await local.create();
          await saveSnapshots(repository, moments);
          for (const policy of asked) {
            const { sets } = await listBackupSets(repository, signal);
            const ours = sets.flatMap(({ points }) =>
              applyRetention(points, policy, now()).flatMap(({ point, reasons }) =>
                reasons.length > 0 ? [point.id] : [],
              ),
            );
            const said = await local.restic.run('forget', '--dry-run', '--json', ...resticOptions(policy));
            const theirs = (JSON.parse(said) as ResticForgetGroup[]).flatMap(({ keep }) => keep ?? []);
            expect(ours.toSorted(), JSON.stringify({ policy, moments })).toEqual(
              theirs.map(({ id }) => id).toSorted(),
            );
          }
        },
      ),
      { numRuns: isProof ? 100 : 6 },
    );
  });
});

describe('restic’s forget', () => {
  test('removes exactly the oldest of each VM, whatever they are called and wherever they went, as ours does', async () => {
    const local = new LocalRepository();
    await using repository = await local.create();
    const points = await renamedMovedAndRecreated(repository);
    const copy = new LocalRepository(`${local.folder}-ours`);
    cpSync(local.folder, copy.folder, { recursive: true });

    await local.restic.run('forget', '--keep-last', '2');
    const expected = [
      'old VM, day 2',
      'old VM, day 3',
      'new VM, day 4',
      'new VM, day 5',
      'moved, day 3',
      'moved, day 4',
    ];
    expect(await namesLeft(repository, points)).toEqual(expected.toSorted());

    await using ours = await copy.open();
    const plan = await planForget(ours, { policy: { last: 2 } }, now(), signal);
    const removed = await forget(ours, memoryJournal(), plan, { mayEmpty: false }, signal);
    expect(removed).toHaveLength(points.size - expected.length);
    expect(await namesLeft(ours, points)).toEqual(expected.toSorted());
    await copy.restic.checkEverything();
  });

  test('knows our pin by its tag, and what was pinned is the same restore point', async () => {
    const local = new LocalRepository();
    await using repository = await local.create();
    const points = await renamedMovedAndRecreated(repository);
    const oldest = points.get('old VM, day 1')!;
    const pinned = await setPinned(repository, memoryJournal(), oldest, true, signal);
    expect(pinned).not.toBe(oldest);
    expect(await setPinned(repository, memoryJournal(), pinned, true, signal)).toBe(pinned);
    const [listed] = JSON.parse(await local.restic.run('snapshots', '--json', pinned)) as ResticSnapshot[];
    expect(listed).toMatchObject({ original: oldest, tags: expect.arrayContaining(['pinned']) as string[] });
    await local.restic.run('forget', '--keep-last', '1', '--keep-tag', 'pinned', '--prune');
    await local.restic.checkEverything();
    expect((await repository.loadSnapshot(pinned, signal)).tags).toContain('pinned');
    const free = await setPinned(repository, memoryJournal(), pinned, false, signal);
    const plan = await planForget(repository, { policy: { last: 1 } }, now(), signal);
    expect(await forget(repository, memoryJournal(), plan, { mayEmpty: false }, signal)).toEqual([free]);
  });
});

describe('quiesce forget', () => {
  test('shows its plan, asks, keeps what is pinned and the last one, and restic finds nothing wrong', async () => {
    const cli = new QuiesceCli(temporaryFolder('forget'));
    const local = new LocalRepository(cli.repositoryFolder);
    await cli.ok('repo', 'init', 'main', '--location', local.folder, '--password-file', local.passwordFile);
    let points: Map<string, SnapshotId>;
    {
      await using repository = await local.open();
      points = await renamedMovedAndRecreated(repository);
    }
    const { id: pinned } = (await cli.json('pin', points.get('old VM, day 1')!.slice(0, 12))) as {
      id: string;
    };
    const plan = (await cli.ok('forget', '--keep-last', '1', '--plan')).toString();
    expect(plan).toMatch(new RegExp(`keep +${pinned.slice(0, 8)} .*pinned`));
    expect(plan).toContain('5 restore points to be forgotten');
    expect((await cli.run('forget', '--keep-last', '1')).code).toBe(2);
    expect((await cli.json('points')) as unknown[]).toHaveLength(points.size);
    const { removed } = (await cli.json('forget', '--keep-last', '1', '--yes')) as { removed: string[] };
    expect(removed).toHaveLength(5);
    await local.restic.checkEverything();

    const last = ((await cli.json('points')) as { id: string; vmName: string }[]).find(
      ({ vmName }) => vmName === 'db01',
    )!;
    expect((await cli.run('forget', pinned.slice(0, 8), '--yes')).code).toBe(6);
    expect((await cli.run('forget', last.id.slice(0, 8), '--yes')).code).toBe(6);
    expect((await cli.run('forget', 'web01', '--yes')).code).toBe(2);
    expect((await cli.run('forget')).code).toBe(2);
    expect((await cli.run('forget', '--keep-last', '1', '--vm', 'nobody', '--yes')).code).toBe(5);
    await cli.ok('forget', last.id.slice(0, 8), '--yes', '--allow-last');
    await cli.ok('unpin', pinned.slice(0, 8));
    expect((await cli.json('points')) as unknown[]).toHaveLength(3);
    await local.restic.checkEverything();
  });
});

interface ResticSnapshot {
  readonly id: string;
}

interface ResticForgetGroup {
  readonly keep: readonly ResticSnapshot[] | null;
}

/** Times of one VM's restore points: bursts and gaps, so that every rule has something to choose from. */
const histories = fc
  .array(
    fc.record({
      dayMs: fc.integer({ min: 0, max: 1000 }).map(days => days * 86_400_000),
      inDayMs: fc.oneof(fc.integer({ min: 0, max: 86_399_999 }), fc.constantFrom(0, 3_600_000, 86_399_999)),
    }),
    { minLength: 1, maxLength: 25 },
  )
  .map(moments => [...new Set(moments.map(({ dayMs, inDayMs }) => Date.UTC(2024, 0, 1) + dayMs + inDayMs))]);

const count = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 8 }));
const policies: fc.Arbitrary<RetentionPolicy> = fc
  .record({
    last: count,
    hourly: count,
    daily: count,
    weekly: count,
    monthly: count,
    yearly: count,
    within: fc.option(
      fc.record({
        years: fc.integer({ min: 0, max: 1 }),
        months: fc.integer({ min: 0, max: 14 }),
        days: fc.integer({ min: 1, max: 40 }),
        hours: fc.integer({ min: 0, max: 50 }),
      }),
      { nil: undefined },
    ),
    tags: fc.constantFrom([], ['gold']),
  })
  .map(({ within, ...policy }) => ({ ...policy, ...(within !== undefined && { within }) }))
  .filter(({ last, hourly, daily, weekly, monthly, yearly, within, tags }) =>
    Boolean(last + hourly + daily + weekly + monthly + yearly + tags.length > 0 || within),
  );

function resticOptions(policy: RetentionPolicy): string[] {
  const { last, hourly, daily, weekly, monthly, yearly, within, tags = [] } = policy;
  const counts = { last, hourly, daily, weekly, monthly, yearly };
  return [
    ...Object.entries(counts).flatMap(([rule, value = 0]) =>
      value > 0 ? [`--keep-${rule}`, String(value)] : [],
    ),
    ...(within === undefined
      ? []
      : ['--keep-within', `${within.years}y${within.months}m${within.days}d${within.hours}h`]),
    ...tags.flatMap(tag => ['--keep-tag', tag]),
  ];
}

/** Every third one has a tag. */
async function saveSnapshots(repository: Repository, moments: readonly number[]): Promise<void> {
  await using lock = await repository.lock({ mode: 'shared', journal: memoryJournal() }, signal);
  const { id: tree } = await repository.saveTree({ nodes: [] }, signal);
  for (const [index, moment] of moments.entries()) {
    const tags = ['quiesce', 'name:web01', ...(index % 3 === 0 ? ['gold'] : [])];
    const time = new Date(moment).toISOString();
    const owner = { paths: ['/vm'], hostname: 'vcenter', username: 'backup' };
    await repository.saveSnapshot({ ...owner, time, tree, tags }, lock, signal);
  }
}

/**
 * A VM that is renamed and then deleted, a new one that takes its first name, and one that moves to another folder and
 * host: three backup sets, whatever the names say.
 */
async function renamedMovedAndRecreated(repository: Repository): Promise<Map<string, SnapshotId>> {
  const points = new Map<string, SnapshotId>();
  const save = async (what: string, uuid: string, day: number, vm: Partial<Manifest['vm']>) => {
    const sample = sampleManifest();
    const manifest = sampleManifest({
      vm: { ...sample.vm, instanceUuid: uuid, ...vm },
      takenAt: `2026-11-0${day}T10:00:00.000Z`,
    });
    const contents = new Map([[2000, pattern(manifest.disks[0]!.capacityBytes, 0, day)]]);
    points.set(`${what}, day ${day}`, await savePoint(repository, { manifest, contents }));
  };
  await save('old VM', 'uuid-old', 1, { name: 'web01' });
  await save('old VM', 'uuid-old', 2, { name: 'web01-retired' });
  await save('old VM', 'uuid-old', 3, { name: 'web01-retired' });
  await save('new VM', 'uuid-new', 3, { name: 'web01' });
  await save('new VM', 'uuid-new', 4, { name: 'web01' });
  await save('new VM', 'uuid-new', 5, { name: 'web01' });
  await save('moved', 'uuid-moved', 2, { name: 'db01', inventoryPath: '/DC/vm/old/db01', id: 'vm-7' });
  await save('moved', 'uuid-moved', 3, { name: 'db01', inventoryPath: '/DC/vm/new/db01', id: 'vm-7' });
  await save('moved', 'uuid-moved', 4, { name: 'db01', inventoryPath: '/DC2/vm/db01', id: 'vm-99' });
  return points;
}

async function namesLeft(repository: Repository, points: ReadonlyMap<string, SnapshotId>): Promise<string[]> {
  const { sets } = await listBackupSets(repository, signal);
  const left = new Set(sets.flatMap(set => set.points.map(({ id }) => id)));
  return [...points]
    .filter(([, id]) => left.has(id))
    .map(([name]) => name)
    .toSorted();
}
