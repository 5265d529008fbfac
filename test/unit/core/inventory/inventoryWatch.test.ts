import { expect, test } from 'vitest';
import { silentLogger } from '../../../../src/base/logger.ts';
import { AppError } from '../../../../src/base/errors.ts';
import { newInventoryModel, watchInventory } from '../../../../src/core/inventory/inventoryWatch.ts';
import type { InventoryChange } from '../../../../src/core/inventory/inventoryWatch.ts';
import type { KeptInventory } from '../../../../src/core/inventory/inventoryModel.ts';
import type { Answer } from '../../../../src/core/vsphere/vimCaller.ts';
import { fault, ref, scriptedSession } from '../../../support/scriptedCaller.ts';
import type { Script } from '../../../support/scriptedCaller.ts';

type Updates = readonly (readonly [kind: string, id: string, values?: Readonly<Record<string, unknown>>])[];

const place = (name: string, parent: string) => ({ name, parent: ref('Folder', parent) });
const places: Updates = [
  ['enter', 'group-1', place('Lab', 'root')],
  ['enter', 'group-2', place('vm', 'group-1')],
];
const vm = (name: string, parent = 'group-2') => ({
  ...place(name, parent),
  'runtime.powerState': 'poweredOn',
  'config.guestId': 'other',
});
const disk = { _type: 'VirtualDisk', key: 2000, capacityInKB: 1024, capacityInBytes: 1024 * 1024 };
const details = { 'config.hardware.device': [disk], 'config.flags': {} };

/** What the server tells by stage, and then as it happens; an error is thrown instead. */
type Telling = readonly (Updates | AppError)[];

test('rows come before their details, with the places they are in', async () => {
  const { changes, model } = await watched([
    [
      places,
      [['enter', 'vm-1', vm('web01')]],
      [['enter', 'vm-1', details]],
      [['modify', 'vm-1', { 'runtime.powerState': 'poweredOff' }]],
      [['modify', 'group-2', { name: 'machines' }]],
    ],
  ]);
  const at = (stage: string) => changes.filter(change => change.stage === stage);
  expect(at('rows')[1]).toMatchObject({ changed: ['vm-1'], rows: ['/Lab/vm/web01'], isComplete: [false] });
  expect(at('current').at(-2)).toMatchObject({ changed: ['vm-1'], isComplete: [true] });
  expect(at('current').at(-1)).toMatchObject({ changed: [], placesChanged: true });
  expect(model.row('vm-1')).toMatchObject({ inventoryPath: '/Lab/machines/web01', powerState: 'poweredOff' });
});

test('what is known stays, marked as stale, until the server has confirmed it or not', async () => {
  const broken = new AppError('UNREACHABLE', 'the connection broke off');
  const { changes, model } = await watched([
    [
      places,
      [
        ['enter', 'vm-1', vm('web01')],
        ['enter', 'vm-2', vm('web02')],
      ],
      [['enter', 'vm-1', details]],
      broken,
    ],
    [places, [['enter', 'vm-1', vm('web01b')]], []],
  ]);
  const lost = changes.findIndex(change => change.lost !== undefined);
  expect(changes[lost]!.lost).toMatchObject({ code: 'UNREACHABLE' });
  const [again, rowsBegin, rowsTold, rowsWhole] = changes.slice(lost + 1);
  expect(again).toMatchObject({ stage: 'places', stale: ['vm-1', 'vm-2'] });
  expect(rowsBegin).toMatchObject({ stage: 'rows', stale: ['vm-1', 'vm-2'] });
  expect(rowsTold).toMatchObject({ stage: 'rows', stale: ['vm-2'], isComplete: [true, false] });
  expect(rowsWhole).toMatchObject({ stage: 'details', removed: ['vm-2'], stale: [] });
  expect(model.row('vm-1')).toMatchObject({ name: 'web01b', diskCount: 1 });
});

test('what was kept is shown until the server has told everything of it, or all without it', async () => {
  const { model: former } = await watched([
    [
      places,
      ['vm-1', 'vm-2', 'vm-3'].map(id => ['enter', id, vm(id)] as const),
      ['vm-1', 'vm-2', 'vm-3'].map(id => ['enter', id, details] as const),
    ],
  ]);
  const asOf = new Date('2026-11-22T17:03:00Z');
  const { changes, model } = await watched(
    [
      [
        places,
        [
          ['enter', 'vm-1', vm('renamed')],
          ['enter', 'vm-2', vm('vm-2')],
        ],
        [['enter', 'vm-1', details]],
      ],
    ],
    { asOf, rows: former.rows() },
  );
  expect(changes[0]).toMatchObject({ stage: 'places', stale: ['vm-1', 'vm-2', 'vm-3'] });
  // Told in part, it stays as it was kept: with its disks.
  const told = changes.find(({ stage }) => stage === 'rows' && model.toldCount === 2);
  expect(told).toMatchObject({ rows: ['/Lab/vm/vm-1', '/Lab/vm/vm-2', '/Lab/vm/vm-3'] });
  const [rowsWhole, detailsTold] = changes.filter(({ stage }) => stage === 'details');
  expect(rowsWhole).toMatchObject({ removed: ['vm-3'], stale: ['vm-1', 'vm-2'] });
  expect(detailsTold).toMatchObject({ changed: ['vm-1'], stale: ['vm-2'] });
  // The last one is said to be different even where the server had no more to tell of it.
  expect(changes.at(-1)).toMatchObject({ stage: 'current', changed: ['vm-2'], stale: [] });
  expect(model.isRecalled).toBe(false);
});

