import { describe, expect, test } from 'vitest';
import { AppError } from '../../../../src/base/errors.ts';
import { silentLogger } from '../../../../src/base/logger.ts';
import { Secret } from '../../../../src/base/secret.ts';
import { guard, type GuardDeps } from '../../../../src/core/jobs/guard.ts';
import type { Lease, LeaseJournal } from '../../../../src/core/journal/leaseJournal.ts';
import { MemoryObjectStore } from '../../../../src/core/repository/memoryObjectStore.ts';
import type { Repository } from '../../../../src/core/repository/repository.ts';
import { anySignal } from '../../../support/anySignal.ts';
import { ManualClock } from '../../../support/manualClock.ts';
import { memoryJournal } from '../../../support/memoryJournal.ts';
import { memoryRepository } from '../../../support/restorePoints.ts';
import { fault, scriptedSession, type Script } from '../../../support/scriptedCaller.ts';

const recordedAt = new Date('2026-11-22T10:00:00Z');
const vm = { vcenterId: 'vc-uuid', vmName: 'web01' };
const snapshot: Lease = { kind: 'snapshot', ...vm, vm: 'vm-1', token: 't-1' };
const transfer: Lease = { kind: 'nfc-lease', ...vm, purpose: 'export', lease: 'lease-1' };
const importedVm: Lease = { kind: 'imported-vm', ...vm, token: 't-2' };
const lock: Lease = { kind: 'repository-lock', repositoryId: 'repository', location: '/backups' };

/** What the journal of a dead process holds; `open` is what is not settled yet. */
async function leftBehind(leases: readonly Lease[]) {
  const inner = memoryJournal();
  const left = await Promise.all(
    leases.map(async lease => ({ lease: await inner.record(lease), recordedAt })),
  );
  const journal: LeaseJournal = { ...inner, takeOverLeftovers: async () => left };
  return { journal, open: () => inner.open };
}

async function guarded(
  journal: LeaseJournal,
  places: Partial<Pick<GuardDeps, 'sessionOf' | 'repositoryOf' | 'guestPasswordOf'>>,
  signal = anySignal,
) {
  const nowhere = {
    sessionOf: async () => undefined,
    repositoryOf: async () => undefined,
    guestPasswordOf: () => undefined,
  };
  const surroundings = { clock: new ManualClock(), logger: silentLogger };
  return await guard({ journal, ...surroundings, ...nowhere, ...places }, signal);
}

/** A server on which the VM of the snapshot is gone, and no VM carries a token of ours. */
const cleanServer: Script = {
  RetrievePropertiesEx: ({ specSet }) => {
    if (specSet[0]?.objectSet[0]?.obj.type === 'VirtualMachine') {
      throw fault('ManagedObjectNotFound', { obj: { type: 'VirtualMachine', value: 'vm-1' } });
    }
    return { objects: [] };
  },
};

describe('what is left behind', () => {
  test('is given back and forgotten, leases first: a VM cannot lose a snapshot while one holds it', async () => {
    const { journal, open } = await leftBehind([snapshot, importedVm, transfer]);
    const { session, caller } = await scriptedSession(cleanServer);
    const asked: string[] = [];
    const sessionOf = async (vcenterId: string) => {
      asked.push(vcenterId);
      return session;
    };
    expect(await guarded(journal, { sessionOf })).toEqual(
      [transfer, importedVm, snapshot].map(lease => ({
        lease,
        recordedAt,
        outcome: 'removed',
        problem: undefined,
      })),
    );
    expect(open()).toEqual([]);
    expect(asked).toEqual(['vc-uuid', 'vc-uuid', 'vc-uuid']);
    const ended = caller.calls.filter(({ operation }) => operation === 'HttpNfcLeaseAbort');
    expect(ended.map(({ target }) => target)).toEqual(['lease-1']);
  });

  test('stays in the journal while its place is not configured here', async () => {
    const leases = [lock, snapshot, transfer];
    const { journal, open } = await leftBehind(leases);
    const outcomes = (await guarded(journal, {})).map(({ lease, outcome }) => [lease.kind, outcome]);
    expect(outcomes).toEqual([
      ['nfc-lease', 'waiting'],
      ['snapshot', 'waiting'],
      ['repository-lock', 'waiting'],
    ]);
    expect(open()).toEqual(leases);
  });

  test('stays there after a failure, which keeps no other from being tried', async () => {
    const second: Lease = { ...transfer, lease: 'lease-2' };
    const { journal, open } = await leftBehind([transfer, second, snapshot]);
    const away = new AppError('UNREACHABLE', 'the server does not answer');
    const { session } = await scriptedSession({
      ...cleanServer,
      HttpNfcLeaseAbort: (_args, { value }) => {
        if (value === 'lease-1') throw away;
      },
    });
    const results = await guarded(journal, { sessionOf: async () => session });
    expect(results.map(({ lease, outcome, problem }) => [lease, outcome, problem])).toEqual([
      [transfer, 'failed', away],
      [second, 'removed', undefined],
      [snapshot, 'removed', undefined],
    ]);
    expect(open()).toEqual([transfer]);
  });

  test('fails alone if its server cannot be opened', async () => {
    const { journal, open } = await leftBehind([snapshot, { ...snapshot, vcenterId: 'other' }]);
    const { session } = await scriptedSession(cleanServer);
    const refused = new AppError('AUTHENTICATION', 'wrong password');
    const sessionOf = async (vcenterId: string) => {
      if (vcenterId === 'vc-uuid') throw refused;
      return session;
    };
    const results = await guarded(journal, { sessionOf });
    expect(results.map(({ outcome, problem }) => [outcome, problem])).toEqual([
      ['failed', refused],
      ['removed', undefined],
    ]);
    expect(open()).toHaveLength(1);
  });

  test('is not touched once the work is cancelled', async () => {
    const { journal, open } = await leftBehind([transfer, snapshot]);
    await expect(guarded(journal, {}, AbortSignal.abort())).rejects.toThrow();
    expect(open()).toHaveLength(2);
  });
});

