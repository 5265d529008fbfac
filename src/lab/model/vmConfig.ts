import type { MoRef } from '../../core/vsphere/schema/moRef.ts';
import { withChildren } from './deviceInfo.ts';
import type { DiskChain, DiskLink } from './diskChain.ts';
import type { PlainObject } from './managedObject.ts';
import type { VmSettings } from './vmSettings.ts';

export interface VmHardware {
  numCPU: number;
  numCoresPerSocket: number;
  memoryMB: number;
}

/** Everything that a snapshot keeps of a VM besides bytes, and that going back to it restores. */
export interface VmConfig {
  readonly settings: VmSettings;
  readonly hardware: VmHardware;
  /** Devices other than disks. */
  readonly devices: readonly PlainObject[];
  readonly disks: readonly { readonly chain: DiskChain; readonly device: PlainObject }[];
  readonly datastore: MoRef;
}

/**
 * The configuration as the API shows it.
 * @param frozen  of a snapshot: the files its disks have; the other disks have the newest
 */
export function describeConfig(
  { settings, hardware, devices, disks, datastore }: VmConfig,
  frozen: readonly { readonly chain: DiskChain; readonly link: DiskLink }[],
): PlainObject {
  const describedDisks = disks.map(({ chain, device }) => {
    const link = frozen.find(candidate => candidate.chain === chain)?.link ?? chain.current;
    return chain.describe(link, datastore, device);
  });
  const device = [...devices, ...describedDisks].sort((a, b) => Number(a['key']) - Number(b['key']));
  return {
    ...settings,
    hardware: { ...hardware, virtualICH7MPresent: false, device: withChildren(device) },
  };
}
