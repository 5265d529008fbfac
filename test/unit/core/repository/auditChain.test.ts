import { describe, expect, test, vi } from 'vitest';

import {
  type AuditEntryId,
  type AuditListing,
  missingEntries,
} from '../../../../src/core/repository/audit.ts';
import type { MemoryObjectStore } from '../../../../src/core/repository/memoryObjectStore.ts';
import type { ObjectStore } from '../../../../src/core/repository/objectStore.ts';
import { openRepository } from '../../../../src/core/repository/openRepository.ts';
import type { Repository } from '../../../../src/core/repository/repository.ts';
import { anySignal as signal } from '../../../support/anySignal.ts';
import { collect } from '../../../support/collect.ts';
import { createTestRepository, testDeps, testPassword } from '../../../support/repositories.ts';

describe('what is removed from the record is named', () => {
  test('but for the newest entry, whoever wrote it', async () => {
    const { store, writer, removedAndNamed } = await record();
    const first = await writer();
    await noted(first, 'one', 'two');
    await noted(await writer(), 'three');
    await noted(first, 'four');
    await noted(await writer(), 'five');
    expect(await removedAndNamed(store)).toEqual(['five']);
  });

  test('though several wrote at once and knew nothing of each other', async () => {
    const { store, writer, removedAndNamed } = await record();
    await noted(await writer(), 'zero');
    const writers = [await writer(), await writer(), await writer()];
    await Promise.all(
      writers.map(async (one, index) => await noted(one, `beside ${index}`, `then ${index}`)),
    );
    expect(await removedAndNamed(store)).toEqual(['then 0', 'then 1', 'then 2']);
    await noted(await writer(), 'joined');
    expect(await removedAndNamed(store)).toEqual(['joined']);
  });

  test('in a record of years, which a new writer joins without reading all of it', async () => {
    const { store, writer, removedAndNamed } = await record();
    const subjects = Array.from({ length: 300 }, (_, index) => `entry ${index}`);
    await noted(await writer(), ...subjects);
    await noted(await writer(), 'covers them');
    const reads = vi.spyOn(store, 'get');
    await noted(await writer(), 'reads few');
    expect(reads.mock.calls.filter(([{ kind }]) => kind === 'audit').length).toBeLessThan(10);
    expect(await removedAndNamed(store)).toEqual(['reads few']);
  });
});

test('what is altered is named, and still counts as there', async () => {
  const { store, writer } = await record();
  const one = await writer();
  await noted(one, 'one', 'two', 'three');
  const [first, second] = await collect(store.list('audit', signal));
  const bytes = await store.get({ kind: 'audit', id: second!.id }, 10_000, signal);
  await store.remove({ kind: 'audit', id: first!.id }, signal);
  await store.put({ kind: 'audit', id: first!.id }, bytes, signal);
  const listed = await collect(one.listAudit(signal));
  const problems = listed.flatMap(listing => ('problem' in listing ? [listing] : []));
  expect(problems).toMatchObject([{ id: first!.id, problem: { code: 'CORRUPT_DATA' } }]);
  expect(missingEntries(listed)).toEqual([]);
});

test('entries that name none, of earlier versions, are no gap', () => {
  const entry: AuditListing = {
    ...{ id: 'a' as AuditEntryId, follows: [], time: new Date(0) },
    ...{ username: 'u', hostname: 'h', action: 'backup', subject: 's', ids: [] },
  };
  expect(missingEntries([entry])).toEqual([]);
  const missing = 'b' as AuditEntryId;
  const later = { ...entry, id: 'c' as AuditEntryId, follows: [missing, entry.id] };
  expect(missingEntries([entry, later])).toEqual([{ id: missing, followedBy: later }]);
});

async function noted(repository: Repository, ...subjects: readonly string[]): Promise<void> {
  for (const subject of subjects) await repository.record({ action: 'backup', subject, ids: [] }, signal);
}

/** A repository whose record each `writer` joins as a process of its own. */
async function record() {
  const { store } = await createTestRepository(testDeps());
  let seed = 100;
  const writer = async (through: ObjectStore = store) =>
    await openRepository(through, testPassword, testDeps({ seed: (seed += 1) }), signal);
  const listed = async (of: ObjectStore) => await collect((await writer(of)).listAudit(signal));

  /** Takes each entry in turn away. @returns the subjects of those that nobody misses */
  const removedAndNamed = async (of: MemoryObjectStore): Promise<string[]> => {
    expect(missingEntries(await listed(of))).toEqual([]);
    const everything = await listed(of);
    const named = everything.filter(({ id }) => {
      const left = everything.filter(other => other.id !== id);
      return missingEntries(left).some(missing => missing.id === id);
    });
    const unnamed = everything.filter(entry => !named.includes(entry));
    return unnamed.map(entry => ('problem' in entry ? entry.id : entry.subject)).toSorted();
  };

  return { store, writer, removedAndNamed };
}
