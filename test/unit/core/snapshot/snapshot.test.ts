import { describe, expect, test } from 'vitest';
import { AppError } from '../../../../src/base/errors.ts';
import { silentLogger } from '../../../../src/base/logger.ts';
import { formatMarker, parseMarker } from '../../../../src/core/snapshot/snapshotMarker.ts';
import { findByToken } from '../../../../src/core/snapshot/removeSnapshot.ts';
import { openSnapshot } from '../../../../src/core/snapshot/snapshotLease.ts';
import type { Answer } from '../../../../src/core/vsphere/vimCaller.ts';
import { anySignal } from '../../../support/anySignal.ts';
import { memoryJournal } from '../../../support/memoryJournal.ts';
import { fault, ref, scriptedSession, update } from '../../../support/scriptedCaller.ts';
import type { Script } from '../../../support/scriptedCaller.ts';
import { seededRandom } from '../../../support/seededRandom.ts';
import { sampleVmConfig } from '../../../support/vmConfigs.ts';

const vm = { ref: ref('VirtualMachine', 'vm-1'), name: 'web01' };
const options = { name: 'backup', job: 'j-1', quiesce: { kind: 'tools' }, validForMs: 3_600_000 } as const;

describe('a marker', () => {
  const marker = {
    ...{ token: 't-1', installationId: 'i-1', machineId: 'm1', vm: 'vm-1', job: 'j-1' },
    expiresAt: new Date('2026-03-01T13:00:00Z'),
  };

  test('is read back, whatever a person adds', () => {
    expect(parseMarker(formatMarker(marker))).toEqual(marker);
    expect(parseMarker(`Do not delete! ${formatMarker(marker)} (Anna)`)).toEqual(marker);
  });

  const whole = formatMarker(marker);
  test.each([
    '',
    'by hand',
    '[quiesce token=x]',
    '[quiesce token=x installation=y expires=soon]',
    whole.replace('t-1', ''),
    whole.replace('t-1', 't 1'),
    whole.replace('vm=vm-1', 'vm=vm-1 vm=vm-2'),
    whole.replace('2026-03-01', '2026-99-01'),
    whole.replace('13:00:00.000Z', '13:00:00+02:00'),
    whole.replace('j-1', 'j'.repeat(65)),
    `${whole} ${whole}`,
    `${whole} [quiesce token=t-2]`,
    whole.slice(0, -1),
  ])('"%s" is none', description => expect(parseMarker(description)).toBeUndefined());
});

/** A VM with one snapshot at most; `journalled` tells what the journal held when the server was asked. */
function fakeVm(over: Script = {}) {
  const state = { description: undefined as string | undefined, journalled: [] as unknown[] };
  const journal = memoryJournal();
  const task = ref('Task', 'task-1');
  const snapshot = ref('VirtualMachineSnapshot', 'snapshot-1');
  const tree = () => ({
    currentSnapshot: snapshot,
    rootSnapshotList: [
      {
        ...{
          snapshot,
          vm: vm.ref,
          name: 'backup',
          description: state.description ?? '',
          createTime: new Date(0),
        },
        ...{ state: 'poweredOn', quiesced: true },
      },
    ],
  });
  const properties: Readonly<Record<string, () => unknown>> = {
    snapshot: () => (state.description === undefined ? undefined : tree()),
    config: () => sampleVmConfig(),
    recentTask: () => [],
    'runtime.consolidationNeeded': () => false,
  };
  const script: Script = {
    CreateSnapshot_Task: ({ description }) => {
      state.journalled = [...journal.open];
      state.description = description;
      return task;
    },
    RemoveSnapshot_Task: () => {
      state.description = undefined;
      return task;
    },
    WaitForUpdatesEx: () => update(task, { 'info.state': 'success', 'info.result': snapshot }),
    RetrievePropertiesEx: ({ specSet }): Answer<'RetrievePropertiesEx'> => ({
      objects: (specSet[0]?.objectSet ?? []).map(({ obj }) => ({
        obj,
        propSet: (specSet[0]?.propSet[0]?.pathSet ?? [])
          .map(name => ({ name, val: properties[name]?.() }))
          .filter(({ val }) => val !== undefined),
      })),
    }),
    ...over,
  };
  return { state, journal, script };
}

async function openFake({ journal, script }: ReturnType<typeof fakeVm>, signal = anySignal) {
  const scripted = await scriptedSession(script);
  const deps = { journal, clock: scripted.clock, random: seededRandom(7), logger: silentLogger };
  const opening = openSnapshot(scripted.session, vm, options, deps, signal);
  opening.catch(() => undefined);
  return { ...scripted, opening };
}

