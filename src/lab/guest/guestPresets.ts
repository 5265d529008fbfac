import type { EventLog } from '../history/eventLog.ts';
import type { LabVm } from '../model/labVm.ts';
import type { PlainObject } from '../model/managedObject.ts';
import { deviceKeys } from '../model/standardHardware.ts';
import {
  type GuestInside,
  type GuestNature,
  type GuestTools,
  openVmTools,
  type QuiesceFailure,
  type Quiescing,
  usualNature,
} from './guestNature.ts';

/** How a VM differs from the lab's usual Linux. Everything not said is as usual. */
interface Preset {
  readonly guestId?: string;
  readonly family?: GuestNature['family'];
  readonly tools?: Partial<GuestTools>;
  readonly toolsInstalled?: false;
  readonly toolsStopped?: true;
  readonly quiescing?: Partial<Quiescing>;
  readonly inside?: Partial<GuestInside>;
  readonly diskUuids?: false;
  readonly isEncrypted?: true;
  readonly faultTolerance?: string;
  /** Controller that all disks are at. */
  readonly bus?: 'ide' | 'sata' | 'nvme';
  readonly sharedBus?: string;
  readonly hasPassthrough?: true;
  /** What the last disk is. */
  readonly lastDisk?: PlainObject;
  readonly power?: 'shut-down' | 'switched-off';
}

const windowsTools: GuestTools = {
  version: 12_448,
  versionStatus: 'guestToolsCurrent',
  installType: 'guestToolsTypeMSI',
};

const sqlWriter = { id: 'a65faa63-5ea8-4ebc-9dbd-a0c4db26912a', name: 'SqlServerWriter' };
const systemWriter = { id: 'e8132975-6f93-4464-a53e-1050253ae220', name: 'System Writer' };
const writers = [sqlWriter, systemWriter];

const windows = (change: Preset = {}): Preset => ({
  guestId: 'windows2019srvNext_64Guest',
  family: 'windowsGuest',
  tools: windowsTools,
  ...change,
  quiescing: { mechanism: 'vss', writers, ...change.quiescing },
});

const seeEventLog =
  "An error occurred while quiescing the virtual machine. See the virtual machine's event log for details.";

const vssError: QuiesceFailure = {
  when: 'applications',
  fault: 'ApplicationQuiesceFault',
  message: seeEventLog,
  event:
    "The guest OS has reported an error during quiescing. The error code was: 5 The error message was: 'VssSyncStart' operation failed: IDispatch error #8449 (0x80042301)",
};

const scriptError: QuiesceFailure = {
  when: 'always',
  fault: 'ApplicationQuiesceFault',
  message: seeEventLog,
  event:
    'The guest OS has reported an error during quiescing. The error code was: 2 The error message was: Custom quiesce script failed.',
};

const holdingScript = { '50-quiesce-mariadb': '#!/bin/bash\n# holds the database from freeze to thaw\n' };

const failingScript = { '10-fails': '#!/bin/sh\n[ "$1" != freeze ]\n' };

const frozenByItself: QuiesceFailure = {
  ...scriptError,
  event: "'/' appears locked or frozen by another process. Cannot complete the quiesced snapshot request.",
};

const heldTooLong: QuiesceFailure = {
  when: 'always',
  fault: 'FilesystemQuiesceFault',
  message: 'An error occurred while taking a snapshot: Failed to quiesce the virtual machine.',
  event:
    'Cannot create a quiesced snapshot because the create snapshot operation exceeded the time limit for holding off I/O in the frozen virtual machine.',
};

