import { AppError } from '../../../base/errors.ts';
import type { Vim } from '../../vsphere/vimCaller.ts';
import { isVim } from '../../vsphere/vimCaller.ts';
import { fittedTo } from '../../vsphere/schema/olderVersion.ts';
import { fieldsOf, nearestTypeIn } from '../../vsphere/schema/schema.ts';

/** One way in which the restored VM differs from the one that was backed up; shown before anything is done. */
export interface ConfigChange {
  readonly field: string;
  readonly reason: string;
}

export interface RestoredConfig {
  readonly spec: Vim<'VirtualMachineConfigSpec'>;
  readonly changes: readonly ConfigChange[];
}

export interface RestoreChoices {
  readonly name: string;
  /** Network of each card by the name it had; the ones not named keep their own. */
  readonly networks: ReadonlyMap<string, Vim<'VirtualDeviceBackingInfo'>>;
  /** Whether network cards are connected at power-on. */
  readonly connectNetworks: boolean;
  /** Where the VM's files go, `[datastore]`. */
  readonly vmPathName: string;
  /** Device keys of the disks whose bytes the restore point holds; others are left out, and named. */
  readonly diskKeys: ReadonlySet<number>;
  /** Of the API, as the server speaks it that gets the VM. */
  readonly apiVersion: string;
}

/**
 * The configuration of a VM as it was, turned into the specification of a new one. What would clash with the original,
 * or belongs to the host it ran on, is made anew by the server and named in `changes`; so is what the server is too old for.
 * @throws UNSUPPORTED_FORMAT for a disk on a controller that the server is too old for
 */
export function restoredConfig(
  config: Vim<'VirtualMachineConfigInfo'>,
  choices: RestoreChoices,
): RestoredConfig {
  const changes = new Set<ConfigChange>();
  const devices = restoredDevices(config.hardware.device ?? [], choices, change => changes.add(change));
  const extraConfig = restoredExtraConfig(config.extraConfig ?? [], change => changes.add(change));
  for (const [field, reason] of Object.entries(madeAnew)) {
    if (config[field as keyof typeof config] !== undefined) changes.add({ field, reason });
  }
  if (config.name !== choices.name) changes.add({ field: 'name', reason: `restored as "${choices.name}"` });
  const carried = Object.fromEntries(
    carriedFields.map(field => [field, config[field]] as const).filter(([, value]) => value !== undefined),
  );
  const whole: Vim<'VirtualMachineConfigSpec'> = {
    ...carried,
    name: choices.name,
    files: { vmPathName: choices.vmPathName },
    powerOpInfo: config.defaultPowerOps,
    numCPUs: config.hardware.numCPU,
    ...(config.hardware.numCoresPerSocket !== undefined && {
      numCoresPerSocket: config.hardware.numCoresPerSocket,
    }),
    memoryMB: config.hardware.memoryMB,
    ...(config.hardware.virtualICH7MPresent !== undefined && {
      virtualICH7MPresent: config.hardware.virtualICH7MPresent,
    }),
    ...(config.hardware.virtualSMCPresent !== undefined && {
      virtualSMCPresent: config.hardware.virtualSMCPresent,
    }),
    deviceChange: devices.map(device => ({
      operation: 'add',
      ...(isVim(device, 'VirtualDisk') && { fileOperation: 'create' }),
      device,
    })),
    extraConfig,
  };
  const spec = fittedTo(choices.apiVersion, fieldsOf('VirtualMachineConfigSpec'), whole, '');
  for (const field of spec.leftOut)
    changes.add({ field, reason: `version ${choices.apiVersion} of the API does not know it; left out` });
  return { spec: spec.value, changes: [...changes] };
}

/** Fields that specification and configuration share and that describe the VM, not its place. */
const carriedFields = [
  'version',
  'guestId',
  'alternateGuestName',
  'annotation',
  'tools',
  'flags',
  'consolePreferences',
  'rebootPowerOff',
  'vcpuConfig',
  'cpuAllocation',
  'memoryAllocation',
  'latencySensitivity',
  'memoryHotAddEnabled',
  'cpuHotAddEnabled',
  'cpuHotRemoveEnabled',
  'networkShaper',
  'swapPlacement',
  'bootOptions',
  'vAssertsEnabled',
  'changeTrackingEnabled',
  'firmware',
  'maxMksConnections',
  'guestAutoLockEnabled',
  'memoryReservationLockedToMax',
  'nestedHVEnabled',
  'vPMCEnabled',
  'messageBusTunnelEnabled',
  'sevEnabled',
  'vmxStatsCollectionEnabled',
  'pmemFailoverEnabled',
] as const satisfies readonly (keyof Vim<'VirtualMachineConfigInfo'> &
  keyof Vim<'VirtualMachineConfigSpec'>)[];

