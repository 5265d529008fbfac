import type { LeftOutDisk } from '../../catalog/manifest.ts';
import type { FullReason } from '../../changes/fullReason.ts';
import { decideRead, type WholeReadPolicy } from '../../changes/readDecision.ts';
import { defaultChunkGeometry } from '../../chunking/geometry.ts';
import { assess, type Assessment } from '../../consistency/assess.ts';
import { disksOutside } from '../../consistency/disksOutside.ts';
import { compareLevels, type ConsistencyLevel, weakest } from '../../consistency/level.ts';
import { guestRowOf } from '../../consistency/matrix/guestMatrix.ts';
import type { ConsistencyPolicy } from '../../consistency/request/policy.ts';
import {
  firstStep,
  type LevelDowngrade,
  requestedLevel,
  type SnapshotRequest,
} from '../../consistency/request/requestSnapshot.ts';
import type { VirtualMachineFacts } from '../../inventory/readVirtualMachine.ts';
import { AppError } from '../../../base/errors.ts';
import { refusedByLicense } from '../../vsphere/license.ts';
import { type PreviousPoint, previousDisk } from './previousPoint.ts';
import type { TransportChoice } from './transports/transportsFor.ts';

/** What a backup will do, before it does anything. */
export interface BackupPlan {
  readonly vm: VirtualMachineFacts;
  /** How the snapshot will be asked for. */
  readonly request: SnapshotRequest;
  /** The level that the backup answers for. */
  readonly requested: ConsistencyLevel;
  /** Whether the guest is asked to come to rest before the snapshot. */
  readonly quiesce: boolean;
  /** What is known before to be out of reach, and what the policy makes of that. */
  readonly shortfall: (LevelDowngrade & { readonly outcome: ConsistencyPolicy['onShortfall'] }) | undefined;
  /** What the best backup of the VM can be expected to reach, and why it is no more. */
  readonly assessment: Assessment;
  /** What this backup can be expected to reach. */
  readonly predicted: ConsistencyLevel;
  readonly disks: readonly DiskPlan[];
  readonly leftOutDisks: readonly LeftOutDisk[];
  readonly previous: PreviousPoint;
  /** When disks are read whole although their changes are known. */
  readonly wholeReads: WholeReadPolicy;
  /** What disks are read by. */
  readonly transport: TransportChoice;
}

export interface DiskPlan {
  readonly deviceKey: number;
  readonly label: string;
  readonly capacityBytes: number;
  /** Why the whole disk will be read, as far as can be told before the snapshot; undefined if only what has changed is. */
  readonly fullReason: FullReason | undefined;
}

export interface BackupOptions {
  readonly policy: ConsistencyPolicy;
  /** Whether the server takes specifications of how to quiesce. */
  readonly knowsSpecs: boolean;
  /** Whether somebody can be asked. */
  readonly hasUser: boolean;
  readonly wholeReads: WholeReadPolicy;
  readonly transport: TransportChoice;
  /** Nearly that of the server. */
  readonly now: Date;
}

/**
 * @throws CONFLICT if the VM cannot be backed up as it is: a template, or one whose host is gone; PERMISSION if the
 *   license of the server refuses every change
 */
export function planBackup(
  vm: VirtualMachineFacts,
  options: BackupOptions,
  previous: PreviousPoint,
): BackupPlan {
  assertCanBeSnapshotted(vm);
  const leftOut = disksOutside(vm.disks).map(({ deviceKey: key, label, reason }) => ({ key, label, reason }));
  const assessment = assess(vm.facts);
  const request = snapshotRequest(vm, assessment, options);
  const first = firstStep(request);
  const quiesce = vm.runtime.powerState === 'poweredOn' && compareLevels(first.state.level, 'crash') > 0;
  const leftOutKeys = new Set(leftOut.map(({ key }) => key));
  return {
    ...{ vm, request, requested: requestedLevel(request), quiesce, shortfall: shortfallOf(request) },
    assessment,
    predicted: predictedLevel(assessment, first.state.level, vm),
    disks: vm.disks
      .filter(disk => !leftOutKeys.has(disk.deviceKey))
      .map(disk => ({
        deviceKey: disk.deviceKey,
        label: disk.label,
        capacityBytes: disk.capacityBytes,
        fullReason: expectedFullReason(vm, disk, previous, options),
      })),
    leftOutDisks: leftOut,
    previous,
    wholeReads: options.wholeReads,
    transport: options.transport,
  };
}