describe('a snapshot', () => {
  test('is in the journal before the server hears of it, and out of it once it is gone', async () => {
    const fake = fakeVm();
    const { opening } = await openFake(fake);
    const lease = await opening;
    expect(fake.state.journalled).toMatchObject([
      { kind: 'snapshot', vcenterId: 'vc-uuid', vm: 'vm-1', token: lease.token },
    ]);
    expect(parseMarker(fake.state.description ?? '')).toEqual({
      token: lease.token,
      installationId: 'test-installation',
      machineId: 'test_machine',
      vm: 'vm-1',
      job: 'j-1',
      expiresAt: new Date('2026-03-01T13:00:00.000Z'),
    });
    expect(lease.disks).toHaveLength(2);
    await lease[Symbol.asyncDispose]();
    expect(fake.state.description).toBeUndefined();
    expect(fake.journal.open).toEqual([]);
  });

  test('that appears although its creation seemed to fail is removed', async () => {
    const fake = fakeVm();
    const script: Script = {
      ...fake.script,
      CreateSnapshot_Task: ({ description }) => {
        fake.state.description = description;
        throw new AppError('UNREACHABLE', 'the connection broke');
      },
    };
    const { caller, opening } = await openFake({ ...fake, script });
    await expect(opening).rejects.toMatchObject({ code: 'UNREACHABLE' });
    expect(fake.state.description).toBeUndefined();
    expect(caller.count('RemoveSnapshot_Task')).toBe(1);
    expect(fake.journal.open).toEqual([]);
  });

  test('is told from a copy of its description by its id, and without it none is touched', async () => {
    const fake = fakeVm();
    const { RetrievePropertiesEx: retrieve } = fake.script;
    const copy = ref('VirtualMachineSnapshot', 'snapshot-2');
    const script: Script = {
      ...fake.script,
      RetrievePropertiesEx: async (args, target, signal) => {
        const answer = await retrieve?.(args, target, signal);
        const tree = answer?.objects[0]?.propSet?.find(({ name }) => name === 'snapshot')?.val as
          { rootSnapshotList: { snapshot: unknown }[] } | undefined;
        const [original] = tree?.rootSnapshotList ?? [];
        if (original !== undefined) tree?.rootSnapshotList.unshift({ ...original, snapshot: copy });
        return answer;
      },
    };
    const { session } = await scriptedSession(script);
    fake.state.description = formatMarker({
      ...{ token: 't-1', installationId: 'i-1', machineId: 'm1', vm: 'vm-1', job: 'j-1' },
      expiresAt: new Date(0),
    });
    const known = { token: 't-1', snapshot: 'snapshot-1' };
    expect(await findByToken(session, vm, known, anySignal)).toMatchObject({ ref: { value: 'snapshot-1' } });
    const gone = { token: 't-1', snapshot: 'snapshot-3' };
    expect(await findByToken(session, vm, gone, anySignal)).toBeUndefined();
    await expect(findByToken(session, vm, { token: 't-1' }, anySignal)).rejects.toMatchObject({
      code: 'CONFLICT',
    });
  });

  test('whose removal the server only claims is not given back', async () => {
    const fake = fakeVm({ RemoveSnapshot_Task: () => ref('Task', 'task-1') });
    const { clock, opening, caller } = await openFake(fake);
    const lease = await opening;
    const removal = Promise.resolve(lease[Symbol.asyncDispose]()).catch((error: unknown) => error);
    let isOver = false;
    void removal.then(() => (isOver = true));
    while (!isOver) await clock.advance(10_000);
    expect(await removal).toMatchObject({ code: 'CONFLICT', object: 'web01' });
    expect(caller.count('RemoveSnapshot_Task')).toBe(6);
    expect(fake.journal.open).toMatchObject([{ kind: 'snapshot', snapshot: 'snapshot-1' }]);
  });

  test('of a VM that is gone is gone too', async () => {
    const fake = fakeVm();
    const { RetrievePropertiesEx: retrieve } = fake.script;
    let isGone = false;
    const script: Script = {
      ...fake.script,
      RetrievePropertiesEx: async (args, target, signal) => {
        if (isGone) throw fault('ManagedObjectNotFound', { obj: vm.ref });
        return await retrieve?.(args, target, signal);
      },
    };
    const { opening } = await openFake({ ...fake, script });
    const lease = await opening;
    isGone = true;
    await lease[Symbol.asyncDispose]();
    expect(fake.journal.open).toEqual([]);
  });

  test('whose description somebody has edited is not touched', async () => {
    const fake = fakeVm();
    const { caller, opening } = await openFake(fake);
    const lease = await opening;
    fake.state.description = 'mine now';
    await lease[Symbol.asyncDispose]();
    expect(caller.count('RemoveSnapshot_Task')).toBe(0);
  });
});
