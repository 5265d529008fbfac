import type { Clock } from '../../base/clock.ts';
import { type AppError, toAppError } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { LeaseJournal, SnapshotLeaseRecord } from '../journal/leaseJournal.ts';
import { judgeSnapshot, openSnapshotTokens, type SnapshotVerdict } from '../snapshot/judgeSnapshot.ts';
import { removeLeftoverSnapshot } from '../snapshot/removeSnapshot.ts';
import type { SnapshotMarker } from '../snapshot/snapshotMarker.ts';
import { type SnapshotSurvey, type SurveyedSnapshot, surveySnapshots } from '../snapshot/surveySnapshots.ts';
import type { VimSession } from '../vsphere/session.ts';

export interface GuardSnapshotsDeps {
  readonly journal: LeaseJournal;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface GuardSnapshotsOptions {
  /** From then on a snapshot of a person or another product is warned of. */
  readonly oldAfterMs: number;
  /** Whether somebody agrees that a snapshot of another installation goes, asked for expired ones only. */
  readonly mayRemove: (snapshot: JudgedSnapshot) => boolean;
  readonly onStep: (snapshot: JudgedSnapshot) => void;
}

export interface JudgedSnapshot extends SurveyedSnapshot {
  readonly verdict: SnapshotVerdict;
}

/** One server as the guardian sees it. */
export interface SnapshotReport extends Pick<SnapshotSurvey, 'at' | 'toConsolidate' | 'datastores'> {
  readonly snapshots: readonly JudgedSnapshot[];
}

export interface GuardedSnapshot extends JudgedSnapshot {
  /** `kept`: it is nobody's business here, or nobody has agreed. `failed`: it is tried again by the next guard. */
  readonly outcome: 'removed' | 'kept' | 'failed';
  readonly problem: AppError | undefined;
}

export interface GuardedSnapshots extends SnapshotReport {
  readonly snapshots: readonly GuardedSnapshot[];
}

/** Whose every snapshot of the server is, and what is to be warned of. Nothing is changed. */
export async function reportSnapshots(
  session: VimSession,
  journal: LeaseJournal,
  oldAfterMs: number,
  signal: AbortSignal,
): Promise<SnapshotReport> {
  const { at, snapshots, ...rest } = await surveySnapshots(session, signal);
  const openTokens = await openSnapshotTokens(journal);
  const by = { journal, openTokens, now: at, oldAfterMs };
  return {
    at,
    ...rest,
    snapshots: snapshots.map(snapshot => ({ ...snapshot, verdict: judgeSnapshot(snapshot, by) })),
  };
}

/**
 * Removes snapshots of this installation that nobody answers for, and expired ones of others if somebody agrees. What the
 * journal knows of dead processes is to be given back before: here it counts as answered for.
 */
export async function guardSnapshots(
  session: VimSession,
  { oldAfterMs, mayRemove, onStep }: GuardSnapshotsOptions,
  deps: GuardSnapshotsDeps,
  signal: AbortSignal,
): Promise<GuardedSnapshots> {
  const report = await reportSnapshots(session, deps.journal, oldAfterMs, signal);
  const guarded: GuardedSnapshot[] = [];
  for (const snapshot of report.snapshots) {
    signal.throwIfAborted();
    const { marker, verdict } = snapshot;
    const isToGo = verdict === 'orphan' || (verdict === 'expired' && mayRemove(snapshot));
    if (!isToGo || marker === undefined) {
      guarded.push({ ...snapshot, outcome: 'kept', problem: undefined });
      continue;
    }
    onStep(snapshot);
    guarded.push({ ...snapshot, ...(await removed(session, snapshot, marker, deps, signal)) });
  }
  return { ...report, snapshots: guarded };
}

async function removed(
  session: VimSession,
  { vm, facts, verdict }: JudgedSnapshot,
  { token }: SnapshotMarker,
  deps: GuardSnapshotsDeps,
  signal: AbortSignal,
): Promise<Pick<GuardedSnapshot, 'outcome' | 'problem'>> {
  try {
    // A record that cannot be read may be the one of a running backup.
    const [damaged] = verdict === 'orphan' ? await deps.journal.damagedRecords() : [];
    if (damaged !== undefined) return { outcome: 'failed', problem: damaged };
    const record: SnapshotLeaseRecord = {
      ...{ kind: 'snapshot', vcenterId: session.instanceUuid, vm: vm.ref.value, vmName: vm.name },
      ...{ token, snapshot: facts.ref.value },
    };
    // Whoever is killed here has begun something that the next start must end.
    const lease = await deps.journal.record(record);
    try {
      await removeLeftoverSnapshot(session, record, deps, signal);
    } finally {
      // As long as it is there, the next look finds it.
      await lease.settle();
    }
    return { outcome: 'removed', problem: undefined };
  } catch (error) {
    signal.throwIfAborted();
    return { outcome: 'failed', problem: toAppError(error) };
  }
}

/** What somebody should look at: everything but what is young, or of a running backup. */
export function isWarning({ verdict }: JudgedSnapshot): boolean {
  return verdict !== 'live' && verdict !== 'recent';
}