/** Fields that are not carried over, and what becomes of them. */
const madeAnew: Readonly<Partial<Record<keyof Vim<'VirtualMachineConfigInfo'>, string>>> = {
  uuid: 'a new BIOS UUID, the original may still exist',
  instanceUuid: 'a new instance UUID, the original may still exist',
  locationId: 'made anew by the server',
  npivNodeWorldWideName: 'world wide names are unique; left out',
  npivPortWorldWideName: 'world wide names are unique; left out',
  cpuAffinity: 'bound to the processors of the old host; left out',
  memoryAffinity: 'bound to the memory of the old host; left out',
  managedBy: 'the managing extension does not know the new VM; left out',
  ftInfo: 'fault tolerance is set up anew; left out',
  repConfig: 'replication is set up anew; left out',
  vAppConfig: 'vApp properties are not restored',
  keyId: 'restored unencrypted',
};

/** Host-made settings and identities that a new VM must not inherit. */
const droppedSettings: readonly { readonly pattern: RegExp; readonly reason: string }[] = [
  {
    pattern: /^vm\.genidX?$/i,
    reason: 'a new generation id, so that a domain controller in the guest knows that it was restored',
  },
  { pattern: /^uuid\./i, reason: 'belongs to the original VM' },
  {
    pattern: /^(sched\.swap|migrate\.|nvram$|vmware\.tools\.|guestinfo\.vmtools)/i,
    reason: 'made anew by the host',
  },
  { pattern: /\.redo$/i, reason: 'names a snapshot file of the original' },
  { pattern: /(^|\.)ctkEnabled$/i, reason: 'changed block tracking starts anew' },
];

function restoredExtraConfig(
  settings: readonly Vim<'OptionValue'>[],
  changed: (change: ConfigChange) => void,
): Vim<'OptionValue'>[] {
  return settings.filter(({ key }) => {
    const dropped = droppedSettings.find(({ pattern }) => pattern.test(key));
    if (dropped !== undefined) changed({ field: `extraConfig ${key}`, reason: dropped.reason });
    return dropped === undefined;
  });
}

function restoredDevices(
  devices: readonly Vim<'VirtualDevice'>[],
  choices: RestoreChoices,
  changed: (change: ConfigChange) => void,
): Vim<'VirtualDevice'>[] {
  const restored = devices
    .filter(device => !isBuiltIn(device))
    .flatMap(device => {
      const label = device.deviceInfo?.label ?? `device ${device.key}`;
      const leftOut = whyLeftOut(device, choices);
      if (leftOut !== undefined) {
        changed({ field: label, reason: leftOut });
        return [];
      }
      if (isVim(device, 'VirtualDisk')) {
        requireController(device, devices, choices);
        changed({ field: label, reason: 'a new disk file with a new identity, thin' });
        return [restoredDisk(device, choices)];
      }
      if (isVim(device, 'VirtualEthernetCard')) return [restoredNetworkCard(device, label, choices, changed)];
      return [device];
    });
  return renumbered(restored.map(withoutServerFields));
}

/** Devices that every VM has from the start and that cannot be added. */
function isBuiltIn(device: Vim<'VirtualDevice'>): boolean {
  return builtInDevices.some(type => isVim(device, type));
}

const builtInDevices = [
  'VirtualPCIController',
  'VirtualPS2Controller',
  'VirtualSIOController',
  'VirtualKeyboard',
  'VirtualPointingDevice',
  'VirtualMachineVMCIDevice',
] as const;

/** Devices that cannot be made from what the restore point holds. */
function whyLeftOut(device: Vim<'VirtualDevice'>, choices: RestoreChoices): string | undefined {
  if (isVim(device, 'VirtualDisk') && !choices.diskKeys.has(device.key))
    return 'not in the restore point; left out';
  if (isVim(device, 'VirtualPCIPassthrough')) return 'a device of the old host; left out';
  if (isVim(device, 'VirtualSCSIPassthrough')) return 'a device of the old host; left out';
  if (!isKnownTo(choices, device))
    return `version ${choices.apiVersion} of the API does not know such devices; left out`;
  if (isVim(device, 'VirtualTPM')) return 'its secrets cannot be exported; left out';
  return undefined;
}

function isKnownTo(
  { apiVersion }: RestoreChoices,
  { _type = 'VirtualDevice' }: Vim<'VirtualDevice'>,
): boolean {
  return nearestTypeIn(apiVersion, _type) === _type;
}

