import fc from 'fast-check';
import { expect, test } from 'vitest';

import { grainBytes } from '../../../src/lab/disk/grainMap.ts';
import {
  archive01,
  build01,
  diskBytes,
  faultType,
  find,
  findAll,
  loggedIn,
  type Ref,
  ref,
  type TestLab,
  textOf,
  web01,
} from './labFixture.ts';

async function enable(lab: TestLab, vm: Ref, wanted = true): Promise<void> {
  const spec = `<spec><changeTrackingEnabled>${wanted}</changeTrackingEnabled></spec>`;
  expect((await lab.runTask('ReconfigVM_Task', vm, spec)).fault).toBeUndefined();
}

async function takeSnapshot(lab: TestLab, vm: Ref): Promise<Ref> {
  const spec = '<name>s</name><description></description><memory>0</memory><quiesce>0</quiesce>';
  const { result, fault } = await lab.runTask('CreateSnapshot_Task', vm, spec);
  expect(fault).toBeUndefined();
  return ['VirtualMachineSnapshot', result?.text ?? ''];
}

async function changeIdOf(lab: TestLab, self: Ref, key = 2000): Promise<string | undefined> {
  return (await lab.read(self, `config.hardware.device[${key}].backing.changeId`))?.text;
}

interface Asked {
  readonly snapshot?: Ref | undefined;
  readonly changeId: string;
  readonly startOffset?: number;
  readonly key?: number;
}

interface Answer {
  readonly fault: string | undefined;
  readonly startOffset: number;
  readonly length: number;
  readonly areas: readonly (readonly [start: number, length: number])[];
}

async function query(lab: TestLab, vm: Ref, asked: Asked): Promise<Answer> {
  const { snapshot, changeId, startOffset = 0, key = 2000 } = asked;
  const answer = await lab.call(
    'QueryChangedDiskAreas',
    vm,
    `${snapshot === undefined ? '' : ref('snapshot', snapshot)}<deviceKey>${key}</deviceKey>` +
      `<startOffset>${startOffset}</startOffset><changeId>${changeId}</changeId>`,
  );
  if (answer.localName === 'Fault') return { fault: faultType(answer), startOffset: 0, length: 0, areas: [] };
  const value = find(answer, 'returnval')!;
  const direct = (name: string) => Number(value.children.find(child => child.localName === name)?.text);
  return {
    fault: undefined,
    startOffset: direct('startOffset'),
    length: direct('length'),
    areas: findAll(value, 'changedArea').map(area => [
      Number(textOf(area, 'start')),
      Number(textOf(area, 'length')),
    ]),
  };
}

const grains = (...list: number[]) => list.map(grain => [grain * grainBytes, grainBytes]);

async function write(lab: TestLab, vm: string, offset: number, length = 1, seed = 1): Promise<void> {
  await lab.control('POST', `/disks/${vm}/2000/bytes`, { offset, length, seed });
}

