import type { ConsistencyRecord } from '../../catalog/manifest.ts';
import { compareLevels, type ConsistencyLevel } from '../../consistency/level.ts';
import { guestRowOf } from '../../consistency/matrix/guestMatrix.ts';
import { canLeaveManifest } from '../../consistency/proof/canLeaveManifest.ts';
import { type FoundManifest, type Proof, prove } from '../../consistency/proof/prove.ts';
import type { LevelDowngrade } from '../../consistency/request/requestSnapshot.ts';
import type { AssessmentFacts } from '../../inventory/assessmentFacts.ts';
import type { RequestHistory } from '../snapshotByPolicy.ts';

/** What is known of how the snapshot came about. */
export interface SnapshotEvidence {
  readonly history: RequestHistory;
  /** The `quiesced` flag of the snapshot, as the server lists it. */
  readonly reportedQuiesced: boolean;
  readonly powerState: string;
  /** Of the VM before the snapshot. */
  readonly facts: Pick<AssessmentFacts, 'guestId' | 'lastPowerOff' | 'toolsVersion' | 'host'>;
  /** By the server's clock. */
  readonly takenAt: Date;
}

/** Until the guest's own manifest is fetched, a server's flag stays a claim. */
const notFetched: FoundManifest = { kind: 'unreadable', reason: 'the guest’s manifest was not fetched' };

/**
 * What a restore point may claim. A server's flag is a claim: it says that quiescing was tried and did not fail, not
 * that the guest was at rest. All disks of one snapshot are of one moment, which is what crash consistency means.
 */
export function consistencyRecord(
  requested: ConsistencyLevel,
  predicted: ConsistencyLevel,
  evidence: SnapshotEvidence,
): ConsistencyRecord {
  const { history, reportedQuiesced, powerState, facts, takenAt } = evidence;
  const proof = prove({
    requested: history.level,
    guestFamily: guestRowOf(facts.guestId ?? '')?.traits.family,
    powerState,
    lastPowerOff: facts.lastPowerOff,
    isListedAsQuiesced: reportedQuiesced,
    canLeaveManifest: canLeaveManifest(facts),
    manifest: notFetched,
    events: [],
    window: { from: takenAt, to: takenAt },
    tokens: [],
    writersBefore: undefined,
  });
  return {
    requested,
    predicted,
    proven: proof.proven,
    ...(proof.claimed !== undefined && { claimed: proof.claimed }),
    evidence: [
      { rule: 'POWER-STATE', statement: `The VM was ${powerState} when the snapshot was taken` },
      ...proof.evidence,
    ],
    downgrades: [...history.downgrades, ...refuted(history.level, proof)],
    attempts: history.attempts.map(({ level, call, at, problem }) => ({
      ...{ level, call, at: at.toISOString() },
      ...(problem !== undefined && { problem }),
    })),
  };
}

/** The server took the snapshot and the evidence says that it is not what was asked for. */
function refuted(asked: ConsistencyLevel, { evidence, proven, claimed }: Proof): readonly LevelDowngrade[] {
  const against = evidence
    .filter(({ limits }) => limits !== undefined && compareLevels(limits, asked) < 0)
    .toSorted((one, other) => compareLevels(one.limits ?? asked, other.limits ?? asked))[0];
  if (against === undefined) return [];
  return [{ from: asked, to: claimed ?? proven, reason: against.statement }];
}
