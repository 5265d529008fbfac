import type { SourceId } from './sources.ts';

/** A word of the field as this product uses it. */
export interface GlossaryEntry {
  readonly term: string;
  readonly text: string;
  readonly source: SourceId;
}

export const glossary: readonly GlossaryEntry[] = [
  entry(
    'Data consistency',
    'Validity, accuracy, usability and integrity of related data between applications and across an enterprise: each user sees a consistent view, with the changes of their own transactions and of others’',
    'seed',
  ),
  entry(
    'Point-in-time consistency',
    'All related data, be it data sets or volumes, are as they were at one single instant',
    'seed',
  ),
  entry(
    'Crash-consistent',
    'Of one moment, but nothing was brought to rest: as after a power failure. File systems replay their journals, databases recover by themselves',
    'seed',
  ),
  entry(
    'File-system-consistent',
    'Of one moment, with the file systems at rest: the sync driver, VSS or FIFREEZE held them',
    'seed',
  ),
  entry(
    'Application-consistent',
    'Of one moment, with applications at rest too, across many transactions. Only applications that take part (VSS writers, freeze scripts) are',
    'seed',
  ),
  entry(
    'Transaction consistency',
    'Consistent to one single transaction. It takes the application’s help: an image and an unbroken chain of its logs',
    'seed',
  ),
  entry('Predicted', 'What a backup can reach, judged before anything is done', 'inference'),
  entry('Requested', 'What a job asked the server for', 'inference'),
  entry('Proven', 'What the evidence after the snapshot shows', 'inference'),
  entry('Claimed, unproven', 'What a server reports without a manifest that shows it', 'open-vm-tools'),
  entry(
    'Downgrade',
    'A step from the requested level to a lower one, recorded with its reason',
    'replication-api',
  ),
  entry(
    'Quiescing',
    'Bringing a guest’s file systems and applications to rest for the moment of a snapshot',
    'quiesce-article',
  ),
  entry(
    'VSS',
    'Volume Shadow Copy Service: Windows’ way of bringing volumes and applications to rest',
    'vddk-guide',
  ),
  entry('VSS writer', 'The part of an application that brings it to rest for VSS', 'vddk-guide'),
  entry('Sync driver', 'Holds file systems of old Windows guests still; no application takes part', 'seed'),
  entry(
    'FIFREEZE',
    'The call of the Linux kernel by which VMware Tools freeze file systems',
    'open-vm-tools',
  ),
  entry(
    'Quiesce manifest',
    'A file the guest leaves beside the snapshot, which shows what was brought to rest',
    'manifest-format',
  ),
  entry('Independent disk', 'A disk that snapshots leave out', 'snapshot-guide'),
  entry('Stun', 'A short stop of a VM while a snapshot is made or removed', 'field-reports'),
  entry(
    'Skew',
    'The time between the moments of a group’s restore points: VMs are never consistent with each other',
    'inference',
  ),
  entry('Restore point', 'One VM at one moment, in the repository', 'inference'),
  entry('Coverage', 'Whether the snapshot holds all disks of the VM', 'seed'),
  entry(
    'Recovery point objective',
    'How much work may be lost: how old the newest restore point may be',
    'inference',
  ),
  entry('Recovery time objective', 'How long recovering may take', 'seed'),
  entry('Gap', 'What is missing between a goal and what is proven now', 'inference'),
  entry('Acceptance', 'Who has accepted a gap, when, why and until when', 'inference'),
];

function entry(term: string, text: string, source: SourceId): GlossaryEntry {
  return { term, text, source };
}
