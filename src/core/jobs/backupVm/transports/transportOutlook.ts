import { never } from '../../../../base/assert.ts';
import { MiB } from '../../../../base/units.ts';
import type { TransportKind } from '../../../catalog/manifest.ts';
import type { VirtualDiskFacts } from '../../../inventory/virtualDisk.ts';
import type { TransportRefusal } from './diskTransport.ts';
import { folderRefusal, isWorthRanges } from './folderTransport.ts';
import { hotAddRefusal, tellsAllocated } from './hotAddTransport.ts';
import { namelessFile } from './nbdTransport.ts';
import type { OwnVm } from './ownVm.ts';
import { type TransportChoice, transportOrder } from './transportsFor.ts';

/** What is known of a VM before a snapshot of it exists. */
export interface TransportFacts {
  /** Managed object id. */
  readonly vm: string;
  readonly isEncrypted: boolean;
  readonly hasTpm: boolean;
  /** The server makes it for itself, and anew when it is gone. */
  readonly isOfServer: boolean;
  /** The license of the server refuses every change. */
  readonly isServerReadOnly: boolean;
  readonly isTracking: boolean;
  readonly hostVersion: string | undefined;
  readonly datacenterPath: string | undefined;
  readonly ownVm: OwnVm | undefined;
  /** Why no program can serve disks, as far as that can be told without starting one. */
  readonly nbdRefusal: TransportRefusal | undefined;
  readonly disks: readonly DiskForecast[];
  /** By the id of the datastore: `VMFS`, `NFS`, `vsan`, …. */
  readonly datastoreTypes: ReadonlyMap<string, string>;
  /** What the account lacks for a transport. */
  readonly missingPrivileges: ReadonlyMap<TransportKind, readonly string[]>;
  /** How fast the last backup was that read every disk by one transport. */
  readonly measured: MeasuredRate | undefined;
}

export interface MeasuredRate {
  readonly kind: TransportKind;
  readonly bytesPerSecond: number;
}

export interface DiskForecast {
  readonly disk: VirtualDiskFacts;
  /** Of its files; undefined where the server does not tell. */
  readonly allocatedBytes: number | undefined;
  /** Whether only what has changed has to be read, as far as can be told. */
  readonly isIncremental: boolean;
  /** In the backup before, which was incremental. */
  readonly changedBefore: number | undefined;
}

/** What a transport can do for a VM, and what that costs. */
export interface TransportOutlook {
  readonly kind: TransportKind;
  /** Labels of the disks that would be read by it. */
  readonly takenFor: readonly string[];
  /** Disks that it cannot read, and why; a reason for all of them has no label. */
  readonly closed: readonly (TransportRefusal & { readonly label?: string })[];
  /** Whether it can leave what has not changed unread. */
  readonly readsChangesAlone: boolean;
  /** Of all disks that it can read; undefined if there are none. */
  readonly cost: TransportCost | undefined;
}

export interface TransportCost {
  /** What has to come from the host. */
  readonly readBytes: number;
  /** One disk after the other, while the snapshot exists. */
  readonly snapshotOpenMs: number;
  readonly bytesPerSecond: number;
  /** Of this VM, in its last backup; otherwise `assumedRates` is what it is. */
  readonly isMeasured: boolean;
}

/** What was seen of the transports elsewhere: a single lease through a vCenter, eight ranges at a time, an own device. */
export const assumedRates: Readonly<Record<TransportKind, number>> = {
  'nfc-lease': 25 * 1_000_000,
  'datastore-files': 70 * 1_000_000,
  nbd: 140 * 1_000_000,
  'hot-add': 200 * 1_000_000,
};

/** Busy guests change about so much of their disks from day to day. */
const assumedShareOfChanges = 0.05;

/** Of what is said to be unchanged, so much is read all the same. */
const leastSampleBytes = 64 * MiB;
const sampleShare = 0.001;

/** Every transport that there is, best first. Pure: what is asked of servers is in the facts. */
export function transportOutlooks(
  facts: TransportFacts,
  choice: TransportChoice,
): readonly TransportOutlook[] {
  const kinds = choice === 'auto' ? transportOrder : transportOrder.filter(kind => kind === choice);
  const takenBy = new Map(
    facts.disks.map(forecast => [
      forecast,
      kinds.find(
        kind =>
          refusalOf(kind, forecast, facts) === undefined && (choice !== 'auto' || isWorth(kind, forecast)),
      ),
    ]),
  );
  return transportOrder.map(kind => {
    const open = facts.disks.filter(forecast => refusalOf(kind, forecast, facts) === undefined);
    return {
      kind,
      takenFor: facts.disks.filter(forecast => takenBy.get(forecast) === kind).map(({ disk }) => disk.label),
      closed: closedFor(kind, facts),
      readsChangesAlone: kind !== 'nfc-lease',
      cost: open.length === 0 ? undefined : costOf(kind, open, facts),
    };
  });
}

