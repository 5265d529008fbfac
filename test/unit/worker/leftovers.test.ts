import { expect, test } from 'vitest';

import type { SnapshotLeaseRecord } from '../../../src/core/journal/leaseJournal.ts';
import { Leftovers } from '../../../src/worker/leftovers.ts';
import { memoryJournal } from '../../support/memoryJournal.ts';

const now = () => new Date('2026-03-01T12:00:00Z');

function snapshotOf(vmName: string): SnapshotLeaseRecord {
  return { kind: 'snapshot', vcenterId: `vcenter of ${vmName}`, vm: 'vm-1', vmName, token: vmName };
}

test('what a job has not settled when it ends is left over until the guard settles it', async () => {
  const journal = memoryJournal();
  const leftovers = new Leftovers(journal);
  {
    using job = leftovers.journalOfJob(now);
    const given = await job.record(snapshotOf('web01'));
    const kept = await job.record(snapshotOf('db01'));
    await kept.update({ ...kept.record, snapshot: 'snapshot-7' });
    await given.settle();
    // The job still works with it: it is nobody else's business.
    expect(await leftovers.journalOfGuard().takeOverLeftovers()).toEqual([]);
  }
  expect(await leftovers.places()).toEqual({
    vcenterIds: new Set(['vcenter of db01']),
    repositoryIds: new Set(),
  });
  for (let round = 0; round < 2; round += 1) {
    const found = await leftovers.journalOfGuard().takeOverLeftovers();
    expect(found.map(({ lease }) => lease.record)).toEqual([
      { ...snapshotOf('db01'), snapshot: 'snapshot-7' },
    ]);
    expect(found[0]?.recordedAt).toEqual(now());
    if (round === 1) await found[0]?.lease.settle();
  }
  expect(await leftovers.journalOfGuard().takeOverLeftovers()).toEqual([]);
  expect(journal.open).toEqual([]);
});

test('leftovers of dead processes are taken over once and remembered', async () => {
  const journal = memoryJournal();
  const lease = await journal.record(snapshotOf('web01'));
  let handedOver = 0;
  const leftovers = new Leftovers({
    ...journal,
    takeOverLeftovers: async () => ((handedOver += 1) === 1 ? [{ lease, recordedAt: now() }] : []),
  });
  await leftovers.places();
  const [found] = await leftovers.journalOfGuard().takeOverLeftovers();
  expect(found?.lease.record).toEqual(snapshotOf('web01'));
  await found?.lease.settle();
  expect((await leftovers.places()).vcenterIds.size).toBe(0);
});
