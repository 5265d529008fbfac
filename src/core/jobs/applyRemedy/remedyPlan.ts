import { AppError } from '../../../base/errors.ts';
import { assess } from '../../consistency/assess.ts';
import { disksOutside } from '../../consistency/disksOutside.ts';
import type { VmIdentity } from '../../inventory/listVirtualMachines.ts';
import type { VirtualMachineFacts } from '../../inventory/readVirtualMachine.ts';
import { isVim, type Vim } from '../../vsphere/vimCaller.ts';

/** Rules whose remedy the API can apply; those of the others are text for a person. */
export const appliedRules = ['CAP-04', 'DSK-01', 'DSK-11', 'FLP-01', 'SNAP-01', 'SNAP-04'] as const;
export type AppliedRule = (typeof appliedRules)[number];

/**
 * Not the remedy of a rule, for the VM alone does not show that it is needed: what a backup has found wrong with changed block
 * tracking, or a disk that has grown while its host went on tracking as before.
 */
export const trackingReset = 'CBT-RESET';

export type RemedyStep =
  | { readonly kind: 'shut-down-guest' | 'power-on' | 'consolidate' | 'snapshot-and-remove' }
  | { readonly kind: 'reconfigure'; readonly spec: Vim<'VirtualMachineConfigSpec'> };

/** What will be done to a VM, and what it costs. */
export interface RemedyPlan {
  readonly vm: VmIdentity;
  readonly rule: AppliedRule | typeof trackingReset;
  /** The remedy in one sentence. */
  readonly text: string;
  /** Sentences without their full stop; read before anything is done. */
  readonly price: readonly string[];
  readonly steps: readonly RemedyStep[];
}

export function isApplied(rule: string): rule is AppliedRule {
  return appliedRules.some(applied => applied === rule);
}

/**
 * @throws INVALID_INPUT for a rule that the API cannot help with; CONFLICT if it does not apply to the VM now, or
 * something of the VM is in the way
 */
export function planRemedy(vm: VirtualMachineFacts, rule: string): RemedyPlan {
  if (rule === trackingReset) return planTrackingReset(vm);
  if (!isApplied(rule))
    throw new AppError('INVALID_INPUT', `what rule ${rule} asks for is not done by the server`, {
      object: vm.name,
      remedy: 'Do what its remedy says',
    });
  if (!hasFinding(vm, rule))
    throw new AppError('CONFLICT', `${vm.name}: rule ${rule} finds nothing any more`, { object: vm.name });
  return { vm: { ref: vm.ref, name: vm.name }, rule, ...remedyOf(vm, rule) };
}

/**
 * Off and on again; what was tracked is forgotten when a snapshot comes and goes after each.
 * @throws CONFLICT if tracking is off, or the VM has snapshots
 */
function planTrackingReset(vm: VirtualMachineFacts): RemedyPlan {
  const { name, ref, config, runtime } = vm;
  if (config.changeTrackingEnabled !== true)
    throw new AppError('CONFLICT', `${name}: changed block tracking is off`, {
      object: name,
      remedy: 'Enable it, which begins it anew',
    });
  requireNoSnapshots(vm);
  const stun = runtime.powerState === 'poweredOn' ? [{ kind: 'snapshot-and-remove' } as const] : [];
  return {
    vm: { ref, name },
    rule: trackingReset,
    text: 'Switch changed block tracking off and on again',
    price: [
      ...(stun.length > 0
        ? ['The VM is stunned for a moment when a snapshot comes, and when it goes, twice each']
        : []),
      'The next backup reads all of its disks',
    ],
    steps: [
      { kind: 'reconfigure', spec: { changeTrackingEnabled: false } },
      ...stun,
      { kind: 'reconfigure', spec: { changeTrackingEnabled: true } },
      ...stun,
    ],
  };
}

/** What the account needs on the VM for all steps. */
export function privilegesFor({ steps }: RemedyPlan): readonly string[] {
  return [...new Set(steps.flatMap(stepPrivileges))];
}

function stepPrivileges(step: RemedyStep): readonly string[] {
  switch (step.kind) {
    case 'shut-down-guest':
      return ['VirtualMachine.Interact.PowerOff'];
    case 'power-on':
      return ['VirtualMachine.Interact.PowerOn'];
    case 'consolidate':
      return ['VirtualMachine.State.RemoveSnapshot'];
    case 'snapshot-and-remove':
      return ['VirtualMachine.State.CreateSnapshot', 'VirtualMachine.State.RemoveSnapshot'];
    case 'reconfigure':
      return Object.keys(step.spec).flatMap(field => fieldPrivileges[field] ?? []);
  }
}

const fieldPrivileges: Readonly<Record<string, readonly string[]>> = {
  changeTrackingEnabled: ['VirtualMachine.Config.ChangeTracking'],
  extraConfig: ['VirtualMachine.Config.AdvancedConfig'],
  flags: ['VirtualMachine.Config.Settings'],
  deviceChange: ['VirtualMachine.Config.EditDevice', 'VirtualMachine.Interact.DeviceConnection'],
} satisfies Readonly<Partial<Record<keyof Vim<'VirtualMachineConfigSpec'>, readonly string[]>>>;

/** Whether the rule limits or remarks on the VM as it is now. */
export function hasFinding({ config, facts }: VirtualMachineFacts, rule: RemedyPlan['rule']): boolean {
  if (rule === trackingReset) return config.changeTrackingEnabled !== true;
  const { limits, remarks } = assess(facts);
  return [...limits, ...remarks].some(found => found.rule === rule);
}

