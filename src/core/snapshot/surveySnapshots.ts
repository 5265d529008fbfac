import { dayMs } from '../../base/units.ts';
import type { VmIdentity } from '../inventory/listVirtualMachines.ts';
import { flattenSnapshots, type SnapshotFacts } from '../inventory/snapshotTree.ts';
import { plainName } from '../vsphere/entityName.ts';
import { VimFaultError } from '../vsphere/faults.ts';
import { readAllOfType, readProperties } from '../vsphere/propertyCollector.ts';
import { serviceInstance, type VimSession } from '../vsphere/session.ts';
import type { Vim } from '../vsphere/vimCaller.ts';
import { growthSince, type SnapshotGrowth, unneededBytes } from './snapshotGrowth.ts';
import { parseMarker, type SnapshotMarker } from './snapshotMarker.ts';

/** The snapshots of one server at one moment, and what grows beside them. */
export interface SnapshotSurvey {
  /** By the server's clock, as all ages are. */
  readonly at: Date;
  /** In the order of the server. */
  readonly snapshots: readonly SurveyedSnapshot[];
  /** VMs whose disks stand on files that no snapshot needs. */
  readonly toConsolidate: readonly ToConsolidate[];
  /** Datastores on which something grows, the first to be full first. */
  readonly datastores: readonly DatastoreForecast[];
}

export interface SurveyedSnapshot {
  readonly vm: VmIdentity;
  readonly facts: SnapshotFacts;
  /** Undefined if it is of a person or another product. */
  readonly marker: SnapshotMarker | undefined;
  readonly ageMs: number;
  /** Undefined where the server does not tell the files. */
  readonly growth: SnapshotGrowth | undefined;
}

export interface ToConsolidate {
  readonly vm: VmIdentity;
  /** Of files that a consolidation would give back; undefined while snapshots are there, or where files are not told. */
  readonly unneededBytes: number | undefined;
}

export interface DatastoreForecast {
  readonly name: string;
  readonly freeBytes: number;
  /** Of all VMs with snapshots on it together. */
  readonly bytesPerDay: number;
  /** When it is full if that goes on. */
  readonly fullInMs: number;
}

/** Looks at every VM that the account may see. Nothing is changed. */
export async function surveySnapshots(session: VimSession, signal: AbortSignal): Promise<SnapshotSurvey> {
  const at = await session.call('CurrentTime', serviceInstance, {}, signal);
  const paths = ['name', 'snapshot', 'runtime.consolidationNeeded'] as const;
  const all = await readAllOfType(session, 'VirtualMachine', paths, signal);
  const affected = all.filter(
    ({ properties }) =>
      properties.snapshot !== undefined || properties['runtime.consolidationNeeded'] === true,
  );
  const layouts = await readLayouts(session, affected, signal);
  const snapshots: SurveyedSnapshot[] = [];
  const toConsolidate: ToConsolidate[] = [];
  for (const { object, properties } of affected) {
    const vm: VmIdentity = { ref: object, name: plainName(properties.name) };
    const layout = layouts.get(object.value);
    for (const facts of flattenSnapshots(properties.snapshot)) {
      const ageMs = Math.max(0, at.getTime() - facts.createdAt.getTime());
      const growth = growthSince(layout, facts.ref, ageMs);
      snapshots.push({ vm, facts, marker: markerOf(vm, facts), ageMs, growth });
    }
    if (properties['runtime.consolidationNeeded'] === true)
      toConsolidate.push({ vm, unneededBytes: unneededBytes(layout) });
  }
  return { at, snapshots, toConsolidate, datastores: await forecast(session, snapshots, signal) };
}

/** A description that came along with a copy of a VM makes no snapshot ours. */
function markerOf({ ref }: VmIdentity, { description }: SnapshotFacts): SnapshotMarker | undefined {
  const marker = parseMarker(description);
  return marker?.vm === ref.value ? marker : undefined;
}

async function readLayouts(
  session: VimSession,
  machines: readonly { readonly object: VmIdentity['ref'] }[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Vim<'VirtualMachineFileLayoutEx'>>> {
  const refs = machines.map(({ object }) => object);
  const found = await readProperties(session, 'VirtualMachine', refs, ['layoutEx'], signal).catch(
    (error: unknown) => {
      // A VM has gone in between; the next look has the figures of the others again.
      if (VimFaultError.isFault(error, 'ManagedObjectNotFound')) return [];
      throw error;
    },
  );
  return new Map(
    found.flatMap(({ object, properties: { layoutEx } }) =>
      layoutEx === undefined ? [] : [[object.value, layoutEx]],
    ),
  );
}

/** A VM grows as it has since its oldest snapshot: the younger ones hold parts of the same. */
async function forecast(
  session: VimSession,
  snapshots: readonly SurveyedSnapshot[],
  signal: AbortSignal,
): Promise<readonly DatastoreForecast[]> {
  const oldest = new Map<string, SurveyedSnapshot>();
  for (const snapshot of snapshots) {
    const known = oldest.get(snapshot.vm.ref.value);
    if (known === undefined || known.ageMs < snapshot.ageMs) oldest.set(snapshot.vm.ref.value, snapshot);
  }
  const growing = new Map<string, number>();
  for (const { growth } of oldest.values()) {
    if (growth?.bytesPerDay === undefined) continue;
    for (const [name, bytes] of growth.writtenOn) {
      const share = growth.writtenBytes === 0 ? 0 : bytes / growth.writtenBytes;
      growing.set(name, (growing.get(name) ?? 0) + growth.bytesPerDay * share);
    }
  }
  if (growing.size === 0) return [];
  const datastores = await readAllOfType(session, 'Datastore', ['summary'], signal);
  return datastores
    .flatMap(({ properties: { summary } }) => {
      const bytesPerDay = summary === undefined ? undefined : growing.get(summary.name);
      if (summary === undefined || bytesPerDay === undefined || bytesPerDay === 0) return [];
      const { name, freeSpace: freeBytes } = summary;
      return [{ name, freeBytes, bytesPerDay, fullInMs: (freeBytes / bytesPerDay) * dayMs }];
    })
    .toSorted((one, other) => one.fullInMs - other.fullInMs);
}
