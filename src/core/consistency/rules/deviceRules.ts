import type { Rule } from '../rule.ts';
import { all, known, not } from '../truth.ts';

/** Encryption and devices that stand in the way. */
export const deviceRules: readonly Rule[] = [
  {
    id: 'ENC-01',
    certainty: 'certain',
    source: 'vddk-guide',
    cap: 'filesystem',
    concerns: 'quiescing',
    applies: ({ isEncrypted }, { guest }) => all(guest.usesHardwareProvider, isEncrypted),
    reason: 'encrypted VM',
    text: 'Application quiescing does not work with encrypted VMs',
    remedy: 'Decrypt the VM, or accept file-system consistency',
    question: 'whether the VM is encrypted',
  },
  {
    id: 'ENC-02',
    certainty: 'likely',
    source: 'inference',
    cap: 'filesystem',
    concerns: 'quiescing',
    applies: ({ devices, isEncrypted }, { guest }) =>
      all(
        guest.usesHardwareProvider,
        not(isEncrypted),
        known(devices, ({ trustedPlatformModules }) => trustedPlatformModules.length > 0),
      ),
    objects: ({ devices }) => devices?.trustedPlatformModules ?? [],
    reason: 'virtual TPM',
    text: 'A VM with a virtual TPM is encrypted at least in part',
    remedy: 'Remove the virtual TPM, or accept file-system consistency',
    question: 'which devices the VM has',
  },
  {
    id: 'PCI-01',
    certainty: 'certain',
    source: 'snapshot-guide',
    cap: 'none',
    concerns: 'every-snapshot',
    applies: ({ devices }) => known(devices, ({ passthrough }) => passthrough.length > 0),
    objects: ({ devices }) => devices?.passthrough ?? [],
    reason: 'passthrough device',
    text: 'A VM with a device of its host passed through cannot be snapshotted',
    remedy: 'Remove the device for the time of the backup, or use an agent in the guest',
    question: 'which devices the VM has',
  },
  {
    id: 'NVD-01',
    certainty: 'uncertain',
    source: 'experience',
    concerns: 'every-snapshot',
    applies: ({ devices }) => known(devices, ({ persistentMemory }) => persistentMemory.length > 0),
    objects: ({ devices }) => devices?.persistentMemory ?? [],
    reason: 'persistent memory',
    text: 'Persistent memory is supported by snapshots in part only',
    question: 'which devices the VM has',
  },
  {
    id: 'FLP-01',
    certainty: 'likely',
    source: 'field-reports',
    concerns: 'quiescing',
    applies: ({ devices }, { guest }) =>
      all(
        known(guest.family, family => family === 'windows'),
        known(devices, ({ removableMedia }) => removableMedia.length > 0),
      ),
    objects: ({ devices }) => devices?.removableMedia ?? [],
    reason: 'floppy or CD',
    text: 'A connected floppy or optical drive makes NTFS and VSS report errors during the freeze',
    remedy: 'Disconnect the drive',
    question: 'which devices the VM has',
  },
];
