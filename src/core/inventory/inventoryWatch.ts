import type { Clock } from '../../base/clock.ts';
import { type AppError, toAppError } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import { VimFaultError } from '../vsphere/faults.ts';
import type { ManagedType } from '../vsphere/propertyCollector.ts';
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
  /** Objects in one answer: so many that reading it does not hold up the process noticeably. */
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
    pageObjects: 50,
  },
  { name: 'rows', next: 'details', types: [{ type: 'VirtualMachine', paths: rowPaths }], pageObjects: 50 },
  {
    name: 'details',
    next: 'current',
    types: [{ type: 'VirtualMachine', paths: laterPaths }],
    pageObjects: 12,
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
      for await (const change of watchOnce(session, model, signal)) {
        attempt = 0;
        yield change;
      }
    } catch (error) {
      const lost = toAppError(error);
      if (signal.aborted || !isWorthRetrying(lost)) throw lost;
      deps.logger.info('the live inventory begins anew', { server: session.server, reason: lost.message });
      yield { changed: [], removed: [], placesChanged: false, stage: 'places', lost };
      await deps.clock.sleep(deps.retryMs(attempt), signal);
    }
  }
}

async function* watchOnce(
  session: VimSession,
  model: InventoryModel,
  signal: AbortSignal,
): AsyncGenerator<InventoryChange, void, undefined> {
  model.beginConfirmation();
  const collector = await session.call(
    'CreatePropertyCollector',
    session.content.propertyCollector,
    {},
    signal,
  );
  const views: MoRef[] = [];
  try {
    const stageOfFilter = new Map<string, Stage>();
    let version = '';
    for (const stage of stages) {
      const { view, filter } = await addFilter(session, collector, stage, signal);
      views.push(view);
      stageOfFilter.set(filter.value, stage);
      let isWhole = false;
      while (!isWhole) {
        const set = await nextUpdates(session, collector, version, stage.pageObjects, 0, signal);
        if (set !== undefined) {
          version = set.version;
          yield { ...applied(model, set, stageOfFilter), stage: stage.name, lost: undefined };
        }
        isWhole = set?.truncated !== true;
      }
      const gone = model.confirmed(stage.types.map(({ type }) => type));
      yield { ...gone, stage: stage.next, lost: undefined };
    }
    for (;;) {
      const set = await nextUpdates(session, collector, version, changePageObjects, maxWaitSeconds, signal);
      if (set === undefined) continue;
      version = set.version;
      yield { ...applied(model, set, stageOfFilter), stage: 'current', lost: undefined };
    }
  } finally {
    await giveBack(session, collector, views);
  }
}

/** Changes of a whole page of VMs, with their devices if need be. */
const changePageObjects = 25;

async function addFilter(
  session: VimSession,
  collector: MoRef,
  { types }: Stage,
  signal: AbortSignal,
): Promise<{ view: MoRef; filter: MoRef }> {
  const { content, server } = session;
  const view = await session.call(
    'CreateContainerView',
    required(content.viewManager, 'view manager', server),
    { container: content.rootFolder, type: types.map(({ type }) => type), recursive: true },
    signal,
  );
  const traversal: Vim<'TraversalSpec'> = { _type: 'TraversalSpec', type: 'ContainerView', path: 'view' };
  const spec = {
    propSet: types.map(({ type, paths }) => ({ type, pathSet: paths })),
    objectSet: [{ obj: view, skip: true, selectSet: [traversal] }],
    // Between the view and the reading of it an object may go.
    reportMissingObjectsInResults: true,
  };
  const filter = await session.call('CreateFilter', collector, { spec, partialUpdates: true }, signal);
  return { view, filter };
}

async function nextUpdates(
  session: VimSession,
  collector: MoRef,
  version: string,
  maxObjectUpdates: number,
  seconds: number,
  signal: AbortSignal,
): Promise<Vim<'UpdateSet'> | undefined> {
  const options = { maxWaitSeconds: seconds, maxObjectUpdates };
  return await session.call('WaitForUpdatesEx', collector, { version, options }, signal);
}

function applied(
  model: InventoryModel,
  { filterSet }: Vim<'UpdateSet'>,
  stageOfFilter: ReadonlyMap<string, Stage>,
): ModelChange {
  const changed = new Set<string>();
  const removed = new Set<string>();
  let placesChanged = false;
  for (const { filter, objectSet } of filterSet ?? []) {
    const types = stageOfFilter.get(filter.value)?.types ?? [];
    const pathsOf = (type: string): readonly string[] =>
      types.find(candidate => isManagedSubtype(type, candidate.type))?.paths ?? [];
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
async function giveBack(session: VimSession, collector: MoRef, views: readonly MoRef[]): Promise<void> {
  const limit = AbortSignal.timeout(10_000);
  await session.call('DestroyPropertyCollector', collector, {}, limit).catch(() => undefined);
  for (const view of views) await session.call('DestroyView', view, {}, limit).catch(() => undefined);
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
