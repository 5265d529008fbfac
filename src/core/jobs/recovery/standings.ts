import { AppError } from '../../../base/errors.ts';
import { listBackupSets, type RestorePointSummary } from '../../catalog/backupSet.ts';
import { openRestorePoint } from '../../catalog/restorePoint.ts';
import { type GoalFacts, type Standing, standingOf } from '../../consistency/recovery/goal.ts';
import { estimateTime, type Transfer } from '../../consistency/recovery/timeEstimate.ts';
import {
  acceptancesOf,
  type GoalBook,
  goalOf,
  type GoalRecord,
  type GoalSubject,
} from '../../goals/recoveryGoals.ts';
import type { Repository } from '../../repository/repository.ts';
import { type PointFacts, pointFacts } from './pointFacts.ts';

/** A repository by the name people know it by. */
export interface NamedRepository {
  readonly name: string;
  readonly repository: Repository;
}

/** The newest restore point of a VM, and the repository that has it. */
export interface NewestPoint extends NamedRepository {
  readonly point: RestorePointSummary;
}

export interface NewestPoints {
  /** By instance UUID of the VM, over all repositories that were looked at. */
  readonly byVm: ReadonlyMap<string, NewestPoint>;
  /** Snapshots that cannot be read: a newer restore point may be among them. */
  readonly problems: readonly AppError[];
}

export async function newestPoints(
  repositories: readonly NamedRepository[],
  signal: AbortSignal,
): Promise<NewestPoints> {
  const byVm = new Map<string, NewestPoint>();
  const problems: AppError[] = [];
  for (const named of repositories) {
    const listed = await listBackupSets(named.repository, signal);
    problems.push(...listed.problems);
    for (const { vmInstanceUuid, points } of listed.sets) {
      const [point] = points;
      const other = byVm.get(vmInstanceUuid);
      if (point === undefined || (other !== undefined && other.point.takenAt >= point.takenAt)) continue;
      byVm.set(vmInstanceUuid, { ...named, point });
    }
  }
  return { byVm, problems };
}

/** How a VM stands against the goal that holds for it. */
export interface VmStanding {
  readonly record: GoalRecord;
  readonly standing: Standing;
  readonly newest: NewestPoint | undefined;
  readonly facts: GoalFacts;
}

export interface StandingDeps {
  readonly book: GoalBook;
  readonly newest: NewestPoints['byVm'];
  /** Measured restores of whole VMs. */
  readonly transfers: readonly Transfer[];
  readonly factsOf: (point: NewestPoint, signal: AbortSignal) => Promise<PointFacts>;
  readonly now: Date;
}

/** Undefined for a VM without a goal. */
export async function standingOfVm(
  vm: GoalSubject,
  { book, newest, transfers, factsOf, now }: StandingDeps,
  signal: AbortSignal,
): Promise<VmStanding | undefined> {
  const record = goalOf(book.goals, vm);
  if (record === undefined) return undefined;
  const point = vm.vmInstanceUuid === undefined ? undefined : newest.get(vm.vmInstanceUuid);
  const known = point === undefined ? undefined : await factsOrNothing(point, factsOf, signal);
  const facts: GoalFacts = {
    newest: known,
    recoveryTime: estimateTime(known?.capacityBytes, transfers),
  };
  const acceptances = acceptancesOf(book.acceptances, vm);
  return { record, standing: standingOf(record.goal, facts, acceptances, now), newest: point, facts };
}

export interface StandingOfVm<Vm> extends VmStanding {
  readonly vm: Vm;
}

export interface Standings<Vm> {
  /** Of VMs that have a goal. */
  readonly standings: readonly StandingOfVm<Vm>[];
  /** Records of goals and snapshots that cannot be read. */
  readonly problems: readonly AppError[];
}

/** Against the newest restore points of the repositories. */
export async function standingsOfVms<Vm>(
  vms: readonly Vm[],
  subjectOf: (vm: Vm) => GoalSubject,
  {
    repositories,
    ...deps
  }: Omit<StandingDeps, 'newest'> & { readonly repositories: readonly NamedRepository[] },
  signal: AbortSignal,
): Promise<Standings<Vm>> {
  const newest = await newestPoints(repositories, signal);
  const standings: StandingOfVm<Vm>[] = [];
  for (const vm of vms) {
    const found = await standingOfVm(subjectOf(vm), { ...deps, newest: newest.byVm }, signal);
    if (found !== undefined) standings.push({ vm, ...found });
  }
  return { standings, problems: [...deps.book.problems, ...newest.problems] };
}

/** A restore point that cannot be read is there, and proves nothing: it must neither meet a goal nor hide other VMs. */
async function factsOrNothing(
  point: NewestPoint,
  factsOf: StandingDeps['factsOf'],
  signal: AbortSignal,
): Promise<Partial<PointFacts> & NonNullable<GoalFacts['newest']>> {
  try {
    return await factsOf(point, signal);
  } catch (error) {
    if (!AppError.is(error, 'CORRUPT_DATA', 'NOT_FOUND', 'UNSUPPORTED_FORMAT')) throw error;
    return { takenAt: point.point.takenAt, proven: 'none', coverage: 'unknown' };
  }
}

/** From the restore point itself. @throws what opening it throws */
export async function readPointFacts(
  { repository, point }: NewestPoint,
  signal: AbortSignal,
): Promise<PointFacts> {
  return pointFacts((await openRestorePoint(repository, point.id, signal)).manifest);
}
