import { expect, test } from 'vitest';

import { AppError } from '../../../../src/base/errors.ts';
import { goalOf, type GoalBook, type GoalRecord } from '../../../../src/core/goals/recoveryGoals.ts';
import { pointFacts } from '../../../../src/core/jobs/recovery/pointFacts.ts';
import {
  newestPoints,
  readPointFacts,
  type StandingDeps,
  standingOfVm,
} from '../../../../src/core/jobs/recovery/standings.ts';
import { rememberedFacts } from '../../../../src/worker/rememberedFacts.ts';
import { anySignal } from '../../../support/anySignal.ts';
import { sampleManifest } from '../../../support/manifests.ts';
import { memoryRepository, savePoint } from '../../../support/restorePoints.ts';

const hourMs = 3_600_000;
const { vm, server, disks } = sampleManifest();
const subject = {
  serverInstanceUuid: server.instanceUuid,
  vmInstanceUuid: vm.instanceUuid,
  inventoryPath: vm.inventoryPath,
  ...{ computePath: undefined, tags: [] },
};
const record: GoalRecord = {
  scope: { kind: 'folder', serverInstanceUuid: server.instanceUuid, path: '/DC' },
  name: '/DC',
  goal: { minimumLevel: 'crash', maxAgeMs: 24 * hourMs, maxRecoveryMs: undefined },
  setBy: 'kim',
  setAt: new Date(0),
};
const book: GoalBook = { goals: [record], acceptances: [], problems: [] };

/** Two repositories, the older restore point of the VM in the one that is looked at first. */
async function fixture() {
  const older = await memoryRepository(undefined, 1);
  const newer = await memoryRepository(undefined, 2);
  const content = (capacityBytes: number) => new Map([[2000, new Uint8Array(capacityBytes)]]);
  const bytes = disks[0]!.capacityBytes;
  await savePoint(older, {
    manifest: sampleManifest({ takenAt: '2026-11-21T10:00:00.000Z' }),
    contents: content(bytes),
  });
  await savePoint(newer, { manifest: sampleManifest(), contents: content(bytes) });
  const repositories = [
    { name: 'older', repository: older },
    { name: 'newer', repository: newer },
  ];
  const { byVm, problems } = await newestPoints(repositories, anySignal);
  expect(problems).toEqual([]);
  const deps: StandingDeps = {
    ...{ book, newest: byVm, transfers: [], factsOf: rememberedFacts(readPointFacts) },
    now: new Date('2026-11-22T12:00:00.000Z'),
  };
  return { repositories, deps };
}

test('a VM stands by its newest restore point of all repositories, and only while that is young enough', async () => {
  const { deps } = await fixture();
  const found = await standingOfVm(subject, deps, anySignal);
  expect(found).toMatchObject({ standing: { state: 'met', gaps: [] }, newest: { name: 'newer' } });
  expect(goalOf(book.goals, subject)).toBe(found?.record);
  const later = { ...deps, now: new Date('2026-11-23T10:00:00.001Z') };
  expect((await standingOfVm(subject, later, anySignal))?.standing).toMatchObject({
    state: 'gap',
    gaps: [{ kind: 'age' }],
  });
});

test('without a goal nothing is said, and without a restore point that is the gap', async () => {
  const { deps } = await fixture();
  expect(await standingOfVm({ ...subject, inventoryPath: '/Other/vm/x' }, deps, anySignal)).toBeUndefined();
  const other = { ...subject, vmInstanceUuid: 'another' };
  expect((await standingOfVm(other, deps, anySignal))?.standing.gaps).toMatchObject([
    { kind: 'no-restore-point' },
  ]);
});

test('an acceptance counts for its VM until it ends', async () => {
  const { deps } = await fixture();
  const now = new Date('2026-11-24T10:00:00.000Z');
  const accepted = {
    ...{ serverInstanceUuid: server.instanceUuid, vmInstanceUuid: vm.instanceUuid, vmName: 'web01' },
    ...{ by: 'kim', reason: 'moving', at: now, until: new Date(now.getTime() + hourMs) },
    ...{ gaps: ['age' as const], level: 'crash' as const },
  };
  const others = { ...accepted, vmInstanceUuid: 'another' };
  const at = async (ms: number, acceptances = [accepted]) =>
    (
      await standingOfVm(
        subject,
        { ...deps, book: { ...book, acceptances }, now: new Date(now.getTime() + ms) },
        anySignal,
      )
    )?.standing;
  expect(await at(0)).toMatchObject({ state: 'accepted', expired: [] });
  expect(await at(hourMs)).toMatchObject({ state: 'gap', expired: [{ by: 'kim' }] });
  expect(await at(0, [others])).toMatchObject({ state: 'gap', expired: [] });
});

test('a restore point that cannot be read proves nothing, and hides no other VM', async () => {
  const { deps } = await fixture();
  const damaged = async () =>
    await Promise.reject(new AppError('CORRUPT_DATA', 'the manifest cannot be read'));
  const found = await standingOfVm(subject, { ...deps, factsOf: damaged }, anySignal);
  expect(found?.standing.gaps.map(({ kind }) => kind)).toEqual(['level', 'coverage']);
  const unreachable = async () => await Promise.reject(new AppError('UNREACHABLE', 'the share is away'));
  await expect(standingOfVm(subject, { ...deps, factsOf: unreachable }, anySignal)).rejects.toThrow('away');
});

test('what a restore point says is read once', async () => {
  const { deps } = await fixture();
  let reads = 0;
  const factsOf = rememberedFacts(async (newest, signal) => {
    reads += 1;
    return await readPointFacts(newest, signal);
  });
  for (let time = 0; time < 3; time += 1) await standingOfVm(subject, { ...deps, factsOf }, anySignal);
  expect(reads).toBe(1);
});

test('the manifest tells coverage, VSS and domain controllers', () => {
  expect(pointFacts(sampleManifest())).toMatchObject({
    ...{ proven: 'crash', coverage: 'whole-vm', usedVss: false, isDomainController: false },
    capacityBytes: disks[0]!.capacityBytes,
  });
  const consistency = {
    ...sampleManifest().consistency,
    evidence: [{ rule: 'E5', statement: 'writers took part', items: ['SqlServerWriter', 'NTDS'] }],
  };
  expect(pointFacts(sampleManifest({ consistency }))).toMatchObject({
    usedVss: true,
    isDomainController: true,
  });
  const leftOutDisks = [{ key: 2001, label: 'Hard disk 2', reason: 'independent' }];
  expect(pointFacts(sampleManifest({ leftOutDisks })).coverage).toBe('partial');
  expect(pointFacts(sampleManifest({ disks: [], leftOutDisks })).coverage).toBe('nothing');
});