test('a running VM is tracked from its next stun on, and says so then', async () => {
  const lab = await loggedIn();
  await enable(lab, web01);
  expect((await lab.read(web01, 'config.changeTrackingEnabled'))?.text).toBe('true');
  expect((await lab.read(web01, 'capability.changeTrackingSupported'))?.text).toBe('true');
  expect(await changeIdOf(lab, web01)).toBeUndefined();
  await write(lab, 'web01', 0);
  const first = await takeSnapshot(lab, web01);
  const id = (await changeIdOf(lab, first)) ?? '';
  expect(id).toMatch(/^52( [0-9a-f]{2}){7}-[0-9a-f]{2}( [0-9a-f]{2}){7}\/2$/);
  expect(await changeIdOf(lab, web01)).toBe(id);

  await write(lab, 'web01', 2 * grainBytes + 5, grainBytes);
  await write(lab, 'web01', 19 * grainBytes + 1);
  const second = await takeSnapshot(lab, web01);
  expect(await changeIdOf(lab, second)).toBe(id.replace(/2$/, '3'));
  await write(lab, 'web01', 7 * grainBytes);
  const areas = [[2 * grainBytes, 2 * grainBytes], ...grains(19)];
  expect(await query(lab, web01, { snapshot: second, changeId: id })).toEqual({
    fault: undefined,
    startOffset: 0,
    length: diskBytes,
    areas,
  });
  // Without a snapshot the current one is meant.
  expect((await query(lab, web01, { changeId: id })).areas).toEqual(areas);
  expect((await query(lab, web01, { snapshot: first, changeId: id })).areas).toEqual([]);
  const ahead = { snapshot: first, changeId: (await changeIdOf(lab, second)) ?? '' };
  expect((await query(lab, web01, ahead)).fault).toBe('InvalidArgument');
  const fromTheMiddle = { snapshot: second, changeId: id, startOffset: 3 * grainBytes + 10 };
  expect(await query(lab, web01, fromTheMiddle)).toEqual({
    fault: undefined,
    startOffset: 3 * grainBytes + 10,
    length: diskBytes - 3 * grainBytes - 10,
    areas: [[3 * grainBytes + 10, grainBytes - 10], ...grains(19)],
  });
});

test('a VM that is off is tracked at once, and asked without a snapshot', async () => {
  const lab = await loggedIn();
  await enable(lab, archive01);
  const id = (await changeIdOf(lab, archive01)) ?? '';
  expect(id).toMatch(/\/1$/);
  await write(lab, 'archive01', 10 * grainBytes - 1, 2);
  expect((await query(lab, archive01, { changeId: id })).areas).toEqual([[9 * grainBytes, 2 * grainBytes]]);
  const allocated = [
    [0, grainBytes],
    [4 * grainBytes, 2 * grainBytes],
    [8 * grainBytes, 3 * grainBytes],
  ];
  expect((await query(lab, archive01, { changeId: '*' })).areas).toEqual(allocated);
});

test('what cannot be told is refused, each with the fault of its kind', async () => {
  const lab = await loggedIn();
  const untracked = await takeSnapshot(lab, web01);
  const fault = async (asked: Asked, vm: Ref = web01) => (await query(lab, vm, asked)).fault;
  expect(await fault({ snapshot: untracked, changeId: '*' })).toBe('FileFault');
  await lab.runTask('RemoveSnapshot_Task', untracked, '<removeChildren>0</removeChildren>');
  await enable(lab, web01);
  const snapshot = await takeSnapshot(lab, web01);
  const id = (await changeIdOf(lab, snapshot)) ?? '';
  expect(await fault({ snapshot, changeId: id })).toBeUndefined();
  expect(await fault({ snapshot, changeId: `${id}0` })).toBe('InvalidArgument');
  expect(await fault({ snapshot, changeId: id.replace(/^52 ../, '52 zz') })).toBe('InvalidArgument');
  expect(await fault({ snapshot, changeId: '' })).toBe('InvalidArgument');
  expect(await fault({ snapshot, changeId: id, key: 2001 })).toBe('InvalidArgument');
  expect(await fault({ snapshot, changeId: id, startOffset: diskBytes })).toBe('InvalidArgument');
  expect(await fault({ snapshot, changeId: id, startOffset: -1 })).toBe('InvalidArgument');
  expect(await fault({ snapshot, changeId: id }, archive01)).toBe('NotFound');
  expect(await fault({ snapshot: untracked, changeId: id })).toBe('ManagedObjectNotFound');
  await lab.runTask('RemoveSnapshot_Task', snapshot, '<removeChildren>0</removeChildren>');
  expect(await fault({ changeId: id })).toBe('FileFault');
  // A disk that takes no part in snapshots has no state that could be asked about.
  await enable(lab, build01);
  const other = await takeSnapshot(lab, build01);
  expect(await fault({ snapshot: other, changeId: '*', key: 2001 }, build01)).toBe('InvalidArgument');
});

