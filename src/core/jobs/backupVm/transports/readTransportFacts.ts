import type { Logger } from '../../../../base/logger.ts';
import { toAppError } from '../../../../base/errors.ts';
import type { TransportKind } from '../../../catalog/manifest.ts';
import type { LocalMachine } from '../../../disk/node/localMachine.ts';
import type { VirtualMachineFacts } from '../../../inventory/readVirtualMachine.ts';
import { type FeatureId, features } from '../../../vsphere/privileges/featurePrivileges.ts';
import { grantedPrivileges } from '../../../vsphere/privileges/grantedPrivileges.ts';
import { readObject, readProperties } from '../../../vsphere/propertyCollector.ts';
import type { MoRef } from '../../../vsphere/schema/moRef.ts';
import type { VimSession } from '../../../vsphere/session.ts';
import type { Vim } from '../../../vsphere/vimCaller.ts';
import type { BackupPlan } from '../backupPlan.ts';
import type { PreviousPoint } from '../previousPoint.ts';
import type { NbdAccess } from '../readDeps.ts';
import { nbdRefusal } from './nbdTransport.ts';
import { findOwnVm, type OwnVm } from './ownVm.ts';
import type { DiskForecast, MeasuredRate, TransportFacts } from './transportOutlook.ts';

/** Those of the server's agents, for instance vCLS. */
const agentExtension = 'com.vmware.vim.eam';

/** A backup that was over at once measured little. */
const leastMeasuredBytes = 16 * 1024 * 1024;
const leastMeasuredMs = 1000;

export interface TransportFactsDeps {
  readonly machine: LocalMachine;
  readonly logger: Logger;
  /** Undefined: no NBD program is set up. */
  readonly nbd?: Pick<NbdAccess, 'settings'>;
}

/** What a forecast of the transports rests on, asked of the server; a snapshot is not needed. */
export async function readTransportFacts(
  session: VimSession,
  { vm, disks, previous }: BackupPlan,
  { machine, logger, nbd }: TransportFactsDeps,
  signal: AbortSignal,
): Promise<TransportFacts> {
  const { layoutEx } = await readObject(session, 'VirtualMachine', vm.ref, ['layoutEx'], signal);
  const datastores = datastoresOf(vm);
  const summaries = await readProperties(session, 'Datastore', datastores, ['summary'], signal);
  const ownVm = await findOwnVm(session, machine, logger, signal);
  const forecasts = disks.flatMap(({ deviceKey, fullReason }): DiskForecast[] => {
    const disk = vm.disks.find(candidate => candidate.deviceKey === deviceKey);
    if (disk === undefined) return [];
    return [
      {
        disk,
        allocatedBytes: allocatedBytesOf(layoutEx, deviceKey),
        isIncremental: fullReason === undefined,
        changedBefore: changedBefore(previous, deviceKey),
      },
    ];
  });
  return {
    vm: vm.ref.value,
    isEncrypted: vm.facts.isEncrypted === true,
    hasTpm: (vm.facts.devices?.trustedPlatformModules ?? []).length > 0,
    isOfServer: vm.config.managedBy?.extensionKey === agentExtension || /^vCLS\b/.test(vm.name),
    isServerReadOnly: vm.isServerReadOnly,
    isTracking: vm.config.changeTrackingEnabled === true,
    hostVersion: vm.facts.host?.version,
    datacenterPath: vm.datacenterPath,
    ownVm,
    nbdRefusal: await nbdRefusal(nbd, signal),
    disks: forecasts,
    datastoreTypes: new Map(
      summaries.flatMap(({ object, properties: { summary } }) =>
        summary === undefined ? [] : [[object.value, summary.type] as const],
      ),
    ),
    missingPrivileges: await readMissing(session, { vm: vm.ref, datastores, ownVm }, logger, signal),
    measured: measuredRate(previous, forecasts),
  };
}

