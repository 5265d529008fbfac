import type { VssWriterFacts } from '../../inventory/assessmentFacts.ts';
import { type ConsistencyLevel, compareLevels, weakest } from '../level.ts';
import { tellsOfFailedQuiescing } from '../troubleshooting/quiesceMessages.ts';
import type { FoundToken } from './freezeToken.ts';
import type { QuiesceManifest } from './quiesceManifest.ts';

/** What is found once the snapshot exists. */
export interface SnapshotFindings {
  readonly requested: ConsistencyLevel;
  readonly guestFamily: 'windows' | 'linux' | 'other' | undefined;
  readonly powerState: string;
  /** How a VM that is off was switched off; undefined while not known. */
  readonly lastPowerOff: 'guest-shutdown' | 'hard' | undefined;
  /** The flag of the snapshot, as the server lists it. */
  readonly isListedAsQuiesced: boolean;
  /** Whether these versions of VMware Tools and ESXi leave a manifest; undefined while not known. */
  readonly canLeaveManifest: boolean | undefined;
  readonly manifest: FoundManifest;
  /** Of the VM, of any time. */
  readonly events: readonly VmEvent[];
  /** From the start of the snapshot's task to its end, by the server's clock. */
  readonly window: { readonly from: Date; readonly to: Date };
  /** Of freeze scripts, as the restore point holds them. */
  readonly tokens: readonly FoundToken[];
  /** Products of the databases that ran in the guest before the snapshot; undefined if nobody looked. */
  readonly databasesBefore: readonly string[] | undefined;
  /** Writers seen in the guest before the snapshot; undefined if nobody looked. */
  readonly writersBefore: readonly VssWriterFacts[] | undefined;
  /** The volumes of the restore point's own disks, but for those without data of the guest; empty until they are stored. */
  readonly volumes: readonly VolumeFinding[];
}

/** What the bytes of a volume say of the moment they are of. */
export interface VolumeFinding {
  /** For people: `Hard disk 1, root`. */
  readonly label: string;
  /** `ext4`, `xfs`, `ntfs`, or what else; undefined if it is nothing known. */
  readonly fileSystem: string | undefined;
  readonly state: 'clean' | 'in-use' | 'unknown';
  /** Whether a `clean` can only be of one that was frozen or unmounted, an `in-use` only of one that was not. */
  readonly isConclusive: boolean;
  /** As part of a sentence: `it needs recovery from its journal`. */
  readonly finding: string;
}

export type FoundManifest =
  | QuiesceManifest
  | { readonly kind: 'none' }
  /** There is one, or may be one, that could not be had or read; the reason is part of a sentence. */
  | { readonly kind: 'unreadable'; readonly reason: string };

export interface VmEvent {
  readonly at: Date;
  readonly text: string;
}

/** One finding and what it means; kept in the manifest of the restore point. */
export interface ProofEvidence {
  /** Stable id of the rule that judged it. */
  readonly rule: string;
  readonly statement: string;
  /** The level is at least this. */
  readonly proves?: ConsistencyLevel;
  /** The level is this at most. */
  readonly limits?: ConsistencyLevel;
  /** Reported, not proven. */
  readonly claims?: ConsistencyLevel;
  /** Names it is about: writers, texts of events. */
  readonly items?: readonly string[];
}

export interface ApplicationProof {
  readonly application: string;
  readonly rule: 'E5' | 'E9' | 'E10';
  readonly isProven: boolean;
}

export interface Proof {
  readonly proven: ConsistencyLevel;
  /** What was reported beyond what is proven: "claimed, unproven". */
  readonly claimed: ConsistencyLevel | undefined;
  readonly evidence: readonly ProofEvidence[];
  /** Each application of which something is known by itself. */
  readonly applications: readonly ApplicationProof[];
}

/** What a restore point may say of itself. A request that succeeded, and a flag, are claims and no proof. */
export function prove(findings: SnapshotFindings): Proof {
  const ofSystem = [
    snapshotEvidence,
    ...powerEvidence(findings),
    ...(wasQuiesceRequested(findings) ? quiesceEvidence(findings) : []),
    ...imageEvidence(findings),
  ];
  const evidence = [...ofSystem, ...tokenEvidence(findings), ...allHeldEvidence(findings, ofSystem)];
  const limit = weakest(evidence.flatMap(({ limits }) => limits ?? []));
  const proven = weakest([limit, ...strongestOf(evidence.map(({ proves }) => proves))]);
  const [claimed] = strongestOf(evidence.map(({ claims }) => claims));
  const isClaimOpen = claimed !== undefined && compareLevels(weakest([claimed, limit]), proven) > 0;
  return {
    proven,
    claimed: isClaimOpen ? weakest([claimed, limit]) : undefined,
    evidence,
    applications: applicationsOf(findings),
  };
}