test.each([
  [
    'its host loses its power',
    async (lab: TestLab) => {
      await lab.control('POST', '/vms/web01', { powerLost: true });
      await lab.runTask('PowerOnVM_Task', web01);
    },
  ],
  [
    'it goes back to a snapshot',
    async (lab: TestLab) => {
      expect((await lab.runTask('RevertToCurrentSnapshot_Task', web01)).fault).toBeUndefined();
    },
  ],
  [
    'tracking is switched off and on',
    async (lab: TestLab) => {
      await enable(lab, web01, false);
      await takeSnapshot(lab, web01);
      await enable(lab, web01);
    },
  ],
  [
    'its disk grows',
    async (lab: TestLab) => {
      await lab.runTask('RemoveAllSnapshots_Task', web01);
      const edit =
        '<spec><deviceChange><operation>edit</operation><device xsi:type="VirtualDisk"><key>2000</key>' +
        `<controllerKey>1000</controllerKey><unitNumber>0</unitNumber><capacityInKB>${diskBytes / 1024 + 64}</capacityInKB></device></deviceChange></spec>`;
      expect((await lab.runTask('ReconfigVM_Task', web01, edit)).fault).toBeUndefined();
      // Of a VM that runs, until its next stun.
      expect(await changeIdOf(lab, web01)).toBeUndefined();
    },
  ],
  [
    'the host begins anew',
    async (lab: TestLab) => {
      await lab.control('POST', '/disks/web01/2000/tracking', { reset: true });
    },
  ],
])('what was tracked of a VM is lost when %s', async (_, lose) => {
  const lab = await loggedIn();
  await enable(lab, web01);
  const first = await takeSnapshot(lab, web01);
  const id = (await changeIdOf(lab, first)) ?? '';
  await lose(lab);
  const second = await takeSnapshot(lab, web01);
  const newId = (await changeIdOf(lab, second)) ?? '';
  expect(newId.split('/')[0]).not.toBe(id.split('/')[0]);
  expect((await query(lab, web01, { snapshot: second, changeId: id })).fault).toBe('InvalidArgument');
  expect((await query(lab, web01, { snapshot: second, changeId: newId })).areas).toEqual([]);
});

test('a clean power cycle loses nothing', async () => {
  const lab = await loggedIn();
  await enable(lab, web01);
  const first = await takeSnapshot(lab, web01);
  await lab.runTask('PowerOffVM_Task', web01);
  await write(lab, 'web01', 6 * grainBytes);
  await lab.runTask('PowerOnVM_Task', web01);
  const second = await takeSnapshot(lab, web01);
  const asked = { snapshot: second, changeId: (await changeIdOf(lab, first)) ?? '' };
  expect((await query(lab, web01, asked)).areas).toEqual(grains(6));
});

test('answers come in parts, and a host may err in every way it is known to', async () => {
  const lab = await loggedIn();
  await enable(lab, archive01);
  const changeId = (await changeIdOf(lab, archive01)) ?? '';
  for (const grain of [1, 3, 5, 7]) await write(lab, 'archive01', grain * grainBytes);
  await lab.control('POST', '/faults', { changedAreas: { maxExtents: 2 } });
  const first = await query(lab, archive01, { changeId });
  expect([first.areas, first.length]).toEqual([grains(1, 3), 4 * grainBytes]);
  const second = await query(lab, archive01, { changeId, startOffset: first.length });
  expect([second.areas, second.startOffset + second.length]).toEqual([grains(5, 7), diskBytes]);
  await lab.control('POST', '/faults', { changedAreas: { maxExtents: 100, maxLengthBytes: 100 } });
  const part = await query(lab, archive01, { changeId, startOffset: grainBytes - 50 });
  expect([part.areas, part.length]).toEqual([[[grainBytes, 50]], 100]);
  await lab.control('DELETE', '/faults');

  await lab.control('POST', '/faults', { changedAreas: { everything: true } });
  expect((await query(lab, archive01, { changeId })).areas).toEqual([[0, diskBytes]]);
  await lab.control('POST', '/faults', { changedAreas: { everything: false, omitFirst: true } });
  expect((await query(lab, archive01, { changeId })).areas).toEqual(grains(3, 5, 7));
  await lab.control('POST', '/faults', { changedAreas: { allocated: 'whole', omitFirst: false } });
  expect((await query(lab, archive01, { changeId: '*' })).areas).toEqual([[0, diskBytes]]);
  await lab.control('POST', '/faults', { changedAreas: { allocated: 'refused' } });
  expect((await query(lab, archive01, { changeId: '*' })).fault).toBe('FileFault');
  expect((await query(lab, archive01, { changeId })).fault).toBeUndefined();
  await lab.control('POST', '/disks/archive01/2000/tracking', { unusable: true });
  expect((await query(lab, archive01, { changeId })).fault).toBe('FileFault');
});

