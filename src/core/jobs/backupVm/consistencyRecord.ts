import type { ConsistencyRecord } from '../../catalog/manifest.ts';
import type { ConsistencyLevel } from '../../consistency/level.ts';

/** What is known of how the snapshot came about. */
export interface SnapshotEvidence {
  readonly quiesceRequested: boolean;
  /** The `quiesced` flag of the snapshot, as the server lists it. */
  readonly reportedQuiesced: boolean;
  readonly powerState: string;
}

/**
 * What a restore point may claim. A server's flag is a claim: it says that quiescing was tried and did not fail, not
 * that the guest was at rest. All disks of one snapshot are of one moment, which is what crash consistency means.
 */
export function consistencyRecord(
  requested: ConsistencyLevel,
  predicted: ConsistencyLevel,
  evidence: SnapshotEvidence,
): ConsistencyRecord {
  const { quiesceRequested, reportedQuiesced, powerState } = evidence;
  const statements = [
    { rule: 'SNAPSHOT-OF-ALL-DISKS', statement: 'All disks in the restore point are of one snapshot' },
    { rule: 'POWER-STATE', statement: `The VM was ${powerState} when the snapshot was taken` },
    ...(quiesceRequested
      ? [
          {
            rule: 'SNAPSHOT-QUIESCED-FLAG',
            statement: `The server lists the snapshot as ${reportedQuiesced ? 'quiesced' : 'not quiesced'}`,
          },
        ]
      : []),
  ];
  const claimed = quiesceRequested && reportedQuiesced;
  return {
    requested,
    predicted,
    proven: 'crash',
    ...(claimed && { claimed: 'filesystem' }),
    evidence: statements,
    downgrades:
      quiesceRequested && !reportedQuiesced
        ? [
            {
              from: requested,
              to: 'crash',
              reason: 'the server took the snapshot without quiescing the guest',
            },
          ]
        : [],
  };
}