function remedyOf(vm: VirtualMachineFacts, rule: AppliedRule): Pick<RemedyPlan, 'text' | 'price' | 'steps'> {
  switch (rule) {
    case 'DSK-11':
      return whileOff(vm, {
        text: 'Show the guest the UUIDs of its disks (disk.EnableUUID = TRUE)',
        price: [
          'Disks may get other names in the guest, and new disks of Windows may come up offline: look at what mounts them by name first',
        ],
        // The option is what the guest gets, the flag what lists of VMs can read.
        spec: {
          flags: { diskUuidEnabled: true },
          extraConfig: [{ key: 'disk.EnableUUID', value: 'TRUE' }],
        },
      });
    case 'CAP-04':
      return changeTracking(vm);
    case 'DSK-01':
      requireNoSnapshots(vm);
      return whileOff(vm, {
        text: 'Make its independent disks part of snapshots (disk mode persistent)',
        price: [
          'Somebody may have left them out on purpose: what was large or changes much is backed up from then on',
          'Going back to a snapshot takes them back, too',
        ],
        spec: { deviceChange: independentDisks(vm).map(device => edit(dependent(device))) },
      });
    case 'SNAP-01':
      return {
        text: 'Consolidate its disks',
        price: [
          'What was written since the snapshot is copied, which takes long on a busy VM',
          'The VM is stunned for a moment at the end',
        ],
        steps: [{ kind: 'consolidate' }],
      };
    case 'SNAP-04':
      return {
        text: 'Allow snapshots in its settings',
        price: ['Somebody has switched them off: from then on everybody with the privilege can take them'],
        steps: [{ kind: 'reconfigure', spec: { flags: { snapshotDisabled: false } } }],
      };
    case 'FLP-01':
      return {
        text: 'Disconnect its floppy and optical drives',
        price: ['What the guest has mounted from these drives is gone'],
        steps: [
          {
            kind: 'reconfigure',
            spec: { deviceChange: connectedMedia(vm).map(device => edit(disconnected(device))) },
          },
        ],
      };
  }
}

/** A guest that runs is shut down for it, and is powered on again. */
function whileOff(
  vm: VirtualMachineFacts,
  {
    text,
    price,
    spec,
  }: Pick<RemedyPlan, 'text' | 'price'> & { readonly spec: Vim<'VirtualMachineConfigSpec'> },
): Pick<RemedyPlan, 'text' | 'price' | 'steps'> {
  const reconfigure: RemedyStep = { kind: 'reconfigure', spec };
  if (vm.runtime.powerState === 'poweredOff') return { text, price, steps: [reconfigure] };
  if (vm.runtime.powerState !== 'poweredOn' || vm.guest?.toolsRunningStatus !== 'guestToolsRunning')
    throw new AppError(
      'CONFLICT',
      `${vm.name} has to be off for it, and its guest cannot be shut down from here`,
      {
        object: vm.name,
        remedy: 'Shut the guest down, then try again',
      },
    );
  return {
    text,
    price: ['The guest is shut down and powered on again: what it serves is away meanwhile', ...price],
    steps: [{ kind: 'shut-down-guest' }, reconfigure, { kind: 'power-on' }],
  };
}

/** It begins when a snapshot comes and goes, or with the next start. */
function changeTracking(vm: VirtualMachineFacts): Pick<RemedyPlan, 'text' | 'price' | 'steps'> {
  if (vm.facts.supportsChangeTracking === false)
    throw new AppError('CONFLICT', `${vm.name}: its hardware version does not know changed block tracking`, {
      object: vm.name,
      remedy: 'Upgrade the hardware version of the VM',
    });
  requireNoSnapshots(vm);
  const isOn = vm.runtime.powerState === 'poweredOn';
  return {
    text: 'Enable changed block tracking',
    price: [
      ...(isOn ? ['The VM is stunned for a moment when a snapshot comes, and when it goes'] : []),
      'The host keeps a list of changed blocks beside each disk',
    ],
    steps: [
      { kind: 'reconfigure', spec: { changeTrackingEnabled: true } },
      ...(isOn ? [{ kind: 'snapshot-and-remove' } as const] : []),
    ],
  };
}

function requireNoSnapshots({ name, snapshots }: VirtualMachineFacts): void {
  if (snapshots.length === 0) return;
  throw new AppError('CONFLICT', `${name} has snapshots, which keep its disks as they are`, {
    object: name,
    remedy: 'Remove them, then try again',
  });
}

function independentDisks({ config, facts }: VirtualMachineFacts): readonly Vim<'VirtualDisk'>[] {
  const keys = disksOutside(facts.disks ?? [])
    .filter(({ rule }) => rule === 'DSK-01')
    .map(({ deviceKey }) => deviceKey);
  return (config.hardware.device ?? [])
    .filter(device => isVim(device, 'VirtualDisk'))
    .filter(({ key }) => keys.includes(key));
}

function dependent(device: Vim<'VirtualDisk'>): Vim<'VirtualDisk'> {
  // Every backing that can be independent has a mode; which one it is does not matter to it.
  const backing = { ...device.backing, diskMode: 'persistent' };
  return { ...device, ...(device.backing !== undefined && { backing }) };
}

function connectedMedia({ config }: VirtualMachineFacts): readonly Vim<'VirtualDevice'>[] {
  return (config.hardware.device ?? [])
    .filter(device => isVim(device, 'VirtualFloppy') || isVim(device, 'VirtualCdrom'))
    .filter(({ connectable }) => connectable?.connected === true);
}

function disconnected(device: Vim<'VirtualDevice'>): Vim<'VirtualDevice'> {
  const { connectable } = device;
  if (connectable === undefined) return device;
  return { ...device, connectable: { ...connectable, connected: false, startConnected: false } };
}

function edit(device: Vim<'VirtualDevice'>): Vim<'VirtualDeviceConfigSpec'> {
  return { operation: 'edit', device };
}