test('the file of changes lies beside each file of a tracked disk', async () => {
  const lab = await loggedIn();
  await enable(lab, archive01);
  const { body } = await lab.http('GET', '/folder/archive01?dcPath=Lab&dsName=datastore2');
  expect(body.toString()).toContain('archive01-ctk.vmdk');
  const tracking = await lab.http('GET', '/folder/archive01/archive01-ctk.vmdk?dcPath=Lab&dsName=datastore2');
  expect([tracking.status, tracking.body.toString()]).toEqual([500, 'Failed to lock the file']);
  const descriptor = await lab.http('GET', '/folder/archive01/archive01.vmdk?dcPath=Lab&dsName=datastore2');
  expect(descriptor.body.toString()).toContain('changeTrackPath="archive01-ctk.vmdk"');
});

/** What may happen to a VM between two backups. */
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('write' as const),
      offset: fc.nat(diskBytes - 1),
      length: fc.integer({ min: 1, max: 3 * grainBytes }),
      seed: fc.integer({ min: 1, max: 1_000_000 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('snapshot' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('remove' as const), which: fc.nat(99), branch: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('revert' as const), which: fc.nat(99) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constantFrom('powerOff' as const, 'powerOn' as const, 'powerLoss' as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('grow' as const), grains: fc.integer({ min: 1, max: 3 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reset' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('relocate' as const), datastore: fc.constantFrom('31', '32') }),
  },
);

test('whatever happened, the areas told are those that were written since, and every byte that differs is in them', async () => {
  const lab = await loggedIn();
  await lab.control('POST', '/faults', { trackingOnColdMove: 'kept' });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 25 }), async steps => {
      const vm = await freshVm(lab);
      const history = new History(lab, vm);
      for (const next of steps) await history.apply(next);
      await history.check();
    }),
    { numRuns: process.env['QUIESCE_PROOF'] === 'full' ? 500 : 25 },
  );
  console.info(`${vmCount} histories, ${answeredQueries} answers checked byte by byte`);
  expect(answeredQueries).toBeGreaterThan(50);
}, 600_000);

const spec =
  '<spec xsi:type="VirtualMachineImportSpec"><configSpec><name>NAME</name>' +
  '<deviceChange><operation>add</operation><device xsi:type="ParaVirtualSCSIController"><key>-5</key><busNumber>0</busNumber><sharedBus>noSharing</sharedBus></device></deviceChange>' +
  '<deviceChange><operation>add</operation><device xsi:type="VirtualDisk"><key>-6</key>' +
  '<backing xsi:type="VirtualDiskFlatVer2BackingInfo"><fileName></fileName><diskMode>persistent</diskMode></backing>' +
  `<controllerKey>-5</controllerKey><unitNumber>0</unitNumber><capacityInKB>${diskBytes / 1024}</capacityInKB></device></deviceChange><changeTrackingEnabled>1</changeTrackingEnabled></configSpec></spec>`;

let vmCount = 0;
let answeredQueries = 0;

