import type { Clock } from '../../base/clock.ts';
import { type AppError, toAppError } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import { VimFaultError } from '../vsphere/faults.ts';
import { type ManagedType, propertySpec } from '../vsphere/propertyCollector.ts';
import { isManagedSubtype } from '../vsphere/schema/schema.ts';
import type { MoRef } from '../vsphere/schema/moRef.ts';
import { required, type VimSession } from '../vsphere/session.ts';
import type { Vim } from '../vsphere/vimCaller.ts';
import { assessmentPaths } from './assessmentFacts.ts';
import { InventoryModel, type ModelChange } from './inventoryModel.ts';
import { listedPaths } from './listVirtualMachines.ts';

/** How far the watch has come; each stage includes the ones before. */
export type WatchStage =
  /** Folders and hosts are coming; VMs are those known from before, if any. */
  | 'places'
  /** VMs are coming. */
  | 'rows'
  /** Every VM is known, their details are coming. */
  | 'details'
  /** Everything is known; changes come as they happen. */
  | 'current';

/** What became known at once. */
export interface InventoryChange extends ModelChange {
  readonly stage: WatchStage;
  /** Why nothing comes at the moment; it is tried again. */
  readonly lost: AppError | undefined;
}

export interface WatchDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  /** How long to wait before the n-th attempt, from 0, to get at the server again. */
  readonly retryMs: (attempt: number) => number;
}

/** One, two, four … up to thirty seconds. */
export function watchRetryMs(attempt: number): number {
  return Math.min(30_000, 1000 * 2 ** attempt);
}

/** Large, and of no use for a first look. */
const laterPaths: readonly string[] = [
  'config.hardware.device',
  'config.flags',
  'capability.snapshotOperationsSupported',
  'capability.quiescedSnapshotsSupported',
  'disabledMethod',
];
const rowPaths = [
  ...new Set([
    ...assessmentPaths.filter(path => !laterPaths.includes(path)),
    ...listedPaths,
    ...['datastore', 'runtime.connectionState', 'runtime.powerState'],
  ]),
];

/** Which properties of which types come together, in the order in which they are asked for. */
interface Stage {
  readonly name: WatchStage;
  readonly next: WatchStage;
  readonly types: readonly { readonly type: ManagedType; readonly paths: readonly string[] }[];
  /** Objects in one answer: so few that taking them over does not hold up the process noticeably. */
  readonly pageObjects: number;
}

const stages: readonly Stage[] = [
  {
    name: 'places',
    next: 'rows',
    types: [
      ...(['Folder', 'Datacenter', 'ComputeResource', 'Datastore'] as const).map(type => ({
        type,
        paths: ['name', 'parent'],
      })),
      { type: 'VirtualApp', paths: ['name', 'parent', 'parentFolder'] },
      { type: 'HostSystem', paths: ['name', 'parent', 'summary.config.product'] },
    ],
    pageObjects: 100,
  },
  { name: 'rows', next: 'details', types: [{ type: 'VirtualMachine', paths: rowPaths }], pageObjects: 100 },
  {
    name: 'details',
    next: 'current',
    types: [{ type: 'VirtualMachine', paths: laterPaths }],
    pageObjects: 50,
  },
];

/** How long the server may hold a call while nothing changes. */
const maxWaitSeconds = 30;

export function newInventoryModel(session: VimSession): InventoryModel {
  return new InventoryModel(session.content.rootFolder, laterPaths);
}

/**
 * Keeps the model equal to the server's inventory until the signal is aborted, and says after each answer what has
 * changed. Nothing is asked twice: the server tells of changes as they happen. A broken connection, a restart of the
 * server or the end of the session are told as `lost`; the model keeps what it knows, and is confirmed anew.
 * @throws what trying again does not cure, such as AUTHENTICATION
 */
export async function* watchInventory(
  session: VimSession,
  model: InventoryModel,
  deps: WatchDeps,
  signal: AbortSignal,
): AsyncGenerator<InventoryChange, void, undefined> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      for await (const change of watchOnce(session, model, deps.clock, signal)) {
        attempt = 0;
        yield change;
      }
    } catch (error) {
      const lost = toAppError(error);
      if (signal.aborted || !isWorthRetrying(lost)) throw lost;
      model.beginConfirmation(deps.clock.now());
      deps.logger.info('the live inventory begins anew', { server: session.server, reason: lost.message });
      yield { changed: [], removed: [], placesChanged: false, stage: 'places', lost };
      await deps.clock.sleep(deps.retryMs(attempt), signal);
    }
  }
}

/** A stage being followed. */
interface Followed {
  readonly stage: Stage;
  readonly collector: MoRef;
  readonly view: MoRef;
  version: string;
}

/**
 * Each stage has a collector of its own: not every server reports filters that were added to one that somebody has
 * waited for already.
 */