/** Guests that behave as the rules of consistency say, each with a name that tells its point. */
export const guestPresets = {
  'linux-freeze': {},
  'linux-old-tools': { tools: { version: 10_272 }, quiescing: { leavesManifest: false } },
  'linux-no-sync-driver': { quiescing: { claimsWithoutFreezing: true } },
  'linux-excluded-file-system': { quiescing: { excludesLastDisk: true } },
  'linux-script-fails': {
    quiescing: { failure: scriptError },
    inside: { freezeScripts: failingScript },
  },
  'linux-freezes-itself': {
    quiescing: { failure: frozenByItself },
    inside: { freezeScripts: { '20-freeze': '#!/bin/sh\n[ "$1" = freeze ] && fsfreeze -f /\n' } },
  },
  'linux-database': { inside: { hasMariaDb: true } },
  'linux-database-held': { inside: { hasMariaDb: true, freezeScripts: holdingScript, hold: 'held' } },
  'linux-database-expired': { inside: { hasMariaDb: true, freezeScripts: holdingScript, hold: 'expired' } },
  'linux-network-storage': {
    inside: { networkMounts: ['files.example:/export /mnt/files nfs4 rw,relatime 0 0'] },
  },
  'linux-freeze-timeout': { quiescing: { failure: heldTooLong } },
  'linux-complains': {
    quiescing: { failure: { ...scriptError, when: 'complaint' } },
    inside: { freezeScripts: failingScript },
  },
  'tools-absent': { toolsInstalled: false },
  'tools-stopped': { toolsStopped: true },
  freebsd: {
    guestId: 'freebsd14_64Guest',
    family: 'otherGuestFamily',
    quiescing: { mechanism: 'sync' },
  },
  'windows-vss': windows(),
  'windows-client': windows({ guestId: 'windows11_64Guest' }),
  'windows-old-tools': windows({ tools: { ...windowsTools, version: 10_249 } }),
  'windows-no-disk-uuids': windows({ diskUuids: false }),
  'windows-ide': windows({ bus: 'ide' }),
  'windows-sata': windows({ bus: 'sata' }),
  'windows-nvme': windows({ bus: 'nvme', tools: { ...windowsTools, version: 12_384 } }),
  'windows-dynamic-disks': windows({ quiescing: { hasDynamicDisks: true } }),
  'windows-storage-spaces': windows({ inside: { pools: ['Pool 1'] } }),
  'windows-network-storage': windows({ inside: { shares: ['files.example data'] } }),
  'windows-no-applications': windows({ quiescing: { isWithoutApplications: true } }),
  'windows-no-vss': windows({ quiescing: { mechanism: 'sync', isWithoutVss: true } }),
  'windows-writer-failed': windows({ quiescing: { writers: [{ ...sqlWriter, state: 8 }, systemWriter] } }),
  'windows-writer-drops-out': windows({
    quiescing: { writers: [{ ...sqlWriter, dropsOut: true }, systemWriter] },
  }),
  'windows-encrypted': windows({ isEncrypted: true }),
  'windows-vss-fails': windows({ quiescing: { failure: vssError } }),
  'windows-freeze-timeout': windows({ quiescing: { failure: heldTooLong } }),
  'windows-complains': windows({ quiescing: { failure: { ...vssError, when: 'complaint' } } }),
  'independent-disk': windows({ lastDisk: { diskMode: 'independent_persistent' } }),
  'physical-rdm': { lastDisk: { compatibilityMode: 'physicalMode' } },
  'virtual-rdm': { lastDisk: { compatibilityMode: 'virtualMode' } },
  'multi-writer': { lastDisk: { sharing: 'sharingMultiWriter' } },
  'shared-bus': { sharedBus: 'virtualSharing' },
  passthrough: { hasPassthrough: true },
  'fault-tolerant': { faultTolerance: 'running' },
  'off-after-shutdown': { power: 'shut-down' },
  'off-hard': { power: 'switched-off' },
} as const satisfies Readonly<Record<string, Preset>>;

export type PresetName = keyof typeof guestPresets;

/** What a VM was before it became anything else. */
interface Usual {
  readonly guestId: unknown;
  readonly devices: readonly PlainObject[];
  readonly disks: readonly PlainObject[];
}

const usual = new WeakMap<LabVm, Usual>();

