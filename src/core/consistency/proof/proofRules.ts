import type { ConsistencyLevel } from '../level.ts';
import type { Certainty } from '../rule.ts';
import type { SourceId } from '../sources.ts';

/** A rule of the proof: what one kind of evidence says. Ids are stable, and stand in the manifests of restore points. */
export interface ProofRule {
  readonly id: string;
  readonly text: string;
  /** What it can say at most: the level is at least, at most, or reported to be this. */
  readonly proves?: ConsistencyLevel;
  readonly limits?: ConsistencyLevel;
  readonly claims?: ConsistencyLevel;
  readonly certainty: Certainty;
  readonly source: SourceId;
}

/** Every rule that evidence names. */
export const proofRules: readonly ProofRule[] = [
  {
    id: 'POWER-STATE',
    text: 'Whether the VM ran when the snapshot was taken',
    ...{ certainty: 'certain', source: 'vsphere-api' },
  },
  {
    id: 'PWR-01',
    text: 'It was off after a shutdown of its guest, as the server’s events tell',
    claims: 'application',
    ...{ certainty: 'likely', source: 'powered-off-practice' },
  },
  {
    id: 'PWR-02',
    text: 'It was off, and is not known to have been shut down cleanly',
    ...{ certainty: 'likely', source: 'powered-off-practice' },
  },
  {
    id: 'PWR-03',
    text: 'It was neither on nor off: its memory holds what its disks do not',
    limits: 'crash',
    ...{ certainty: 'certain', source: 'vsphere-api' },
  },
  {
    id: 'CFG-01',
    text: 'The guest was looked into before the snapshot, and what was seen',
    ...{ certainty: 'certain', source: 'open-vm-tools' },
  },
  {
    id: 'E1',
    text: 'The snapshot exists: all its disks are of one moment',
    proves: 'crash',
    ...{ certainty: 'certain', source: 'vsphere-api' },
  },
  {
    id: 'E2',
    text: 'The server does not list the snapshot as quiesced. Of a Linux, old VMware Tools and hosts cannot tell: then frozen file systems are claimed',
    limits: 'crash',
    claims: 'filesystem',
    ...{ certainty: 'certain', source: 'open-vm-tools' },
  },
  {
    id: 'E3',
    text: 'The server lists the snapshot of a Windows as quiesced and there is no manifest: the level that was asked for is claimed',
    claims: 'application',
    ...{ certainty: 'certain', source: 'vsphere-api' },
  },
  {
    id: 'E4',
    text: 'The manifest of VSS holds backup.xml only: no writer took part',
    ...{ proves: 'filesystem', limits: 'filesystem' },
    ...{ certainty: 'certain', source: 'guest-validation' },
  },
  {
    id: 'E5',
    text: 'The manifest of VSS holds documents of the writers that took part; documents that name none are a claim',
    ...{ proves: 'application', claims: 'application' },
    ...{ certainty: 'certain', source: 'manifest-format' },
  },
  {
    id: 'E6',
    text: 'The manifest of a Linux names what froze its file systems (fifreeze, vmsync); any other provider is a claim',
    ...{ proves: 'filesystem', claims: 'filesystem' },
    ...{ certainty: 'certain', source: 'open-vm-tools' },
  },
  {
    id: 'E7',
    text: 'The server lists the snapshot of a Linux as quiesced and there is no manifest: frozen file systems are claimed',
    claims: 'filesystem',
    ...{ certainty: 'certain', source: 'open-vm-tools' },
  },
  {
    id: 'E8',
    text: 'The server reported while the snapshot was taken that quiescing failed, though the task succeeded; or its events could not be read',
    limits: 'crash',
    ...{ certainty: 'likely', source: 'field-reports' },
  },
  {
    id: 'E9',
    text: 'The token of a freeze script in the restore point: HELD without RELEASED proves that the application was held at the moment of the snapshot, and is the only proof of scripts. Anything else says that this application was not. If every database that was seen before was held and the file systems were at rest, applications were',
    proves: 'application',
    ...{ certainty: 'certain', source: 'measured' },
  },
  {
    id: 'E10',
    text: 'A writer that was stable before the snapshot is in no document of the manifest: this application was not at rest',
    ...{ certainty: 'certain', source: 'microsoft' },
  },
  {
    id: 'IMG-EXT4',
    text: 'ext3 and ext4: “needs recovery” is set in the superblock while it is mounted, and cleared by freezing and unmounting. ext2: “cleanly unmounted” is not set while it is mounted',
    limits: 'crash',
    ...{ certainty: 'certain', source: 'ext4-layout' },
  },
  {
    id: 'IMG-XFS',
    text: 'XFS: freezing and unmounting end the log with a record that it holds nothing more; any other last record waits for recovery',
    limits: 'crash',
    ...{ certainty: 'certain', source: 'xfs-layout' },
  },
  {
    id: 'IMG-NTFS',
    text: 'NTFS: the volume is marked as dirty, or its $LogFile was left open. A clean one says little, for VSS leaves a volume as one in use',
    limits: 'crash',
    ...{ certainty: 'likely', source: 'ntfs-layout' },
  },
  {
    id: 'IMG-OTHER',
    text: 'A volume of which it is not known how it tells',
    ...{ certainty: 'certain', source: 'inference' },
  },
  {
    id: 'IMG-ALL',
    text: 'Every file system in the restore point was frozen or unmounted, where that was asked for or nothing ran',
    proves: 'filesystem',
    ...{ certainty: 'certain', source: 'inference' },
  },
];

const byId = new Map(proofRules.map(rule => [rule.id, rule]));

/** Undefined for a rule of another version of the program. */
export function proofRule(id: string): ProofRule | undefined {
  return byId.get(id);
}
