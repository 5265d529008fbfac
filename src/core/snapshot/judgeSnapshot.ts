import { hourMs } from '../../base/units.ts';
import type { LeaseJournal, SnapshotLeaseRecord } from '../journal/leaseJournal.ts';
import type { SurveyedSnapshot } from './surveySnapshots.ts';

/**
 * Whose a snapshot is, and what becomes of it:
 * `live`: ours, and a job that runs answers for it, or a leftover that is given back anyway;
 * `orphan`: ours, and nobody answers for it: it is removed;
 * `other`: of another installation, which answers for it;
 * `expired`: of another installation, and surely left over: removed if somebody agrees;
 * `old`, `recent`: of a person or another product, which is never touched.
 */
export type SnapshotVerdict = 'live' | 'orphan' | 'other' | 'expired' | 'old' | 'recent';

export interface JudgedBy {
  readonly journal: Pick<LeaseJournal, 'installationId' | 'machineId'>;
  /** Tokens of all leases that are written down; read after the snapshots, or a new one looks like an orphan. */
  readonly openTokens: ReadonlySet<string>;
  readonly now: Date;
  readonly oldAfterMs: number;
}

/** VMware advises against keeping one for longer: it grows, slows the VM down, and takes long to remove. */
export const usualOldAfterMs = 72 * hourMs;

export function judgeSnapshot(
  { marker, ageMs }: SurveyedSnapshot,
  { journal, openTokens, now, oldAfterMs }: JudgedBy,
): SnapshotVerdict {
  if (marker === undefined) return ageMs >= oldAfterMs ? 'old' : 'recent';
  if (openTokens.has(marker.token)) return 'live';
  const isOurs = marker.installationId === journal.installationId && marker.machineId === journal.machineId;
  if (isOurs) return 'orphan';
  return marker.expiresAt <= now ? 'expired' : 'other';
}

export async function openSnapshotTokens(
  journal: Pick<LeaseJournal, 'openLeases'>,
): Promise<ReadonlySet<string>> {
  const leases = await journal.openLeases();
  return new Set(
    leases
      .filter((lease): lease is SnapshotLeaseRecord => lease.kind === 'snapshot')
      .map(({ token }) => token),
  );
}
