import type { AssessmentFacts, ControllerFacts } from '../../inventory/assessmentFacts.ts';
import type { VirtualDiskFacts } from '../../inventory/virtualDisk.ts';
import { disksOutside } from '../disksOutside.ts';
import type { Rule } from '../rule.ts';
import { all, known, not, type Truth } from '../truth.ts';
import { toolsVersion } from './toolsRules.ts';

const moveRemedy = 'Move the disk to an LSI Logic SAS or paravirtual SCSI controller';

/** Where the disks hang, and whether a snapshot or the hardware snapshot provider of Windows can deal with that. */
export const diskRules: readonly Rule[] = [
  {
    id: 'DSK-01',
    certainty: 'certain',
    concerns: 'every-snapshot',
    applies: facts => known(facts.disks, disks => disksOutside(disks).length > 0),
    objects: ({ disks = [] }) => disksOutside(disks).map(({ label }) => label),
    reason: 'disks outside the snapshot',
    text: 'Not all disks are part of the snapshot: what spans them is torn',
    remedy: 'Make these disks dependent VMDKs (the VM must be off), or back them up separately',
    question: 'which disks the VM has',
  },
  {
    id: 'DSK-01',
    certainty: 'certain',
    cap: 'none',
    concerns: 'every-snapshot',
    applies: ({ disks }) =>
      known(disks, list => list.length > 0 && disksOutside(list).length === list.length),
    reason: 'no disk in the snapshot',
    text: 'None of the disks is part of the snapshot: there is nothing to back up',
    remedy: 'Make the disks dependent VMDKs (the VM must be off), or back them up separately',
    question: 'which disks the VM has',
  },
  {
    id: 'DSK-05',
    certainty: 'certain',
    cap: 'none',
    concerns: 'every-snapshot',
    applies: ({ controllers }) => known(controllers, list => list.some(isShared)),
    objects: ({ controllers = [] }) => controllers.filter(isShared).map(({ label }) => label),
    reason: 'shared bus',
    text: 'A VM that shares a disk bus with others cannot be snapshotted',
    remedy: 'Back up a cluster with shared disks inside its guests',
    question: 'which controllers the VM has',
  },
  {
    id: 'DSK-07',
    certainty: 'certain',
    cap: 'filesystem',
    concerns: 'quiescing',
    applies: (facts, { guest }) => all(guest.usesHardwareProvider, hasDiskOn(facts, 'ide')),
    objects: facts => labelsOn(facts, 'ide'),
    reason: 'IDE disk',
    text: 'Application quiescing does not work with IDE disks',
    remedy: moveRemedy,
    question: 'which controllers its disks hang on',
  },
  {
    id: 'DSK-08',
    certainty: 'certain',
    cap: 'filesystem',
    concerns: 'quiescing',
    applies: (facts, { guest }) => all(guest.usesHardwareProvider, hasDiskOn(facts, 'sata')),
    objects: facts => labelsOn(facts, 'sata'),
    reason: 'SATA disk',
    text: 'Application quiescing works with SCSI disks only',
    remedy: moveRemedy,
    question: 'which controllers its disks hang on',
  },
  {
    id: 'DSK-09',
    certainty: 'certain',
    cap: 'filesystem',
    concerns: 'quiescing',
    applies: (facts, { guest }) =>
      all(guest.usesHardwareProvider, hasDiskOn(facts, 'nvme'), not(knowsNvme(facts))),
    objects: facts => labelsOn(facts, 'nvme'),
    reason: 'NVMe disk',
    text: 'Application quiescing works with NVMe disks only with newer VMware Tools in a patched Windows',
    remedy: 'Upgrade VMware Tools to 12.4.0 or later and patch Windows, or use a paravirtual SCSI controller',
    question: 'which controllers its disks hang on, and the builds of Windows and VMware Tools',
  },
  {
    id: 'DSK-10',
    certainty: 'likely',
    cap: 'filesystem',
    concerns: 'quiescing',
    applies: (facts, { guest }) => all(guest.usesHardwareProvider, lacksFreeSlots(facts)),
    reason: 'too few free SCSI slots',
    text: 'Application quiescing needs as many free SCSI slots as there are disks',
    remedy: 'Add another SCSI controller',
    question: 'which controllers its disks hang on',
  },
  {
    id: 'DSK-11',
    certainty: 'certain',
    cap: 'filesystem',
    concerns: 'quiescing',
    applies: ({ diskUuidEnabled }, { guest }) =>
      all(
        guest.usesHardwareProvider,
        known(diskUuidEnabled, isEnabled => !isEnabled),
      ),
    reason: 'no disk UUIDs',
    text: 'The guest does not see the UUIDs of its disks',
    remedy: 'Switch the VM off, add disk.EnableUUID = "TRUE" to its settings, switch it on',
    question: 'whether the guest sees the UUIDs of its disks',
  },
  {
    id: 'DSK-12',
    certainty: 'certain',
    cap: 'filesystem',
    concerns: 'quiescing',
    applies: (_, { guest }) => all(guest.usesHardwareProvider, undefined),
    reason: 'dynamic disks',
    text: 'Application quiescing does not work with dynamic disks',
    remedy: 'Convert them to basic disks',
    question: 'whether Windows uses dynamic disks',
  },
  {
    id: 'DSK-13',
    certainty: 'certain',
    cap: 'filesystem',
    concerns: 'quiescing',
    applies: (_, { guest }) => all(guest.usesHardwareProvider, undefined),
    reason: 'Storage Spaces',
    text: 'Application quiescing does not work with Storage Spaces',
    remedy: 'Do without Storage Spaces',
    question: 'whether Windows uses Storage Spaces',
  },
];

function isShared({ sharing }: ControllerFacts): boolean {
  return sharing !== undefined && sharing !== 'noSharing';
}

function disksOn(
  { disks = [], controllers = [] }: AssessmentFacts,
  bus: ControllerFacts['bus'],
): readonly VirtualDiskFacts[] {
  const keys = new Set(controllers.filter(one => one.bus === bus).map(({ deviceKey }) => deviceKey));
  return disks.filter(({ controller }) => keys.has(controller.deviceKey));
}

function hasDiskOn(facts: AssessmentFacts, bus: ControllerFacts['bus']): Truth {
  if (facts.disks === undefined || facts.controllers === undefined) return undefined;
  return disksOn(facts, bus).length > 0;
}

function labelsOn(facts: AssessmentFacts, bus: ControllerFacts['bus']): readonly string[] {
  return disksOn(facts, bus).map(({ label }) => label);
}

/** Known to work from a certain build of Server 2022 on. */
function knowsNvme({ toolsVersion: version, windowsBuild }: AssessmentFacts): Truth {
  return all(
    known(version, number => number >= toolsVersion(12, 4)),
    known(windowsBuild, text => {
      const [build = 0, revision = 0] = text.split('.').map(Number);
      return build > 20_348 || (build === 20_348 && revision >= 2582);
    }),
  );
}

function lacksFreeSlots(facts: AssessmentFacts): Truth {
  if (facts.disks === undefined || facts.controllers === undefined) return undefined;
  const diskCount = disksOn(facts, 'scsi').length;
  const slotCount = facts.controllers
    .filter(({ bus }) => bus === 'scsi')
    .reduce((sum, controller) => sum + controller.slotCount, 0);
  return slotCount - diskCount < diskCount;
}
