import type { ConsistencyRecord } from '../../catalog/manifest.ts';
import { compareLevels, type ConsistencyLevel } from '../../consistency/level.ts';
import { guestRowOf } from '../../consistency/matrix/guestMatrix.ts';
import { canLeaveManifest } from '../../consistency/proof/canLeaveManifest.ts';
import { type FoundManifest, imageRule, type Proof, prove } from '../../consistency/proof/prove.ts';
import type { LevelDowngrade } from '../../consistency/request/requestSnapshot.ts';
import type { AssessmentFacts } from '../../inventory/assessmentFacts.ts';
import type { RequestHistory } from '../snapshotByPolicy.ts';
import type { EventsInWindow } from '../snapshotEvents.ts';
import type { ImageEvidence } from './imageEvidence.ts';

/** What is known of how the snapshot came about. */
export interface SnapshotEvidence extends EventsInWindow {
  readonly history: RequestHistory;
  /** The `quiesced` flag of the snapshot, as the server lists it. */
  readonly reportedQuiesced: boolean;
  readonly powerState: string;
  /** Of the VM before the snapshot. */
  readonly facts: Pick<
    AssessmentFacts,
    'guestId' | 'lastPowerOff' | 'toolsVersion' | 'host' | 'toolsConfig' | 'guestLook'
  >;
  /** By the server's clock. */
  readonly takenAt: Date;
  readonly manifest: FoundManifest;
}

/** What the evidence proves, claims and leaves open. */
export function proveSnapshot(
  evidence: SnapshotEvidence,
  { volumes, tokens }: ImageEvidence = { volumes: [], tokens: [] },
): Proof {
  const { history, reportedQuiesced, powerState, facts, manifest, events, window } = evidence;
  return prove({
    requested: history.level,
    guestFamily: guestRowOf(facts.guestId ?? '')?.traits.family,
    powerState,
    lastPowerOff: facts.lastPowerOff,
    isListedAsQuiesced: reportedQuiesced,
    canLeaveManifest: canLeaveManifest(facts),
    manifest,
    events,
    window,
    tokens,
    databasesBefore: facts.guestLook?.databases?.map(({ product }) => product),
    writersBefore: facts.guestLook?.writers,
    volumes,
  });
}

/**
 * What a restore point may claim. A server's flag is a claim: it says that quiescing was tried and did not fail, not
 * that the guest was at rest. All disks of one snapshot are of one moment, which is what crash consistency means.
 */
export function consistencyRecord(
  requested: ConsistencyLevel,
  predicted: ConsistencyLevel,
  evidence: SnapshotEvidence,
  image: ImageEvidence,
): ConsistencyRecord {
  const { history, powerState, eventsProblem } = evidence;
  const proof = proveSnapshot(evidence, image);
  return {
    requested,
    predicted,
    proven: proof.proven,
    ...(proof.claimed !== undefined && { claimed: proof.claimed }),
    evidence: [
      { rule: 'POWER-STATE', statement: `The VM was ${powerState} when the snapshot was taken` },
      ...lookStatements(evidence.facts),
      ...proof.evidence,
      ...(eventsProblem === undefined
        ? []
        : [{ rule: 'E8', statement: `The events of the VM could not be read: ${eventsProblem}` }]),
    ],
    downgrades: [...history.downgrades, ...refutations(history.level, proof)],
    attempts: history.attempts.map(({ level, call, at, problem }) => ({
      ...{ level, call, at: at.toISOString() },
      ...(problem !== undefined && { problem }),
    })),
    applications: proof.applications.map(({ application, rule, isProven }) => ({
      ...{ name: application, rule, isProven },
    })),
    volumes: image.volumes.map(volume => ({
      ...{ deviceKey: volume.deviceKey, volumeIndex: volume.volumeIndex, name: volume.label },
      ...(volume.fileSystem !== undefined && { fileSystem: volume.fileSystem }),
      ...{ state: volume.state, rule: imageRule(volume) },
      statement: `${volume.label}: ${volume.finding}`,
    })),
  };
}

/** That somebody has looked into the guest before, and what was seen that keeps it from rest. */
function lookStatements({
  toolsConfig,
  guestLook,
}: SnapshotEvidence['facts']): ConsistencyRecord['evidence'] {
  if (guestLook === undefined) return [];
  const { writers, databases = [] } = guestLook;
  const items = [
    ...(toolsConfig === undefined ? [] : ['tools.conf']),
    ...(writers === undefined ? [] : [`${writers.length} VSS writers`]),
    ...databases.map(({ product, instance }) => `${product} ${instance}`),
  ];
  return [{ rule: 'CFG-01', statement: 'The guest was looked into before the snapshot', items }];
}

/** The server took the snapshot and the evidence says that it is not what was asked for: a list of one or none. */
export function refutations(
  asked: ConsistencyLevel,
  { evidence, proven, claimed }: Proof,
): readonly LevelDowngrade[] {
  const against = evidence
    .filter(({ limits }) => limits !== undefined && compareLevels(limits, asked) < 0)
    .toSorted((one, other) => compareLevels(one.limits ?? asked, other.limits ?? asked))[0];
  if (against === undefined) return [];
  return [{ from: asked, to: claimed ?? proven, reason: against.statement }];
}