async function* watchOnce(
  session: VimSession,
  model: InventoryModel,
  clock: Clock,
  signal: AbortSignal,
): AsyncGenerator<InventoryChange, void, undefined> {
  model.beginConfirmation(clock.now());
  const followed: Followed[] = [];
  const end = new AbortController();
  const working = AbortSignal.any([signal, end.signal]);
  try {
    for (const stage of stages) {
      const current = await follow(session, stage, working);
      followed.push(current);
      let isWhole = false;
      while (!isWhole) {
        const set = await nextUpdates(session, current, stage.pageObjects, 0, working);
        if (set !== undefined) yield { ...applied(model, set, stage), stage: stage.name, lost: undefined };
        isWhole = set?.truncated !== true;
      }
      const gone = model.confirmed(stage.types.map(({ type }) => type));
      yield { ...gone, stage: stage.next, lost: undefined };
    }
    model.noteCurrent(clock.now());
    yield { ...model.endRecall(), stage: 'current', lost: undefined };
    yield* changes(session, model, followed, clock, working);
  } finally {
    end.abort();
    await giveBack(session, followed);
  }
}

/** What comes of all stages, as it comes; endless. */
async function* changes(
  session: VimSession,
  model: InventoryModel,
  followed: readonly Followed[],
  clock: Clock,
  signal: AbortSignal,
): AsyncGenerator<InventoryChange, void, undefined> {
  const next = async (current: Followed) => ({
    current,
    set: await nextUpdates(session, current, changePageObjects, maxWaitSeconds, signal),
  });
  const waiting = new Map<Followed, ReturnType<typeof next>>();
  const wait = (current: Followed): void => {
    const coming = next(current);
    // It may fail while whoever consumes the changes is busy and nobody waits for it; the next race meets the failure.
    coming.catch(() => undefined);
    waiting.set(current, coming);
  };
  for (const each of followed) wait(each);
  for (;;) {
    const { current, set } = await Promise.race(waiting.values());
    wait(current);
    model.noteCurrent(clock.now());
    if (set !== undefined) yield { ...applied(model, set, current.stage), stage: 'current', lost: undefined };
  }
}

/** Changes of a whole page of VMs, with their devices if need be. */
const changePageObjects = 100;

async function follow(session: VimSession, stage: Stage, signal: AbortSignal): Promise<Followed> {
  const { content, server } = session;
  const { types } = stage;
  const view = await session.call(
    'CreateContainerView',
    required(content.viewManager, 'view manager', server),
    { container: content.rootFolder, type: types.map(({ type }) => type), recursive: true },
    signal,
  );
  const collector = await session.call('CreatePropertyCollector', content.propertyCollector, {}, signal);
  const traversal: Vim<'TraversalSpec'> = { _type: 'TraversalSpec', type: 'ContainerView', path: 'view' };
  const spec = {
    propSet: types.map(({ type, paths }) => propertySpec(session, type, paths)),
    objectSet: [{ obj: view, skip: true, selectSet: [traversal] }],
    // Between the view and the reading of it an object may go.
    reportMissingObjectsInResults: true,
  };
  await session.call('CreateFilter', collector, { spec, partialUpdates: true }, signal);
  return { stage, view, collector, version: '' };
}

async function nextUpdates(
  session: VimSession,
  followed: Followed,
  maxObjectUpdates: number,
  seconds: number,
  signal: AbortSignal,
): Promise<Vim<'UpdateSet'> | undefined> {
  const { collector, version } = followed;
  const options = { maxWaitSeconds: seconds, maxObjectUpdates };
  const set = await session.call('WaitForUpdatesEx', collector, { version, options }, signal);
  if (set !== undefined) followed.version = set.version;
  return set;
}

function applied(model: InventoryModel, { filterSet }: Vim<'UpdateSet'>, { types }: Stage): ModelChange {
  const changed = new Set<string>();
  const removed = new Set<string>();
  let placesChanged = false;
  const pathsOf = (type: string): readonly string[] =>
    types.find(candidate => isManagedSubtype(type, candidate.type))?.paths ?? [];
  for (const { objectSet } of filterSet ?? []) {
    const change = model.apply(objectSet ?? [], pathsOf);
    for (const id of change.changed) changed.add(id);
    for (const id of change.removed) removed.add(id);
    placesChanged ||= change.placesChanged;
  }
  const stillThere = [...changed].filter(id => !removed.has(id) || model.row(id) !== undefined);
  return {
    changed: stillThere,
    removed: [...removed].filter(id => !stillThere.includes(id)),
    placesChanged,
  };
}

/** They live as long as the session; a session that is gone has taken them along. */
async function giveBack(session: VimSession, followed: readonly Followed[]): Promise<void> {
  const limit = AbortSignal.timeout(10_000);
  for (const { collector, view } of followed) {
    await session.call('DestroyPropertyCollector', collector, {}, limit).catch(() => undefined);
    await session.call('DestroyView', view, {}, limit).catch(() => undefined);
  }
}

function isWorthRetrying(error: AppError): boolean {
  if (error.retryable || error.code === 'CORRUPT_DATA') return true;
  return VimFaultError.isFault(
    error,
    'ManagedObjectNotFound',
    'InvalidCollectorVersion',
    'NotAuthenticated',
    'RequestCanceled',
    'SystemError',
  );
}