/** The datastores that the disks of a VM lie on. */
export function datastoresOf({ disks }: Pick<VirtualMachineFacts, 'disks'>): readonly MoRef[] {
  const refs = disks.flatMap(({ backing: { datastore } }) => datastore ?? []);
  return [...new Map(refs.map(ref => [ref.value, ref])).values()];
}

/** Of all files of a disk's chain; undefined if the server does not tell. */
function allocatedBytesOf(
  layout: Vim<'VirtualMachineFileLayoutEx'> | undefined,
  deviceKey: number,
): number | undefined {
  const chain = layout?.disk?.find(({ key }) => key === deviceKey)?.chain;
  if (chain === undefined) return undefined;
  const keys = new Set(chain.flatMap(({ fileKey }) => fileKey));
  return (layout?.file ?? []).reduce((sum, { key, size }) => (keys.has(key) ? sum + size : sum), 0);
}

function changedBefore(previous: PreviousPoint, deviceKey: number): number | undefined {
  if (previous.kind !== 'open') return undefined;
  const disk = previous.point.manifest.disks.find(({ key }) => key === deviceKey);
  return disk?.transport.readMode === 'changed-areas' ? disk.transport.changedBytes : undefined;
}

/** A lease sends packed what is allocated, so that for it only the time counts. */
function measuredRate(previous: PreviousPoint, forecasts: readonly DiskForecast[]): MeasuredRate | undefined {
  if (previous.kind !== 'open') return undefined;
  const { disks, startedAt, finishedAt } = previous.point.manifest;
  const [kind, another] = new Set(disks.map(({ transport }) => transport.kind));
  const tookMs = Date.parse(finishedAt) - Date.parse(startedAt);
  if (kind === undefined || another !== undefined || !(tookMs >= leastMeasuredMs)) return undefined;
  const readBytes =
    kind === 'nfc-lease'
      ? forecasts.reduce(
          (sum, { disk, allocatedBytes = disk.capacityBytes }) =>
            sum + Math.min(allocatedBytes, disk.capacityBytes),
          0,
        )
      : disks.reduce((sum, { transport }) => sum + transport.receivedBytes, 0);
  if (readBytes < leastMeasuredBytes) return undefined;
  return { kind, bytesPerSecond: (readBytes * 1000) / tookMs };
}

const featureOf: Readonly<Partial<Record<TransportKind, FeatureId>>> = {
  'nfc-lease': 'backup',
  'datastore-files': 'datastoreFiles',
  'hot-add': 'hotAdd',
};

interface Objects {
  readonly vm: MoRef;
  readonly datastores: readonly MoRef[];
  readonly ownVm: OwnVm | undefined;
}

/** A server that cannot be asked is believed. */
async function readMissing(
  session: VimSession,
  objects: Objects,
  logger: Logger,
  signal: AbortSignal,
): Promise<TransportFacts['missingPrivileges']> {
  const missing = new Map<TransportKind, readonly string[]>();
  try {
    for (const [kind, feature] of Object.entries(featureOf) as [TransportKind, FeatureId][]) {
      const on = objectsOf(kind, objects);
      const privileges = features
        .filter(({ id }) => id === feature)
        .flatMap(({ needs }) => needs.map(({ privilege }) => privilege));
      const granted = on.length === 0 ? undefined : await grantedPrivileges(session, on, privileges, signal);
      if (granted === undefined) continue;
      missing.set(
        kind,
        privileges.filter(privilege => on.some(({ value }) => granted.get(value)?.has(privilege) !== true)),
      );
    }
  } catch (error) {
    signal.throwIfAborted();
    logger.info('nobody tells what the account may', { reason: toAppError(error).message });
  }
  return missing;
}

function objectsOf(kind: TransportKind, { vm, datastores, ownVm }: Objects): readonly MoRef[] {
  if (kind === 'datastore-files') return datastores;
  if (kind === 'hot-add') return ownVm === undefined ? [] : [ownVm.ref];
  return [vm];
}