async function freshVm(lab: TestLab): Promise<{ readonly ref: Ref; readonly name: string }> {
  vmCount += 1;
  const name = `random${vmCount}`;
  const started = await lab.call('ImportVApp', ['ResourcePool', 'resgroup-27'], spec.replace('NAME', name));
  const lease: Ref = ['HttpNfcLease', find(started, 'returnval')?.text ?? ''];
  while ((await lab.read(lease, 'state'))?.text === 'initializing');
  const id = textOf(await lab.read(lease, 'info'), 'entity') ?? '';
  await lab.call('HttpNfcLeaseComplete', lease);
  return { ref: ['VirtualMachine', id], name };
}

/** A moment that a backup would remember: the name of the state and the bytes of the disk then. */
interface Remembered {
  readonly changeId: string;
  readonly position: number;
  readonly snapshot: Ref;
  /** Grains written in the course of the VM's life up to then, each write with a number of its own. */
  readonly written: ReadonlyMap<number, number>;
}

type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

/** Applies steps to a VM of the lab and keeps by itself what was written when. */
class History {
  readonly #lab: TestLab;
  readonly #vm: { readonly ref: Ref; readonly name: string };
  readonly #remembered: Remembered[] = [];
  #live: Remembered[] = [];
  #written = new Map<number, number>();
  #sizeBytes = diskBytes;
  #writeCount = 0;

  constructor(lab: TestLab, vm: { readonly ref: Ref; readonly name: string }) {
    this.#lab = lab;
    this.#vm = vm;
  }