/** Makes a VM of one kind, whatever it was made before. */
export function applyPreset(vm: LabVm, name: PresetName, events: EventLog): void {
  const preset: Preset = guestPresets[name];
  const before = usual.get(vm) ?? {
    guestId: vm.settings['guestId'],
    devices: vm.devices,
    disks: vm.disks.map(({ device }) => device),
  };
  usual.set(vm, before);
  vm.settings['guestId'] = preset.guestId ?? before.guestId;
  vm.settings['flags'] = {
    ...(vm.settings['flags'] as PlainObject),
    diskUuidEnabled: preset.diskUuids ?? true,
  };
  vm.settings['extraConfig'] = (vm.settings['extraConfig'] as readonly PlainObject[]).map(option =>
    option['key'] === 'disk.EnableUUID'
      ? { ...option, value: preset.diskUuids === false ? 'FALSE' : 'TRUE' }
      : option,
  );
  vm.settings['keyId'] =
    preset.isEncrypted === true ? { keyId: '5f1b', providerId: { id: 'lab-keys' } } : undefined;
  vm.devices = devicesOf(before.devices, preset);
  for (const [index, chain] of vm.disks.entries()) {
    const device = before.disks[index] ?? chain.device;
    const isLast = index === vm.disks.length - 1;
    chain.device = diskOf(device, index, preset, isLast);
  }
  vm.nature = {
    family: preset.family ?? usualNature.family,
    tools: { ...openVmTools, ...preset.tools },
    faultTolerance: preset.faultTolerance ?? usualNature.faultTolerance,
    quiescing: { ...usualNature.quiescing, ...preset.quiescing },
    inside: { ...usualNature.inside, ...preset.inside },
  };
  vm.guest?.become(vm.nature);
  vm.toolsInstalled = preset.toolsInstalled ?? true;
  vm.toolsStopped = preset.toolsStopped ?? false;
  powerLike(vm, preset.power, events);
}

function powerLike(vm: LabVm, power: Preset['power'], events: EventLog): void {
  if (vm.powerState === 'poweredOff') {
    vm.powerState = 'poweredOn';
    events.addOfVm(vm, 'VmPoweredOnEvent', 'is powered on', { userName: '' });
  }
  if (power === undefined) return;
  if (power === 'shut-down')
    events.addOfVm(vm, 'VmGuestShutdownEvent', 'was shut down by its guest', { userName: '' });
  events.addOfVm(vm, 'VmPoweredOffEvent', 'is powered off', { userName: '' });
  vm.powerState = 'poweredOff';
  vm.wasSwitchedOff = power === 'switched-off';
}

const nvmeKey = 31_000;

function devicesOf(devices: readonly PlainObject[], preset: Preset): readonly PlainObject[] {
  const { sharedBus, bus, hasPassthrough } = preset;
  return [
    ...devices.map(device =>
      device['key'] === deviceKeys.scsi && sharedBus !== undefined ? { ...device, sharedBus } : device,
    ),
    ...(bus === 'nvme'
      ? [
          {
            ...{ _type: 'VirtualNVMEController', key: nvmeKey, busNumber: 0 },
            deviceInfo: { label: 'NVME controller 0', summary: 'NVME controller 0' },
          },
        ]
      : []),
    ...(hasPassthrough === true
      ? [
          {
            ...{ _type: 'VirtualPCIPassthrough', key: 13_000 },
            deviceInfo: { label: 'PCI device 0', summary: 'A card of the host' },
          },
        ]
      : []),
  ];
}

function diskOf(device: PlainObject, index: number, { bus, lastDisk }: Preset, isLast: boolean): PlainObject {
  const controllerKey = { ide: deviceKeys.ide, sata: deviceKeys.ahci, nvme: nvmeKey };
  return {
    ...device,
    ...(bus !== undefined && {
      controllerKey: controllerKey[bus],
      // The optical drive of a VM is the first at its SATA controller.
      unitNumber: bus === 'sata' ? index + 1 : index,
    }),
    ...(isLast &&
      lastDisk !== undefined && { backing: { ...(device['backing'] as PlainObject), ...lastDisk } }),
  };
}

/** What a snapshot of a VM with such devices is refused for; undefined if it can be taken. */
export function unsupportedDevice({ devices }: LabVm): string | undefined {
  const found = devices.find(
    device =>
      device['_type'] === 'VirtualPCIPassthrough' ||
      (device['sharedBus'] !== undefined && device['sharedBus'] !== 'noSharing'),
  );
  return found === undefined ? undefined : String((found['deviceInfo'] as PlainObject)['label']);
}