/** A reason that all disks share is told once. */
function closedFor(kind: TransportKind, facts: TransportFacts): TransportOutlook['closed'] {
  const refusals = facts.disks.flatMap(forecast => {
    const refusal = refusalOf(kind, forecast, facts);
    return refusal === undefined ? [] : [{ label: forecast.disk.label, ...refusal }];
  });
  const [first] = refusals;
  const isShared =
    refusals.length === facts.disks.length && refusals.every(({ refused }) => refused === first?.refused);
  if (first === undefined || !isShared) return refusals;
  const { refused, remedy } = first;
  return [{ refused, ...(remedy !== undefined && { remedy }) }];
}

function refusalOf(
  kind: TransportKind,
  { disk }: DiskForecast,
  facts: TransportFacts,
): TransportRefusal | undefined {
  if (facts.isOfServer)
    return { refused: 'the server makes this VM for itself', remedy: 'Leave it out: it is made anew' };
  if (facts.isServerReadOnly)
    return {
      refused: 'the license of the server refuses snapshots',
      remedy: 'Use a license that allows them',
    };
  return refusalOfKind(kind, disk, facts) ?? missingPrivileges(kind, facts);
}

function refusalOfKind(
  kind: TransportKind,
  disk: VirtualDiskFacts,
  facts: TransportFacts,
): TransportRefusal | undefined {
  const { vm, isEncrypted, hasTpm, ownVm, datacenterPath, datastoreTypes } = facts;
  switch (kind) {
    case 'nfc-lease':
      if (isEncrypted) return { refused: 'encrypted VMs are not exported' };
      return hasTpm ? { refused: 'VMs with a virtual TPM are not exported' } : undefined;
    case 'datastore-files':
      if (isEncrypted) return { refused: 'its file holds encrypted bytes' };
      return (
        unreadableDatastore(datastoreTypes.get(disk.backing.datastore?.value ?? '')) ??
        folderRefusal(disk, datacenterPath)
      );
    case 'hot-add':
      return hotAddRefusal(disk, { vm, isEncrypted, ownVm });
    case 'nbd':
      return facts.nbdRefusal ?? namelessFile(disk);
    default:
      return never(kind);
  }
}

/** There disks are objects of the storage and no files. */
function unreadableDatastore(type: string | undefined): TransportRefusal | undefined {
  return type !== undefined && /^(vsan|vsanD|VVOL)$/i.test(type)
    ? { refused: `a datastore of the type ${type} has no files of disks` }
    : undefined;
}

function missingPrivileges(
  kind: TransportKind,
  { missingPrivileges: missing }: TransportFacts,
): TransportRefusal | undefined {
  const privileges = missing.get(kind) ?? [];
  if (privileges.length === 0) return undefined;
  return {
    refused: `the account does not have the privilege ${privileges.join(', ')}`,
    remedy: 'Give its role what docs/PRIVILEGES.md names',
  };
}

/** Whether the transport would be taken if nobody insists on it. */
function isWorth(kind: TransportKind, forecast: DiskForecast): boolean {
  if (kind !== 'datastore-files') return true;
  const wantedBytes = forecast.isIncremental ? neededBytes(forecast) : undefined;
  return isWorthRanges(wantedBytes, forecast.disk.capacityBytes);
}

function costOf(
  kind: TransportKind,
  forecasts: readonly DiskForecast[],
  facts: TransportFacts,
): TransportCost {
  const readBytes = forecasts.reduce((sum, forecast) => sum + readBytesOf(kind, forecast, facts), 0);
  const { measured } = facts;
  const isMeasured = measured?.kind === kind;
  const bytesPerSecond = isMeasured ? measured.bytesPerSecond : assumedRates[kind];
  return {
    readBytes,
    snapshotOpenMs: Math.round((readBytes / bytesPerSecond) * 1000),
    bytesPerSecond,
    isMeasured,
  };
}

function readBytesOf(kind: TransportKind, forecast: DiskForecast, facts: TransportFacts): number {
  const { disk, allocatedBytes = disk.capacityBytes, isIncremental } = forecast;
  if (kind === 'nfc-lease') return Math.min(allocatedBytes, disk.capacityBytes);
  if (isIncremental) return neededBytes(forecast);
  // Ranges are read of a file of which nobody tells what is in use; of a device only where the server can be believed.
  const isMapped =
    kind === 'nbd' || (kind === 'hot-add' && facts.isTracking && tellsAllocated(facts.hostVersion));
  return isMapped ? Math.min(allocatedBytes, disk.capacityBytes) : disk.capacityBytes;
}

/** What has changed, and the sample of what has not. */
function neededBytes({
  disk: { capacityBytes },
  allocatedBytes = capacityBytes,
  changedBefore,
}: DiskForecast) {
  const changedBytes = changedBefore ?? allocatedBytes * assumedShareOfChanges;
  const sampleBytes = Math.max(leastSampleBytes, (capacityBytes - changedBytes) * sampleShare);
  return Math.round(Math.min(capacityBytes, changedBytes + sampleBytes));
}