/** Disks whose changes are not to be had before changed block tracking was switched off and on again. */
export function disksToReset({ vm, disks }: Pick<BackupPlan, 'vm' | 'disks'>): readonly DiskPlan[] {
  if (vm.config.changeTrackingEnabled !== true) return [];
  return disks.filter(
    ({ fullReason }) => fullReason === 'tracking-not-reset' || fullReason === 'verification-failed',
  );
}

/** By the disk as it is now; the snapshot's decides. */
function expectedFullReason(
  { config }: VirtualMachineFacts,
  { deviceKey, capacityBytes, backing }: VirtualMachineFacts['disks'][number],
  previous: PreviousPoint,
  { now, wholeReads: policy }: BackupOptions,
): FullReason | undefined {
  const decision = decideRead({
    now,
    isTrackingEnabled: config.changeTrackingEnabled === true,
    disk: { uuid: backing.uuid, changeId: backing.changeId, capacityBytes },
    previous: previousDisk(previous, deviceKey),
    geometry: defaultChunkGeometry,
    wasReverted: false,
    policy,
  });
  return decision.kind === 'changed' ? undefined : decision.reason;
}

export function snapshotRequest(
  { runtime, facts }: Pick<VirtualMachineFacts, 'runtime' | 'facts'>,
  assessment: Assessment,
  { policy, knowsSpecs, hasUser }: Pick<BackupOptions, 'policy' | 'knowsSpecs' | 'hasUser'>,
): SnapshotRequest {
  const { toolsVersion } = facts;
  const guestFamily = guestRowOf(facts.guestId ?? '')?.traits.family;
  return {
    policy,
    facts: { knowsSpecs, guestFamily, toolsVersion, powerState: runtime.powerState },
    assessment,
    hasUser,
  };
}

function shortfallOf(request: SnapshotRequest): BackupPlan['shortfall'] {
  const step = firstStep(request);
  const { onShortfall } = request.policy;
  if (step.kind === 'ask') return { ...step.downgrade, outcome: 'ask' };
  if (step.kind === 'fail')
    return { from: step.state.level, to: request.assessment.level, reason: step.reason, outcome: 'fail' };
  const [downgrade] = step.state.downgrades;
  return downgrade === undefined ? undefined : { ...downgrade, outcome: onShortfall };
}

/** A guest that runs and is not asked is at most as after a power failure. */
function predictedLevel(
  { level }: Assessment,
  asked: ConsistencyLevel,
  { runtime }: VirtualMachineFacts,
): ConsistencyLevel {
  return runtime.powerState === 'poweredOn' ? weakest([level, asked]) : level;
}

function assertCanBeSnapshotted({ name, config, runtime, ...vm }: VirtualMachineFacts): void {
  if (vm.isServerReadOnly) throw refusedByLicense(vm.host?.name ?? 'the host', `a snapshot of ${name}`);
  if (config.template) {
    throw new AppError('CONFLICT', `${name} is a template, of which no snapshot can be taken`, {
      object: name,
      remedy: 'Convert it to a virtual machine first, or back up a VM deployed from it',
    });
  }
  if (runtime.connectionState !== 'connected') {
    throw new AppError('CONFLICT', `${name} is ${runtime.connectionState}`, {
      object: name,
      remedy: 'Bring its host back, or register the VM on another one',
    });
  }
}