function requireController(
  disk: Vim<'VirtualDisk'>,
  devices: readonly Vim<'VirtualDevice'>[],
  choices: RestoreChoices,
): void {
  const controller = devices.find(({ key }) => key === disk.controllerKey);
  if (controller === undefined || isKnownTo(choices, controller)) return;
  const [label, on] = [disk, controller].map(({ key, deviceInfo }) => deviceInfo?.label ?? `device ${key}`);
  throw new AppError(
    'UNSUPPORTED_FORMAT',
    `${choices.name}: ${label} is on ${on}, which version ${choices.apiVersion} of the API does not know`,
    { object: choices.name, remedy: 'Choose a newer server, or restore the disk alone' },
  );
}

function restoredDisk(disk: Vim<'VirtualDisk'>, choices: RestoreChoices): Vim<'VirtualDisk'> {
  const backing: Vim<'VirtualDiskFlatVer2BackingInfo'> = {
    _type: 'VirtualDiskFlatVer2BackingInfo',
    fileName: choices.vmPathName,
    diskMode: 'persistent',
    thinProvisioned: true,
  };
  return {
    _type: 'VirtualDisk',
    key: disk.key,
    ...(disk.controllerKey !== undefined && { controllerKey: disk.controllerKey }),
    ...(disk.unitNumber !== undefined && { unitNumber: disk.unitNumber }),
    ...(disk.shares !== undefined && { shares: disk.shares }),
    ...(disk.storageIOAllocation !== undefined && { storageIOAllocation: disk.storageIOAllocation }),
    capacityInKB: disk.capacityInKB,
    ...(disk.capacityInBytes !== undefined && { capacityInBytes: disk.capacityInBytes }),
    backing,
  };
}

function restoredNetworkCard(
  card: Vim<'VirtualEthernetCard'> & { readonly _type: string },
  label: string,
  choices: RestoreChoices,
  changed: (change: ConfigChange) => void,
): Vim<'VirtualEthernetCard'> {
  const backing = choices.networks.get(networkName(card)) ?? card.backing;
  const { macAddress, addressType, ...rest } = card;
  if (macAddress !== undefined)
    changed({ field: `${label} MAC address`, reason: `${macAddress} may be in use; assigned anew` });
  if (!choices.connectNetworks)
    changed({ field: `${label} connection`, reason: 'not connected at power-on' });
  const connectable = card.connectable;
  return {
    ...rest,
    addressType: addressType === 'generated' ? 'generated' : 'assigned',
    ...(backing !== undefined && { backing }),
    ...(connectable !== undefined && {
      connectable: { ...connectable, startConnected: choices.connectNetworks && connectable.startConnected },
    }),
  };
}

/** Names of the networks a VM is in, each once. */
export function networksOf({ hardware }: Vim<'VirtualMachineConfigInfo'>): readonly string[] {
  const cards = (hardware.device ?? []).filter(device => isVim(device, 'VirtualEthernetCard'));
  return [...new Set(cards.map(networkName))];
}

/** The name of the network a card is in, as far as the configuration tells. */
export function networkName(card: Vim<'VirtualEthernetCard'>): string {
  const backing = card.backing;
  if (isVim(backing, 'VirtualDeviceDeviceBackingInfo')) return backing.deviceName;
  if (isVim(backing, 'VirtualEthernetCardDistributedVirtualPortBackingInfo'))
    return backing.port.portgroupKey ?? '';
  return '';
}

/** Labels come from the server; the list of a controller's devices follows from the devices themselves. */
function withoutServerFields(device: Vim<'VirtualDevice'>): Vim<'VirtualDevice'> {
  const made: readonly string[] = isVim(device, 'VirtualController')
    ? ['deviceInfo', 'device']
    : ['deviceInfo'];
  const kept = Object.entries(device).filter(([field]) => !made.includes(field));
  return Object.fromEntries(kept) as unknown as Vim<'VirtualDevice'>;
}

/** Keys of devices to be made are negative; references between them follow. Keys below 1000 are the VM's own built-in controllers. */
function renumbered(devices: readonly Vim<'VirtualDevice'>[]): Vim<'VirtualDevice'>[] {
  const firstOwnKey = 1000;
  const keys = new Map(
    devices
      .filter(device => device.key >= firstOwnKey)
      .map((device, index) => [device.key, -(index + 1)] as const),
  );
  return devices.map(device => ({
    ...device,
    key: keys.get(device.key) ?? device.key,
    ...(device.controllerKey !== undefined && {
      controllerKey: keys.get(device.controllerKey) ?? device.controllerKey,
    }),
  }));
}
