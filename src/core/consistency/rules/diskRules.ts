import { GiB } from '../../../base/units.ts';
import type { AssessmentFacts, ControllerFacts, GuestVolumeFacts } from '../../inventory/assessmentFacts.ts';
import type { VirtualDiskFacts } from '../../inventory/virtualDisk.ts';
import { type OutsideDisk, outsideRuleOf } from '../disksOutside.ts';
import type { Rule } from '../rule.ts';
import { all, known, not, type Truth } from '../truth.ts';
import { toolsVersion } from './toolsRules.ts';

const moveRemedy = 'Move the disk to an LSI Logic SAS or paravirtual SCSI controller';

/** Where the disks hang, and whether a snapshot or the hardware snapshot provider of Windows can deal with that. */
export const diskRules: readonly Rule[] = [
  {
    ...outside('DSK-01'),
    reason: 'independent disk',
    text: 'Independent disks are not part of the snapshot: what spans them is torn',
    remedy: 'Make the disk dependent (the VM must be off), or back it up separately',
  },
  {
    ...outside('DSK-02'),
    reason: 'nonpersistent disk',
    text: 'Nonpersistent disks are not part of the snapshot, and lose their changes when the VM goes off',
  },
  {
    ...outside('DSK-03'),
    reason: 'physical raw device',
    text: 'Raw devices in physical mode are not part of the snapshot: what spans them is torn',
    remedy: 'Convert it to virtual mode or a VMDK, or use snapshots of the array or an agent in the guest',
  },
  {
    id: 'DSK-04',
    certainty: 'certain',
    source: 'snapshot-guide',
    weight: 'note',
    concerns: 'every-snapshot',
    applies: ({ disks }) => known(disks, list => list.some(isVirtualRawDevice)),
    objects: ({ disks = [] }) => disks.filter(isVirtualRawDevice).map(({ label }) => label),
    reason: 'virtual raw device',
    text: 'Raw devices in virtual mode take part in snapshots like any disk',
    question: 'which disks the VM has',
  },
  {
    ...outside('DSK-06'),
    certainty: 'uncertain',
    source: 'experience',
    reason: 'disk of several VMs',
    text: 'Disks shared by several VMs are not part of the snapshot',
    remedy: 'Back up a cluster with shared disks inside its guests',
  },
  {
    id: 'DSK-01',
    certainty: 'certain',
    source: 'snapshot-guide',
    cap: 'none',
    concerns: 'every-snapshot',
    applies: ({ disks }) =>
      known(disks, list => list.length > 0 && list.every(disk => outsideRuleOf(disk) !== undefined)),
    reason: 'no disk in the snapshot',
    text: 'None of the disks is part of the snapshot: there is nothing to back up',
    remedy: 'Make the disks dependent VMDKs (the VM must be off), or back them up separately',
    question: 'which disks the VM has',
  },
  {
    id: 'DSK-05',
    certainty: 'certain',
    source: 'snapshot-guide',
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
    source: 'vddk-guide',
    cap: 'filesystem',
    concerns: 'quiescing',
    applies: (facts, { guest }) => guest.usesHardwareProvider && hasDiskOn(facts, 'ide'),
    objects: facts => labelsOn(facts, 'ide'),
    reason: 'IDE disk',
    text: 'Application quiescing does not work with IDE disks',
    remedy: moveRemedy,
    question: 'which controllers its disks hang on',
  },
  {
    id: 'DSK-08',
    certainty: 'certain',
    source: 'vddk-guide',
    cap: 'filesystem',
    concerns: 'quiescing',
    applies: (facts, { guest }) => guest.usesHardwareProvider && hasDiskOn(facts, 'sata'),
    objects: facts => labelsOn(facts, 'sata'),
    reason: 'SATA disk',
    text: 'Application quiescing works with SCSI disks only',
    remedy: moveRemedy,
    question: 'which controllers its disks hang on',
  },
  {
    id: 'DSK-09',
    certainty: 'certain',
    source: 'guest-validation',
    cap: 'filesystem',
    concerns: 'quiescing',
    applies: (facts, { guest }) =>
      guest.usesHardwareProvider && all(hasDiskOn(facts, 'nvme'), not(knowsNvme(facts))),
    objects: facts => labelsOn(facts, 'nvme'),
    reason: 'NVMe disk',
    text: 'Application quiescing works with NVMe disks only with newer VMware Tools in a patched Windows',
    remedy: 'Upgrade VMware Tools to 12.4.0 or later and patch Windows, or use a paravirtual SCSI controller',
    question: 'which controllers its disks hang on, and the builds of Windows and VMware Tools',
  },
  {
    id: 'DSK-10',
    certainty: 'likely',
    source: 'vddk-guide',
    cap: 'filesystem',
    concerns: 'quiescing',
    applies: (facts, { guest }) => guest.usesHardwareProvider && lacksFreeSlots(facts),
    reason: 'too few free SCSI slots',
    text: 'Application quiescing needs as many free SCSI slots as there are disks',
    remedy: 'Add another SCSI controller',
    question: 'which controllers its disks hang on',
  },
  {
    id: 'DSK-11',
    certainty: 'certain',
    source: 'vddk-guide',
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
    source: 'vddk-guide',
    cap: 'filesystem',
    concerns: 'quiescing',
    applies: ({ guestLook }, { guest }) => guest.usesHardwareProvider && guestLook?.usesDynamicDisks,
    reason: 'dynamic disks',
    text: 'Application quiescing does not work with dynamic disks',
    remedy: 'Convert them to basic disks',
    question: 'whether Windows uses dynamic disks',
  },
  {
    id: 'DSK-13',
    certainty: 'certain',
    source: 'vddk-guide',
    cap: 'filesystem',
    concerns: 'quiescing',
    applies: ({ guestLook }, { guest }) => guest.usesHardwareProvider && guestLook?.usesStorageSpaces,
    reason: 'Storage Spaces',
    text: 'Application quiescing does not work with Storage Spaces',
    remedy: 'Do without Storage Spaces',
    question: 'whether Windows uses Storage Spaces',
  },
  {
    id: 'DSK-14',
    certainty: 'likely',
    source: 'inference',
    concerns: 'quiescing',
    doubtsAbove: 'filesystem',
    applies: facts => hasOwnStorage(facts),
    objects: ({ guestLook }) => guestLook?.ownStorage ?? [],
    reason: 'storage of the guest’s own',
    text: 'The guest reaches storage past its disks (iSCSI, NFS, SMB): it is not part of the snapshot, and what spans it is torn',
    remedy: 'Back up that storage separately',
    question: 'whether the guest uses storage of its own (iSCSI, NFS, SMB)',
  },
  {
    id: 'DSK-15',
    certainty: 'likely',
    source: 'open-vm-tools',
    concerns: 'quiescing',
    applies: ({ guestVolumes }) => known(guestVolumes, list => list.some(cannotBeFrozen)),
    objects: ({ guestVolumes = [] }) => guestVolumes.filter(cannotBeFrozen).map(({ path }) => path),
    reason: 'file systems that cannot be frozen',
    text: 'File systems of these kinds are not frozen, and only crash-consistent',
    question: 'which file systems the guest has',
  },
  {
    id: 'SIZE-01',
    certainty: 'uncertain',
    source: 'experience',
    concerns: 'every-snapshot',
    applies: ({ disks }) => known(disks, list => list.some(isTooLargeToGrow)),
    objects: ({ disks = [] }) => disks.filter(isTooLargeToGrow).map(({ label }) => label),
    reason: 'very large disk',
    text: 'A disk of this size leaves its snapshot no room to grow to the limit of 62 TiB',
    remedy: 'Make the disk smaller, or keep its snapshots short',
    question: 'which disks the VM has',
  },
];