  async apply(next: Step): Promise<void> {
    const { ref: vm, name } = this.#vm;
    switch (next.kind) {
      case 'write': {
        const length = Math.min(next.length, this.#sizeBytes - next.offset);
        await write(this.#lab, name, next.offset, length, next.seed);
        this.#writeCount += 1;
        const last = Math.floor((next.offset + length - 1) / grainBytes);
        for (let grain = Math.floor(next.offset / grainBytes); grain <= last; grain += 1)
          this.#written.set(grain, this.#writeCount);
        return;
      }
      case 'snapshot': {
        const snapshot = await takeSnapshot(this.#lab, vm);
        const changeId = (await changeIdOf(this.#lab, snapshot)) ?? '';
        const records = (await this.#lab.control('GET', '/snapshots')) as {
          snapshotId: string;
          disks: { position: number }[];
        }[];
        const record = records.find(({ snapshotId }) => snapshotId === snapshot[1]);
        const position = record?.disks[0]?.position ?? -1;
        const remembered = { changeId, position, snapshot, written: new Map(this.#written) };
        this.#remembered.push(remembered);
        this.#live.push(remembered);
        return;
      }
      case 'remove': {
        const chosen = this.#live[next.which % Math.max(1, this.#live.length)];
        if (chosen === undefined) return;
        const options = `<removeChildren>${next.branch}</removeChildren>`;
        expect(
          (await this.#lab.runTask('RemoveSnapshot_Task', chosen.snapshot, options)).fault,
        ).toBeUndefined();
        const { snapshots } = await this.#state();
        this.#live = this.#live.filter(({ snapshot }) => snapshots.includes(snapshot[1]));
        expect(this.#live).not.toContain(chosen);
        return;
      }
      case 'revert': {
        const chosen = this.#live[next.which % Math.max(1, this.#live.length)];
        if (chosen === undefined) return;
        expect((await this.#lab.runTask('RevertToSnapshot_Task', chosen.snapshot)).fault).toBeUndefined();
        this.#written = new Map(chosen.written);
        const { position } = await this.#state();
        expect((await this.#bytes(position)).equals(await this.#bytes(chosen.position))).toBe(true);
        return;
      }
      case 'powerOff':
        await this.#lab.runTask('PowerOffVM_Task', vm);
        return;
      case 'powerOn':
        await this.#lab.runTask('PowerOnVM_Task', vm);
        return;
      case 'powerLoss':
        await this.#lab.control('POST', `/vms/${name}`, { powerLost: true });
        return;
      case 'grow': {
        const wanted = this.#sizeBytes + next.grains * grainBytes;
        const disk = await this.#lab.read(vm, 'config.hardware.device[2000]');
        const edited =
          '<spec><deviceChange><operation>edit</operation><device xsi:type="VirtualDisk"><key>2000</key>' +
          `<controllerKey>${textOf(disk, 'controllerKey')}</controllerKey><unitNumber>0</unitNumber>` +
          `<capacityInKB>${wanted / 1024}</capacityInKB></device></deviceChange></spec>`;
        const { fault } = await this.#lab.runTask('ReconfigVM_Task', vm, edited);
        // A disk that others stand on keeps its size.
        expect(fault === undefined).toBe(this.#live.length === 0);
        if (fault === undefined) this.#sizeBytes = wanted;
        return;
      }
      case 'relocate': {
        const spec = `<spec>${ref('datastore', ['Datastore', `datastore-${next.datastore}`])}</spec>`;
        expect((await this.#lab.runTask('RelocateVM_Task', vm, spec)).fault).toBeUndefined();
        return;
      }
      case 'reset':
        await this.#lab.control('POST', `/disks/${name}/2000/tracking`, { reset: true });
    }
  }

  /** Every snapshot that is there, asked with everything that was ever remembered. */
  async check(): Promise<void> {
    for (const now of this.#live) {
      const bytes = await this.#bytes(now.position);
      const allocated = await query(this.#lab, this.#vm.ref, { snapshot: now.snapshot, changeId: '*' });
      for (const [start, length] of gaps(allocated.areas, bytes.length))
        expect(bytes.subarray(start, start + length).every(byte => byte === 0)).toBe(true);
      for (const then of this.#remembered) {
        const asked = { snapshot: now.snapshot, changeId: then.changeId };
        const { fault, areas, length } = await query(this.#lab, this.#vm.ref, asked);
        const isPast = then.changeId.split('/')[0] === now.changeId.split('/')[0];
        if (fault !== undefined) {
          expect(fault).toBe('InvalidArgument');
          continue;
        }
        answeredQueries += 1;
        expect([isPast, length]).toEqual([true, bytes.length]);
        const told = new Set(areas.flatMap(([start, size]) => grainsIn(start, size)));
        const isWritten = (grain: number) => now.written.get(grain) !== then.written.get(grain);
        const all = new Set([...now.written.keys(), ...then.written.keys()]);
        expect([...told].sort((a, b) => a - b)).toEqual([...all].filter(isWritten).sort((a, b) => a - b));
        const before = await this.#bytes(then.position);
        for (const [start, size] of gaps(areas, bytes.length))
          expect(bytes.subarray(start, start + size).equals(before.subarray(start, start + size))).toBe(true);
      }
    }
  }

  async #state(): Promise<{ snapshots: string[]; position: number }> {
    const vms = (await this.#lab.control('GET', '/vms')) as {
      id: string;
      snapshots: string[];
      disks: { position: number }[];
    }[];
    const { snapshots, disks } = vms.find(({ id }) => id === this.#vm.ref[1])!;
    return { snapshots, position: disks[0]!.position };
  }

  async #bytes(position: number): Promise<Buffer> {
    const records = await this.#lab.control('GET', `/disks/${this.#vm.name}/2000?position=${position}`);
    const { sizeBytes } = records as { sizeBytes: number };
    const query = `position=${position}&offset=0&length=${sizeBytes}`;
    return (await this.#lab.control('GET', `/disks/${this.#vm.name}/2000/bytes?${query}`)) as Buffer;
  }
}

function grainsIn(start: number, length: number): number[] {
  const first = start / grainBytes;
  return Array.from({ length: Math.ceil(length / grainBytes) }, (_, index) => first + index);
}

/** What lies between areas. */
function gaps(areas: Answer['areas'], sizeBytes: number): (readonly [number, number])[] {
  const ends = [0, ...areas.map(([start, length]) => start + length)];
  const starts = [...areas.map(([start]) => start), sizeBytes];
  return ends.map((end, index) => [end, (starts[index] ?? sizeBytes) - end] as const);
}
