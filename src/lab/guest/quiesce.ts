import type { LabVm } from '../model/labVm.ts';
import type { PlainObject } from '../model/managedObject.ts';
import { VimFault } from '../soap/vimFault.ts';
import { freezeManifest, vssManifest } from './quiesceManifests.ts';

/** How a client asks. */
export interface QuiesceWish {
  /** `VirtualMachineWindowsQuiesceSpec` and its base, or undefined for the old boolean. */
  readonly spec: PlainObject | undefined;
}

/** What a guest that was asked has done. */
export interface Quiesced {
  /** As the server lists the snapshot. */
  readonly isListed: boolean;
  /** What it leaves beside the snapshot; the number of the snapshot is put in. */
  readonly manifest:
    { readonly name: (vmName: string, number: number) => string; readonly content: Uint8Array } | undefined;
  /** Whether the file systems are really at rest. */
  readonly isFrozen: boolean;
  /** Messages that the VM's events keep, though the task succeeds. */
  readonly complaints: readonly string[];
}

const toolsGone = 'Cannot quiesce this virtual machine because VMware Tools is not currently available.';

/**
 * What VMware Tools of the guest make of a wish.
 * @throws VimFault as a host words it; what the events say is in `eventText`
 */
export function quiesceGuest(vm: LabVm, { spec }: QuiesceWish): Quiesced {
  const { quiescing, tools } = vm.nature;
  if (!vm.toolsRunning) throw new QuiesceRefusal('ApplicationQuiesceFault', toolsGone, toolsGone);
  const wantsApplications = quiescing.mechanism === 'vss' && canHoldApplications(vm, spec);
  const { failure } = quiescing;
  if (
    failure !== undefined &&
    (failure.when === 'always' || (failure.when === 'applications' && wantsApplications))
  )
    throw new QuiesceRefusal(failure.fault, failure.message, failure.event);
  const complaints = failure?.when === 'complaint' ? [failure.event] : [];
  const isFrozen = complaints.length === 0;
  if (quiescing.claimsWithoutFreezing)
    return { isListed: true, manifest: undefined, isFrozen: false, complaints };
  switch (quiescing.mechanism) {
    case 'vss': {
      const taking = quiescing.writers.filter(({ state = 1, dropsOut }) => state === 1 && dropsOut !== true);
      const content = vssManifest(wantsApplications ? taking : []);
      const name = (vmName: string, number: number) => `${vmName}-vss_manifests${number}.zip`;
      return { isListed: true, manifest: { name, content }, isFrozen, complaints };
    }
    case 'freeze': {
      if (!quiescing.leavesManifest) return { isListed: false, manifest: undefined, isFrozen, complaints };
      const name = (vmName: string, number: number) => `${vmName}-quiesce_manifest${number}.xml`;
      return {
        isListed: true,
        manifest: { name, content: freezeManifest(tools.version) },
        isFrozen,
        complaints,
      };
    }
    case 'sync':
      return { isListed: false, manifest: undefined, isFrozen: false, complaints };
  }
}

/** A refusal whose reason is in the events of the VM. */
export class QuiesceRefusal extends VimFault {
  readonly eventText: string;

  constructor(type: string, message: string, eventText: string) {
    super(type, message);
    this.eventText = eventText;
  }
}

/** What VSS of VMware needs to let writers take part: the conditions of the VDDK guide. */
function canHoldApplications(vm: LabVm, spec: PlainObject | undefined): boolean {
  if (spec?.['vssBackupContext'] === 'ctx_file_share_backup') return false;
  const { settings, nature, devices, disks } = vm;
  const isServer = /srv|Server|Longhorn|winNet/.test(String(settings['guestId']));
  const typeOf = new Map(devices.map(device => [device['key'], String(device['_type'])]));
  const isScsi = disks.every(({ device }) =>
    /SCSI|LsiLogic|BusLogic/.test(typeOf.get(device['controllerKey']) ?? ''),
  );
  const flags = settings['flags'] as PlainObject;
  return (
    isServer &&
    isScsi &&
    flags['diskUuidEnabled'] === true &&
    settings['keyId'] === undefined &&
    !nature.quiescing.hasDynamicDisks &&
    !nature.quiescing.isWithoutApplications &&
    nature.inside.pools.length === 0
  );
}
