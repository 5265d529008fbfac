import type { AssessmentFacts } from '../../inventory/assessmentFacts.ts';
import { isOlderHost } from '../hostVersion.ts';
import type { Rule } from '../rule.ts';
import { all, any, known, not, type Truth } from '../truth.ts';

/** The server refuses the thirty-third. */
const maxDepth = 31;

/** Whether a snapshot can be taken. */
export const snapshotRules: readonly Rule[] = [
  {
    id: 'CAP-01',
    certainty: 'certain',
    source: 'vsphere-api',
    cap: 'none',
    concerns: 'every-snapshot',
    applies: facts => not(facts.supportsSnapshots),
    reason: 'no snapshots',
    text: 'This VM does not support snapshots',
    remedy: 'Use an agent in the guest, or copy the VM while it is off',
    question: 'whether the VM supports snapshots',
    certaintyIfUnknown: 'uncertain',
  },
  {
    id: 'CAP-02',
    certainty: 'likely',
    source: 'vsphere-api',
    cap: 'crash',
    concerns: 'quiescing',
    applies: facts => not(facts.supportsQuiescedSnapshots),
    reason: 'no quiesced snapshots',
    text: 'The host or the hardware of the VM does not support quiesced snapshots',
    remedy: 'Upgrade the hardware version of the VM, or move it to a newer host',
    question: 'whether the VM supports quiesced snapshots',
  },
  {
    id: 'CAP-03',
    certainty: 'likely',
    source: 'experience',
    cap: 'none',
    concerns: 'every-snapshot',
    applies: facts =>
      known(facts.disabledMethods, methods =>
        methods.some(method => /^CreateSnapshot(Ex)?_Task$/.test(method)),
      ),
    reason: 'snapshots disabled now',
    text: 'The server does not allow snapshots of this VM at the moment',
    remedy: 'Wait for the operation in progress, or find out who disabled snapshots',
    question: 'whether the server allows snapshots at the moment',
  },
  {
    id: 'CAP-04',
    certainty: 'certain',
    source: 'vsphere-api',
    concerns: 'every-snapshot',
    applies: facts => any(not(facts.supportsChangeTracking), not(facts.tracksChanges)),
    reason: 'no changed block tracking',
    text: 'The VM does not track changed blocks, so that every backup has to look at whole disks',
    remedy: 'Enable changed block tracking (the VM is stunned for a moment when a snapshot comes and goes)',
    question: 'whether the VM tracks changed blocks',
  },
  {
    id: 'SNAP-01',
    certainty: 'certain',
    source: 'vsphere-api',
    concerns: 'every-snapshot',
    applies: facts => facts.needsConsolidation,
    reason: 'disks need consolidation',
    text: 'An earlier snapshot was removed, but its disks were not consolidated',
    remedy: 'Consolidate the disks first',
    question: 'whether the disks need consolidation',
  },
  {
    id: 'SNAP-02',
    certainty: 'certain',
    source: 'vsphere-api',
    cap: 'none',
    concerns: 'every-snapshot',
    applies: ({ snapshotDepth, snapshotLimit = maxDepth }) =>
      known(snapshotDepth, depth => depth >= Math.min(maxDepth, snapshotLimit)),
    reason: 'too many snapshots',
    text: 'The VM has so many snapshots that no more can be taken',
    remedy: 'Delete old snapshots: 32 levels are the limit',
    question: 'how many snapshots the VM has',
  },
  {
    id: 'SNAP-03',
    certainty: 'likely',
    source: 'field-reports',
    concerns: 'quiescing',
    applies: facts => known(facts.quiescedSnapshots, names => names.length > 0),
    objects: ({ quiescedSnapshots = [] }) => quiescedSnapshots,
    reason: 'another quiesced snapshot',
    text: 'The VM has a quiesced snapshot already, perhaps of a backup that still runs',
    remedy: 'Wait for the other backup, or remove what it left behind',
    question: 'which snapshots the VM has',
  },
  {
    id: 'SNAP-04',
    certainty: 'certain',
    source: 'vsphere-api',
    cap: 'none',
    concerns: 'every-snapshot',
    applies: facts => facts.snapshotsDisabled,
    reason: 'snapshots disabled',
    text: 'Snapshots are switched off in the settings of this VM',
    remedy: 'Allow snapshots in its settings',
    question: 'whether snapshots are switched off',
  },
  {
    id: 'FT-01',
    certainty: 'certain',
    source: 'availability-guide',
    cap: 'none',
    concerns: 'every-snapshot',
    applies: facts => all(isFaultTolerant(facts), isOlderHost(facts.host, '6.0')),
    reason: 'Fault Tolerance',
    text: 'Fault Tolerance of this version does not allow snapshots',
    remedy: 'Switch Fault Tolerance off for the backup, or use an agent in the guest',
    question: 'whether Fault Tolerance is on',
  },
  {
    id: 'FT-01',
    certainty: 'certain',
    source: 'availability-guide',
    concerns: 'every-snapshot',
    applies: facts => all(isFaultTolerant(facts), not(isOlderHost(facts.host, '6.0'))),
    reason: 'Fault Tolerance',
    text: 'Fault Tolerance allows only snapshots of the disks, as backups take them',
    question: 'whether Fault Tolerance is on',
  },
];

function isFaultTolerant({ faultTolerance }: AssessmentFacts): Truth {
  return known(faultTolerance, state => state !== 'notConfigured');
}