/** The strongest level that is given, as a list of one or none. */
function strongestOf(levels: readonly (ConsistencyLevel | undefined)[]): readonly ConsistencyLevel[] {
  return levels
    .filter(level => level !== undefined)
    .toSorted(compareLevels)
    .slice(-1);
}

function wasQuiesceRequested({ requested, powerState }: SnapshotFindings): boolean {
  return compareLevels(requested, 'crash') > 0 && powerState === 'poweredOn';
}

const snapshotEvidence: ProofEvidence = {
  rule: 'E1',
  statement: 'The snapshot exists: all its disks are of one moment, and nothing more is known from that',
  proves: 'crash',
};

function powerEvidence({ powerState, lastPowerOff }: SnapshotFindings): readonly ProofEvidence[] {
  if (powerState === 'poweredOn') return [];
  if (powerState !== 'poweredOff')
    return [{ rule: 'PWR-03', statement: `The VM was ${powerState}`, limits: 'crash' }];
  return lastPowerOff === 'guest-shutdown'
    ? [
        {
          rule: 'PWR-01',
          statement: 'The VM was off after a shutdown of its guest, as the server’s events tell',
          claims: 'application',
        },
      ]
    : [{ rule: 'PWR-02', statement: 'The VM was off, and not known to be shut down cleanly' }];
}

function quiesceEvidence(findings: SnapshotFindings): readonly ProofEvidence[] {
  return [...flagEvidence(findings), ...manifestEvidence(findings), ...eventEvidence(findings)];
}

function flagEvidence({
  isListedAsQuiesced,
  guestFamily,
  canLeaveManifest,
}: SnapshotFindings): readonly ProofEvidence[] {
  if (isListedAsQuiesced) return [];
  if (guestFamily === 'linux' && canLeaveManifest !== true) {
    return [
      {
        rule: 'E2',
        statement:
          'The server does not list the snapshot as quiesced, which these versions of VMware Tools and ESXi cannot tell of a Linux',
        claims: 'filesystem',
      },
    ];
  }
  return [{ rule: 'E2', statement: 'The server does not list the snapshot as quiesced', limits: 'crash' }];
}

function manifestEvidence(findings: SnapshotFindings): readonly ProofEvidence[] {
  const { manifest, isListedAsQuiesced, guestFamily, requested } = findings;
  switch (manifest.kind) {
    case 'freeze':
      return [freezeEvidence(manifest.provider)];
    case 'vss':
      return vssEvidence(manifest);
    case 'none':
    case 'unreadable': {
      if (!isListedAsQuiesced) return [];
      const isLinux = guestFamily === 'linux';
      const why = manifest.kind === 'none' ? 'the guest left no manifest' : manifest.reason;
      return [
        {
          rule: isLinux ? 'E7' : 'E3',
          statement: `The server lists the snapshot as quiesced, but ${why}: claimed, unproven`,
          claims: isLinux ? weakest([requested, 'filesystem']) : requested,
        },
      ];
    }
  }
}

function freezeEvidence(provider: string): ProofEvidence {
  if (/^(fifreeze|vmsync)$/.test(provider)) {
    return {
      rule: 'E6',
      statement: `The guest’s manifest says that its file systems were frozen (${provider})`,
      proves: 'filesystem',
    };
  }
  return {
    rule: 'E6',
    statement: `The guest’s manifest names a provider that freezes nothing that is known (${provider})`,
    claims: 'filesystem',
    items: [provider],
  };
}

function vssEvidence(manifest: Extract<QuiesceManifest, { kind: 'vss' }>): readonly ProofEvidence[] {
  const { writerDocumentCount, writers } = manifest;
  if (writerDocumentCount === 0) {
    return [
      {
        rule: 'E4',
        statement: 'The manifest of VSS holds backup.xml only: no writer took part',
        proves: 'filesystem',
        limits: 'filesystem',
      },
    ];
  }
  if (writers.length === 0) {
    return [
      {
        rule: 'E5',
        statement: 'The manifest of VSS holds documents beside backup.xml, but none names a writer',
        proves: 'filesystem',
        claims: 'application',
      },
    ];
  }
  return [
    {
      rule: 'E5',
      statement: 'The manifest of VSS holds the documents of the writers that took part',
      proves: 'application',
      items: writers.map(({ name }) => name),
    },
  ];
}