test('a lock in a repository is removed, and only there', async () => {
  const repository = await memoryRepository();
  const other = await memoryRepository(new MemoryObjectStore(), 2);
  const holders = async (of: Repository) => (await of.listLocks(anySignal)).length;
  const ofDeadProcess = memoryJournal();
  await repository.lock({ mode: 'exclusive', journal: ofDeadProcess }, anySignal);
  await other.lock({ mode: 'exclusive', journal: memoryJournal() }, anySignal);
  const { journal, open } = await leftBehind(ofDeadProcess.open);
  expect([await holders(repository), await holders(other)]).toEqual([1, 1]);

  const wrong = await guarded(journal, { repositoryOf: async () => other });
  expect(wrong.map(({ outcome }) => outcome)).toEqual(['failed']);
  expect([open().length, await holders(repository), await holders(other)]).toEqual([1, 1, 1]);

  const right = await guarded(journal, {
    repositoryOf: async id => (id === repository.id ? repository : undefined),
  });
  expect(right.map(({ outcome }) => outcome)).toEqual(['removed']);
  expect([open().length, await holders(repository), await holders(other)]).toEqual([0, 0, 1]);
});

describe('a file left in a guest', () => {
  const file: Lease = {
    ...{ kind: 'guest-temporary-file', ...vm, vm: 'vm-1', user: 'root', path: '/etc/.quiesce-1.tmp' },
  };

  test('waits until the password of its account is known', async () => {
    const { journal, open } = await leftBehind([file]);
    const { session, caller } = await scriptedSession({});
    expect(await guarded(journal, { sessionOf: async () => session })).toMatchObject([
      { outcome: 'waiting' },
    ]);
    expect(open()).toEqual([file]);
    expect(caller.count('DeleteFileInGuest')).toBe(0);
  });

  test('is gone with its VM', async () => {
    const { journal, open } = await leftBehind([file]);
    const { session } = await scriptedSession({
      RetrieveServiceContent: () => ({
        ...{
          rootFolder: { type: 'Folder', value: 'r' },
          propertyCollector: { type: 'PropertyCollector', value: 'p' },
        },
        sessionManager: { type: 'SessionManager', value: 's' },
        guestOperationsManager: { type: 'GuestOperationsManager', value: 'g' },
        about: { instanceUuid: 'vc-uuid' } as never,
      }),
      RetrievePropertiesEx: () => ({
        objects: [
          {
            obj: { type: 'GuestOperationsManager', value: 'g' },
            propSet: ['authManager', 'fileManager', 'processManager'].map(name => ({
              name,
              val: { type: 'M', value: name },
            })),
          },
        ],
      }),
      ValidateCredentialsInGuest: () => {
        throw fault('ManagedObjectNotFound', { obj: { type: 'VirtualMachine', value: 'vm-1' } });
      },
    });
    const places = {
      sessionOf: async () => session,
      guestPasswordOf: () => ({ password: async () => await Promise.resolve(new Secret('word')) }),
    };
    expect(await guarded(journal, places)).toMatchObject([{ outcome: 'removed' }]);
    expect(open()).toEqual([]);
  });
});
