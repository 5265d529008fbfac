import type { AppError } from '../base/errors.ts';
import { dayMs, formatBytes, formatLongDuration } from '../base/units.ts';
import { describeLease, type GuardedLease } from '../core/jobs/guard.ts';
import { type GuardedSnapshot, type GuardedSnapshots, isWarning } from '../core/jobs/guardSnapshots.ts';
import type { Lease } from '../core/journal/leaseJournal.ts';
import type { JudgedSnapshot } from '../core/jobs/guardSnapshots.ts';
import type { SnapshotVerdict } from '../core/snapshot/judgeSnapshot.ts';
import { table } from './output.ts';

export interface GuardedServer extends GuardedSnapshots {
  readonly vcenter: string;
}

export interface GuardResult {
  /** Nothing was done, it is only told what would be. */
  readonly isPlan: boolean;
  readonly leftovers: readonly GuardedLease[];
  readonly servers: readonly GuardedServer[];
  readonly damaged: readonly AppError[];
  /** Places that could not be looked at. */
  readonly unopened: readonly string[];
}

export function stepText(step: Lease | JudgedSnapshot): string {
  return 'kind' in step ? describeLease(step) : `snapshot ${step.facts.name} of ${step.vm.name}`;
}

export function guardValue({ isPlan, leftovers, servers, damaged, unopened }: GuardResult): unknown {
  return {
    leftovers: leftovers.map(({ lease, recordedAt, outcome, problem }) => ({
      ...lease,
      recordedAt,
      outcome: isPlan ? 'planned' : outcome,
      ...(problem !== undefined && { problem: problem.message }),
    })),
    servers: servers.map(({ vcenter, at, snapshots, toConsolidate, datastores }) => ({
      vcenter,
      at,
      snapshots: snapshots.map(snapshotValue),
      toConsolidate: toConsolidate.map(({ vm, unneededBytes }) => ({
        ...{ vm: vm.name, id: vm.ref.value, unneededBytes },
      })),
      datastores,
    })),
    damagedRecords: damaged.map(({ object, message }) => ({ file: object, problem: message })),
    unopened,
  };
}

function snapshotValue({
  vm,
  facts,
  marker,
  ageMs,
  growth,
  verdict,
  outcome,
  problem,
}: GuardedSnapshot): unknown {
  return {
    ...{ vm: vm.name, id: vm.ref.value, snapshot: facts.ref.value, name: facts.name },
    ...{ createdAt: facts.createdAt, ageMs, verdict, outcome },
    ...(marker !== undefined && {
      ...{ installation: marker.installationId, machine: marker.machineId },
      ...{ job: marker.job, expiresAt: marker.expiresAt },
    }),
    ...(growth !== undefined && {
      writtenBytes: growth.writtenBytes,
      ...(growth.bytesPerDay !== undefined && { bytesPerDay: Math.round(growth.bytesPerDay) }),
    }),
    ...(problem !== undefined && { problem: problem.message }),
  };
}

export function describeGuard(result: GuardResult): string {
  const { leftovers, servers, damaged, unopened } = result;
  const told = servers.flatMap(server => describeServer(server, result.isPlan));
  const blocks = [
    ...(leftovers.length === 0 ? [] : [describeLeftovers(result)]),
    ...told,
    ...(unopened.length === 0 ? [] : [`Not looked at: ${unopened.join(', ')}`]),
  ];
  if (blocks.length > 0) return blocks.join('\n');
  return damaged.length === 0 ? 'Nothing was left behind.' : 'Nothing else was left behind.';
}

function describeLeftovers({ leftovers, isPlan }: GuardResult): string {
  return table(
    ['LEFT BEHIND', 'SINCE', 'OUTCOME', ''],
    leftovers.map(({ lease, recordedAt, outcome, problem }) => [
      describeLease(lease),
      recordedAt.toISOString(),
      ...(isPlan
        ? ['would be given back', '']
        : [outcome, outcome === 'waiting' ? reasonToWait(lease) : (problem?.message ?? '')]),
    ]),
  );
}

function reasonToWait(lease: Lease): string {
  return lease.kind === 'guest-temporary-file'
    ? `its server is not configured here, or the password of ${lease.user} was not given (--guest-user)`
    : 'its server or repository is not configured here';
}

function describeServer(server: GuardedServer, isPlan: boolean): readonly string[] {
  const { vcenter, snapshots, toConsolidate, datastores } = server;
  const shown = snapshots.filter(isWarning);
  return [
    ...(shown.length === 0
      ? []
      : [
          table(
            [`SNAPSHOTS ON ${vcenter}`, 'AGE', 'GROWN', 'A DAY', 'WHOSE', ''],
            shown.map(snapshot => snapshotRow(snapshot, isPlan)),
            new Set([2, 3]),
          ),
        ]),
    ...toConsolidate.map(
      ({ vm, unneededBytes }) =>
        `${vm.name} needs consolidation${unneededBytes === undefined || unneededBytes === 0 ? '' : `: ${formatBytes(unneededBytes)} that no snapshot needs`}. In the vSphere client: Snapshots, Consolidate`,
    ),
    ...datastores
      .filter(({ fullInMs }) => fullInMs < soonMs)
      .map(
        ({ name, freeBytes, bytesPerDay, fullInMs }) =>
          `${name} has ${formatBytes(freeBytes)} left; snapshots grow ${formatBytes(bytesPerDay)} a day and fill it in ${formatLongDuration(fullInMs)}`,
      ),
  ];
}

/** A datastore that is full by then is worth a line. */
const soonMs = 30 * dayMs;

function snapshotRow(snapshot: GuardedSnapshot, isPlan: boolean): readonly string[] {
  const { vm, facts, ageMs, growth } = snapshot;
  return [
    `${vm.name}: ${facts.name}`,
    formatLongDuration(ageMs),
    growth === undefined ? '' : formatBytes(growth.writtenBytes),
    growth?.bytesPerDay === undefined ? '' : formatBytes(growth.bytesPerDay),
    whose(snapshot),
    whatBecomes(snapshot, isPlan),
  ];
}

function whose({ marker, verdict }: GuardedSnapshot): string {
  const texts: Readonly<Record<SnapshotVerdict, string>> = {
    live: 'a running backup',
    orphan: 'this installation',
    other: `installation ${marker?.installationId ?? ''}, valid until ${marker?.expiresAt.toISOString() ?? ''}`,
    expired: `installation ${marker?.installationId ?? ''}, expired ${marker?.expiresAt.toISOString() ?? ''}`,
    old: 'no backup of Quiesce',
    recent: 'no backup of Quiesce',
  };
  return texts[verdict];
}

function whatBecomes({ verdict, outcome, problem }: GuardedSnapshot, isPlan: boolean): string {
  if (outcome !== 'kept') return problem === undefined ? outcome : `${outcome}: ${problem.message}`;
  if (verdict === 'orphan' && isPlan) return 'would be removed';
  if (verdict === 'expired') return 'left behind; --remove-expired removes it';
  if (verdict === 'other') return 'its own installation removes it';
  return 'old: remove it if nobody needs it';
}