/** A task may succeed although the guest complained: what counts is what it said between start and end. */
function eventEvidence({ events, window }: SnapshotFindings): readonly ProofEvidence[] {
  const complaints = events
    .filter(({ at }) => at >= window.from && at <= window.to)
    .filter(({ text }) => tellsOfFailedQuiescing(text));
  if (complaints.length === 0) return [];
  return [
    {
      rule: 'E8',
      statement: 'While the snapshot was taken, the server reported that quiescing failed',
      limits: 'crash',
      items: complaints.map(({ text }) => text.slice(0, 500)),
    },
  ];
}

/** One that is not held says it of this application alone, and may be of another backup. */
function tokenEvidence({ tokens }: SnapshotFindings): readonly ProofEvidence[] {
  return tokens.map(({ application, inImage }) => ({
    rule: 'E9',
    statement:
      inImage === 'held'
        ? `${application} was held by its freeze script at the moment of the snapshot`
        : `${application} was not held at the moment of the snapshot (${inImage})`,
    items: [application],
  }));
}

/**
 * Scripts have no manifest. That all applications were at rest is proven by the tokens alone where the file systems were,
 * and somebody has seen before which databases there are.
 */
function allHeldEvidence(
  { tokens, databasesBefore = [] }: SnapshotFindings,
  ofSystem: readonly ProofEvidence[],
): readonly ProofEvidence[] {
  const isHeld = (product: string): boolean =>
    tokens.some(({ application, inImage }) => application === product && inImage === 'held');
  const wereAtRest = ofSystem.some(
    ({ proves }) => proves !== undefined && compareLevels(proves, 'filesystem') >= 0,
  );
  if (!wereAtRest || databasesBefore.length === 0 || !databasesBefore.every(isHeld)) return [];
  return [
    {
      rule: 'E9',
      statement:
        'Every database that ran before the snapshot was held by its freeze script, on file systems at rest',
      proves: 'application',
      items: [...new Set(databasesBefore)],
    },
  ];
}

/**
 * A file system that was in use contradicts everybody. That all were at rest proves something only where that was asked
 * for, or nothing ran: of a guest that ran and was not asked, it says that it has them mounted read-only.
 */
function imageEvidence(findings: SnapshotFindings): readonly ProofEvidence[] {
  const { volumes, powerState } = findings;
  // A guest that was not asked, or did not run, cannot have held a volume that looks as if it were in use.
  const wasAsked = wasQuiesceRequested(findings);
  const each = volumes.map(volume => ({
    rule: imageRule(volume),
    statement: `${volume.label}: ${volume.finding}`,
    ...(volume.state === 'in-use' && (volume.isConclusive || !wasAsked) && { limits: 'crash' as const }),
  }));
  const areAllAtRest =
    volumes.length > 0 && volumes.every(({ state, isConclusive }) => state === 'clean' && isConclusive);
  if (!areAllAtRest || (powerState === 'poweredOn' && !wasAsked)) return each;
  const statement = 'Every file system in the restore point was frozen or unmounted, as its own bytes say';
  return [...each, { rule: 'IMG-ALL', statement, proves: 'filesystem' }];
}

/** Id of the rule that judges a volume by its bytes. */
export function imageRule({ fileSystem }: Pick<VolumeFinding, 'fileSystem'>): string {
  return /^(ext4|xfs|ntfs)$/.test(fileSystem ?? '') ? `IMG-${fileSystem?.toUpperCase() ?? ''}` : 'IMG-OTHER';
}

/** Of an application the strongest word is its own: a token in the image, then the writers. */
function applicationsOf(findings: SnapshotFindings): readonly ApplicationProof[] {
  const { tokens, manifest, writersBefore = [] } = findings;
  const held = tokens.map(({ application, inImage }) => ({
    ...{ application, rule: 'E9' as const, isProven: inImage === 'held' },
  }));
  if (!wasQuiesceRequested(findings) || manifest.kind !== 'vss') return held;
  const hasFailed = eventEvidence(findings).length > 0 || !findings.isListedAsQuiesced;
  const took = manifest.writers.map(({ name }) => ({
    ...{ application: name, rule: 'E5' as const, isProven: !hasFailed },
  }));
  const ids = new Set(manifest.writers.map(({ id }) => id));
  const missed = writersBefore
    .filter(({ id, state }) => state === 1 && !ids.has(id))
    .map(({ name }) => ({ application: name, rule: 'E10' as const, isProven: false }));
  return [...held, ...took, ...missed];
}