/** What the rules about one reason for a disk to be outside have in common. */
function outside(id: OutsideDisk['rule']): Omit<Rule, 'reason' | 'text'> {
  const isThat = (disk: VirtualDiskFacts): boolean => outsideRuleOf(disk) === id;
  return {
    id,
    certainty: 'certain',
    source: 'snapshot-guide',
    concerns: 'every-snapshot',
    applies: facts => known(facts.disks, disks => disks.some(isThat)),
    objects: ({ disks = [] }) => disks.filter(isThat).map(({ label }) => label),
    question: 'which disks the VM has',
  };
}

function isVirtualRawDevice({ backing }: VirtualDiskFacts): boolean {
  return backing.type.startsWith('VirtualDiskRawDiskMapping') && backing.compatibilityMode === 'virtualMode';
}

/** Redo logs need room for their own tables; how much, no document says exactly. */
const roomyBytes = 61.5 * 1024 * GiB;

function isTooLargeToGrow({ capacityBytes }: VirtualDiskFacts): boolean {
  return capacityBytes > roomyBytes;
}

/** What somebody saw counts; else a volume of which the server does not know the disk is a hint, and so is sheer size. */
function hasOwnStorage({ guestLook, guestVolumes, disks }: AssessmentFacts): Truth {
  if (guestLook?.ownStorage !== undefined) return guestLook.ownStorage.length > 0;
  if (guestVolumes === undefined || disks === undefined) return undefined;
  const seenBytes = guestVolumes.reduce((sum, volume) => sum + volume.capacityBytes, 0);
  const diskBytes = disks.reduce((sum, disk) => sum + disk.capacityBytes, 0);
  return seenBytes > diskBytes || guestVolumes.some(({ isMapped }) => isMapped === false) ? true : undefined;
}

function cannotBeFrozen({ fileSystem }: GuestVolumeFacts): boolean {
  return fileSystem !== undefined && /^(zfs|ufs|hfs\+?|msdos|fat\w*|vfat|exfat)$/i.test(fileSystem);
}

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