test.each([
  [
    'a collector that went with its session',
    fault('ManagedObjectNotFound', { obj: ref('PropertyCollector', 'own') }),
  ],
  ['a version the server no longer knows', fault('InvalidCollectorVersion')],
])('begins anew after %s', async (_, error) => {
  const { changes } = await watched([
    [places, error],
    [places, [['enter', 'vm-1', vm('web01')]], []],
  ]);
  expect(changes.filter(change => change.lost !== undefined)).toHaveLength(1);
  expect(changes.at(-1)).toMatchObject({ stage: 'current' });
});

test.each([
  ['a password that is no longer right', new AppError('AUTHENTICATION', 'no')],
  ['a privilege that is missing', fault('NoPermission', { privilegeId: 'System.View' })],
])('ends with %s', async (_, error) => {
  await expect(watched([[places, error]])).rejects.toBe(error);
});

interface Seen extends InventoryChange {
  readonly rows: readonly string[];
  readonly isComplete: readonly boolean[];
  readonly stale: readonly string[];
}

/** Follows a scripted server to the end of what it tells. */
async function watched(tellings: readonly Telling[], kept?: KeptInventory) {
  const stop = new AbortController();
  const waiting = tellings.map(telling => [...telling]);
  const collectors: string[] = [];
  const script: Script = {
    CreatePropertyCollector: () => {
      collectors.push(`own-${collectors.length}`);
      return ref('PropertyCollector', collectors.at(-1)!);
    },
    WaitForUpdatesEx: async ({ options }, { value }): Promise<Answer<'WaitForUpdatesEx'>> => {
      const isStage = options?.maxWaitSeconds === 0;
      // A collector that waits is told of its own, in the order of the script.
      while (!isStage && isOfAnother(waiting[0]?.[0], collectors.indexOf(value)))
        await new Promise(resolve => setImmediate(resolve));
      // Each stage is told in one answer, and then that there is no more.
      const told = waiting[0]?.shift();
      if (told instanceof AppError) {
        waiting.shift();
        collectors.length = 0;
        throw told;
      }
      if (told === undefined) {
        stop.abort();
        throw new AppError('CANCELLED', 'the end of the script');
      }
      if (told.length === 0 && isStage) return undefined;
      return updatesOf(told);
    },
  };
  const { session, clock } = await scriptedSession(script);
  const model = newInventoryModel(session);
  if (kept !== undefined) model.recall(kept);
  const changes: Seen[] = [];
  const deps = { clock, logger: silentLogger, retryMs: () => 0 };
  try {
    for await (const change of watchInventory(session, model, deps, stop.signal)) {
      const rows = model.rows();
      changes.push({
        ...change,
        rows: rows.map(row => row.inventoryPath),
        isComplete: rows.map(row => row.isComplete),
        stale: rows.filter(row => row.asOf !== undefined).map(row => row.ref.value),
      });
      if (change.lost !== undefined) setImmediate(() => void clock.advance(0));
    }
  } catch (error) {
    if (!AppError.is(error, 'CANCELLED')) throw error;
  }
  return { changes, model };
}

function updatesOf(told: Updates): Answer<'WaitForUpdatesEx'> {
  const objectSet = told.map(([kind, id, values = {}]) => ({
    kind,
    obj: ref(id.startsWith('vm') ? 'VirtualMachine' : 'Folder', id),
    changeSet: Object.entries(values).map(([name, val]) => ({ name, op: 'assign', val })),
  }));
  return { version: '1', filterSet: [{ filter: ref('PropertyFilter', 'filter'), objectSet }] };
}

/** Whether the next telling is one for another of the collectors: places, rows or details. */
function isOfAnother(told: Updates | AppError | undefined, collector: number): boolean {
  if (told === undefined || told instanceof AppError) return false;
  const isPlace = told.every(([, id]) => id.startsWith('group'));
  const isRow = told.some(([, , values = {}]) => 'runtime.powerState' in values);
  return collector !== (isPlace ? 0 : isRow ? 1 : 2);
}
